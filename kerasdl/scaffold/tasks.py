"""What the example of an architecture looks like for each task."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kerasdl.errors import UserError, did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldText:
    """A config field, as it is written in the plugin."""

    name: str
    type: str
    default: str
    help: str
    limits: str = "minimum=1"


_FILTERS = FieldText(
    name="filters",
    type="tuple[int, ...]",
    default="(16, 32)",
    help="Channels of each convolution",
)
_WIDTHS = FieldText(
    name="widths", type="tuple[int, ...]", default="(64,)", help="Units of each hidden layer"
)
_EMBEDDING = FieldText(
    name="embedding", type="int", default="32", help="Numbers in the vector of a token"
)
_UNITS = FieldText(name="units", type="int", default="64", help="State of the recurrent layer")
_CODE = FieldText(name="code", type="int", default="8", help="Numbers in the code")
_RESIDUAL = FieldText(
    name="residual",
    type="bool",
    default="True",
    help="Whether the last value is taken off the input and put onto the forecast",
    limits="",
)
_TOKENS = {"embedding": "4", "units": "5"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskText:
    """The example for one task.

    Args:
        summary: One line for listings.
        builder: Template of `model.py`.
        fields: Its config fields.
        spec: A small spec for the test, without the task, as arguments are written.
        config: Small values of the fields, as they are written.
        shape: Shape of the outputs for that spec, as it is written.
        data: Arguments of `kerasdl train` that name data for the task.
        blanks: What else the templates need.
        decoder: Where the writing starts, for models that write: `text` or `inputs`.
    """

    summary: str
    builder: str
    fields: tuple[FieldText, ...]
    spec: tuple[str, ...]
    config: Mapping[str, str]
    shape: str
    data: str
    blanks: Mapping[str, str] = field(default_factory=dict)
    decoder: str | None = None


def _table(spec: str, data: str) -> TaskText:
    return TaskText(
        summary="Dense layers",
        builder="table",
        fields=(_WIDTHS,),
        spec=("input_shape=(5,)", spec),
        config={"widths": "(8,)"},
        shape=f"(None, {spec.removeprefix('outputs=')})",
        data=data,
    )


def _reading(spec: tuple[str, ...], shape: str, data: str, **blanks: str) -> TaskText:
    return TaskText(
        summary="A recurrent layer that reads both ways",
        builder="reading",
        fields=(_EMBEDDING, _UNITS),
        spec=("vocab_size=11", "context=8", *spec),
        config=_TOKENS,
        shape=shape,
        data=data,
        blanks=blanks,
    )


TASKS: dict[str, TaskText] = {
    "image-classification": TaskText(
        summary="Convolutions",
        builder="image",
        fields=(_FILTERS,),
        spec=("input_shape=(8, 8, 1)", "outputs=3"),
        config={"filters": "(4, 5)"},
        shape="(None, 3)",
        data="digits",
    ),
    "tabular-classification": _table("outputs=3", "iris"),
    "tabular-regression": _table("outputs=2", "diabetes"),
    "multi-label-classification": _table("outputs=4", "films.csv --target comedy,drama"),
    "text-classification": _reading(
        ("outputs=3",),
        "(None, 3)",
        "questions.csv --task text-classification --target kind",
        sequences="False",
        outputs="output_count",
    ),
    "sequence-labelling": _reading(
        ("outputs=4",),
        "(None, None, 4)",
        "sentences.conllu",
        sequences="True",
        outputs="output_count",
    ),
    "masked-language-modelling": _reading(
        (),
        "(None, None, 11)",
        "lines.txt --task masked-language-modelling",
        sequences="True",
        outputs="vocab_size",
    ),
    "language-modelling": TaskText(
        summary="A recurrent layer that writes",
        builder="language",
        fields=(_EMBEDDING, _UNITS),
        spec=("vocab_size=11", "context=8"),
        config=_TOKENS,
        shape="(None, None, 11)",
        data="plays.txt",
        decoder="text",
    ),
    "sequence-to-sequence": TaskText(
        summary="A recurrent encoder and decoder",
        builder="writing",
        fields=(_EMBEDDING, _UNITS),
        spec=("vocab_size=11", "context=8", "target_vocab_size=9", "target_context=8"),
        config=_TOKENS,
        shape="(None, None, 9)",
        data="dates",
        blanks={"encoder": "text_encoder", "imports": "\nfrom kerasdl.layers import GRU"},
        decoder="inputs",
    ),
    "captioning": TaskText(
        summary="Convolutions, and a recurrent layer that writes",
        builder="writing",
        fields=(_FILTERS, _EMBEDDING, _UNITS),
        spec=("input_shape=(8, 8, 1)", "target_vocab_size=9", "target_context=8"),
        config={"filters": "(4, 5)", **_TOKENS},
        shape="(None, None, 9)",
        data="digit-scenes",
        blanks={"encoder": "image_encoder", "imports": ""},
        decoder="inputs",
    ),
    "forecasting": TaskText(
        summary="A linear map over time",
        builder="series",
        fields=(_RESIDUAL,),
        spec=("input_shape=(12, 2)", "horizon=3", "outputs=2"),
        config={},
        shape="(None, 3, 2)",
        data="load.csv --task forecasting",
    ),
    "autoencoding": TaskText(
        summary="Dense layers down to a code and back",
        builder="autoencoder",
        fields=(_WIDTHS, _CODE),
        spec=("input_shape=(4, 4, 1)",),
        config={"widths": "(8,)", "code": "3"},
        shape="(None, 4, 4, 1)",
        data="digits --task autoencoding",
    ),
}


def task_text(task: str) -> TaskText:
    """The example for a task.

    Raises:
        UserError: If kerasdl knows no such task.
    """
    if task not in TASKS:
        raise UserError(
            f"`task` must be one that kerasdl knows. Received: task={task!r}."
            f"{did_you_mean(task, TASKS)}"
        )
    return TASKS[task]
