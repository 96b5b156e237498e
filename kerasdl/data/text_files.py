"""Text files as data sets: running text, translations, texts with a class, annotated sentences."""

from collections.abc import Sequence
from pathlib import Path

from kerasdl.data.csv_frame import read_frame
from kerasdl.data.files import bare_name, bare_suffix, read_utf8
from kerasdl.data.plans import TextPlan
from kerasdl.data.records import AUTOENCODING, Data
from kerasdl.data.text_readers import CONLLU_COLUMNS, read_conllu, read_lines, read_parallel
from kerasdl.data.text_sets import TEXT_TASKS, running_text, texts_data
from kerasdl.errors import UserError, did_you_mean

TEXT_SUFFIXES = (".txt", ".conllu")
PAIRS = "sequence-to-sequence"
PIECES_OF_WORDS = "bpe(vocab_size=8000)"
"""The tokenizer for translations, where nobody says."""

_TABLES = (".csv", ".tsv")
_USUAL_TEXTS = ("text", "sentence", "review", "question", "content")


def is_text(path: Path, task: str | None, target: object) -> bool:
    """Whether a file is read as text: by its ending, or by what is wanted of it."""
    suffix = bare_suffix(path)
    if suffix in _TABLES:
        return task in TEXT_TASKS
    return suffix in TEXT_SUFFIXES or task in TEXT_TASKS


def load_text_file(path: Path, task: str | None, target: str | Sequence[str] | None) -> Data:
    """A text file as a data set.

    - `.txt`: language modelling; with `target`, the path of the text whose lines translate its
      lines, sequence to sequence. `task` may be masked-language-modelling, a text a line, or
      autoencoding, each line its own target.
    - `.tsv` with two columns and no header: sequence to sequence, unless `target` names a column.
    - `.csv` or `.tsv` with `task="text-classification"` and `target` the column of classes.
    - `.conllu`: sequence labelling; `target` is `upos` (the default) or another column.

    Raises:
        UserError: On a file that is not of that form, or is not UTF-8.
    """
    suffix = bare_suffix(path)
    if target is not None and not isinstance(target, str):
        raise UserError(f"{path}: `target` must be one name. Received: target={target!r}")
    if suffix == ".conllu":
        return _annotated(path, task, target)
    if suffix in _TABLES:
        return _classified(path, task, target) if target else _pairs(path, task, None)
    if task == PAIRS or (task is None and target is not None):
        return _pairs(path, task, target)
    if target is not None:
        raise UserError(f"{path}: `target` does not apply to the task {task}. Leave it out.")
    return _alone(path, task)


def _alone(path: Path, task: str | None) -> Data:
    about = {"name": bare_name(path), "source": str(path)}
    if task in (None, "language-modelling"):
        return running_text(read_utf8(path), **about)
    lines = read_lines(path, empty="skip")
    if task == "masked-language-modelling":
        return texts_data({"train": (lines, None)}, task, **about)
    if task == AUTOENCODING:
        return _translations(lines, lines, **about)
    raise UserError(
        f"{path}: a text alone is for language-modelling, masked-language-modelling or "
        f"{AUTOENCODING}. Received: task={task!r}"
    )


def _pairs(path: Path, task: str | None, target: str | None) -> Data:
    if task not in (None, PAIRS):
        raise UserError(
            f"{path}: two columns of texts are for {PAIRS}; for a class give `target`, the name "
            f"of its column. Received: task={task!r}"
        )
    if target is None and bare_suffix(path) not in _TABLES:
        raise UserError(
            f"{path}: `target` must be the path of the text that translates it, line by line. "
            "Received: none. Or give one .tsv with two columns."
        )
    sources, targets = read_parallel(path, target)
    name = bare_name(path) if target is None else f"{bare_name(path)}-{bare_name(Path(target))}"
    return _translations(sources, targets, name=name, source=str(path))


def _translations(sources: list[str], targets: list[str], **about: str) -> Data:
    plan = TextPlan(tokenizer=PIECES_OF_WORDS)
    return texts_data({"train": (sources, targets)}, PAIRS, plan=plan, **about)


def _classified(path: Path, task: str | None, target: str) -> Data:
    if task != "text-classification":
        raise UserError(
            f"{path}: a table of texts with `target` is for text-classification. "
            f"Received: task={task!r}"
        )
    frame = read_frame(path)
    if target not in frame.columns:
        raise UserError(f"{path}: there is no column {target!r}.{did_you_mean(target, frame)}")
    others = [column for column in frame.columns if column != target]
    usual = [column for column in others if column.lower() in _USUAL_TEXTS]
    chosen = others if len(others) == 1 else usual
    if len(chosen) != 1:
        raise UserError(
            f"{path}: one column beside {target!r} must hold the text, or be named "
            f"{', '.join(_USUAL_TEXTS)}. Received: {', '.join(others)}."
        )
    kept = frame[[chosen[0], target]]
    if kept.isna().any(axis=None):
        row = int(kept.isna().any(axis=1).to_numpy().argmax())
        raise UserError(f"{path}: row {row + 1} lacks its text or its class. Fill or remove it.")
    texts, classes = kept[chosen[0]].tolist(), kept[target].tolist()
    about = {"name": bare_name(path), "source": str(path)}
    return texts_data({"train": (texts, classes)}, task, **about)


def _annotated(path: Path, task: str | None, target: str | None) -> Data:
    if task not in (None, "sequence-labelling"):
        raise UserError(f"{path}: CoNLL-U is for sequence-labelling. Received: task={task!r}")
    column = target or "upos"
    if column not in CONLLU_COLUMNS:
        known = did_you_mean(column, CONLLU_COLUMNS)
        raise UserError(f"{path}: there is no column {column!r}.{known}")
    parts = {"train": tuple(read_conllu(path, "form", column))}
    about = {"name": bare_name(path), "source": str(path)}
    return texts_data(parts, "sequence-labelling", plan=LABELLING_PLAN, **about)


LABELLING_PLAN = TextPlan(tokenizer="words(min_count=2)", word_length=0)
"""Words as they are written: capitals tell names."""
