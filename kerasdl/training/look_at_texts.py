"""Pictures of where a run's network looks as it reads and writes texts."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdl.disk import disk_errors
from kerasdl.errors import UserError

if TYPE_CHECKING:
    from kerasdl.training.finished import Finished

_TEXTS = 4
_LONGEST = 40  # tokens, in a picture of heads


def look_at_texts(
    run: "Finished", inputs: Sequence[str], folder: Path, count: int
) -> tuple[list[Path], list[str]]:
    """Draws the attentions of a network for some inputs.

    `attention.png`: for a network that writes, where in its input it looks as it chooses each word.
    `heads.png`: for one that looks at its own text, every head's weights for the first input.

    Returns:
        Files written, and notes on what was left out.

    Raises:
        UserError: If the network has no attention, or no inputs are given.
    """
    if not inputs:
        raise UserError("give texts or images to look at, or files of them: kerasdl look RUN INPUT")
    x, names = run.form.inputs.read(inputs)
    count = min(count, _TEXTS)
    notes = [f"the first {count} of {len(x)} inputs are shown"] if len(x) > count else []
    x, names = x[:count], names[:count]
    pictures = []
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for draw in (_over_the_source, _of_heads):
            path = draw(run, x, folder)
            if path is not None:
                pictures.append(path)
    if not pictures:
        raise UserError("the network has no attention to look at")
    return pictures, notes


def _over_the_source(run: "Finished", x: np.ndarray, folder: Path) -> Path | None:
    from kerasdl.data import Samples
    from kerasdl.tasks.written import WritingTask

    if not isinstance(run.task, WritingTask):
        return None
    outputs = run.task.outputs(Samples(x), run.model, run.form)
    seen = run.task.attention(x, outputs.tokens, run.model, run.form)
    return None if seen is None else run.task.draw(x, *seen, run.form, folder)


def _of_heads(run: "Finished", x: np.ndarray, folder: Path) -> Path | None:
    """Self-attentions over the first input; of a network that writes too, those of its reader."""
    from kerasdl import plots
    from kerasdl.data import Samples
    from kerasdl.inside import attention_weights
    from kerasdl.tasks.written import WritingTask

    if run.form.inputs.text is None:
        return None
    one = x[:1]
    tokens = one[..., 0] if one.ndim == 3 else one
    length = min(int((tokens != 0).sum()), _LONGEST)
    given: Any
    if isinstance(run.task, WritingTask):
        # Two steps: Keras warns of a softmax over a single one.
        start = np.full((1, 2), run.form.target.tokenizer.bos_id, np.int32)
        given = (one[:, :length], start)
    else:
        given = run.task.inputs(Samples(one[:, :length]), run.form)
    found = attention_weights(run.model, given, over="self")
    own = {name: weights[0] for name, weights in found.items() if weights.shape[-1] == length}
    if not own:
        return None
    shown = {f"layer {place}": weights for place, weights in enumerate(own.values(), 1)}
    words = run.form.inputs.text.tokenizer.pieces(tokens[0, :length])
    return plots.heads(shown, words, folder / "heads.png")
