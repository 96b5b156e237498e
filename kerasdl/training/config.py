"""Everything that decides a run, as one TOML file."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kerasdl.errors import UserError, did_you_mean
from kerasdl.plugin import Field
from kerasdl.small_files import read_toml

_RULES = (
    Field(name="epochs", type=int, default=20, minimum=1, help="Passes over the training split"),
    Field(name="batch_size", type=int, default=64, minimum=1, help="Samples a step"),
    Field(name="accumulate", type=int, default=1, minimum=1, help="Batches an update"),
    Field(name="learning_rate", type=float, default=1e-3, minimum=0.0, help="Peak rate"),
    Field(name="weight_decay", type=float, default=0.0, minimum=0.0, help="Decoupled decay"),
    Field(
        name="label_smoothing", type=float, default=0.0, minimum=0.0, maximum=0.999, help="Share"
    ),
    Field(
        name="seed", type=int, default=0, minimum=0, maximum=2**31 - 1, help="Of everything random"
    ),
    Field(
        name="validation", type=float, default=0.1, minimum=0.0, maximum=0.9, help="Share held out"
    ),
    Field(name="test", type=float, default=0.2, minimum=0.0, maximum=0.9, help="Share held out"),
    Field(
        name="labels_per_class",
        type=int,
        default=None,
        minimum=1,
        help="Training samples kept of each class",
    ),
    Field(
        name="layer_decay",
        type=float,
        default=None,
        minimum=0.01,
        maximum=1.0,
        help="Rate of a layer by that of the next",
    ),
    Field(
        name="ema", type=float, default=None, minimum=0.0, maximum=0.999999, help="Mean of weights"
    ),
    Field(name="test_time_flip", type=bool, default=False, help="Mean over mirrored images"),
    Field(name="steps", type=int, default=None, minimum=1, help="Steps of an epoch"),
    Field(
        name="checkpoint_steps",
        type=int,
        default=None,
        minimum=1,
        help="Between checkpoints",
    ),
    Field(name="checkpoint_seconds", type=float, default=30.0, minimum=0.01, help="Likewise"),
    Field(name="keep_checkpoints", type=int, default=2, minimum=1, help="Beside the best"),
    Field(name="deterministic", type=bool, default=False, help="The same bits again"),
    Field(name="patience", type=int, default=None, minimum=1, help="Epochs without improvement"),
)
_PRECISION = Field(
    name="precision",
    type=str,
    default="float32",
    choices=("float32", "mixed_bfloat16", "mixed_float16"),
    help="What the layers compute in",
)
_GUARD = Field(
    name="guard",
    type=str,
    default="stop",
    choices=("stop", "skip", "roll-back", "off"),
    help="What to do about a loss that is not finite, or shoots up",
)
_LISTS = ("target", "freeze", "callbacks", "augment", "no_decay")
_TEXTS = (
    *("task", "loss", "regularizer", "mix", "fold", "backend", "weights"),
    *("tokenizer", "target_tokenizer", "overlong"),
)
DATA_WISHES = (
    "tokenizer",
    "target_tokenizer",
    "context",
    "target_context",
    "word_length",
    "overlong",
    "horizon",
)
"""What decides how texts and series become numbers; see `kerasdl.data.prepare`."""
RULES = {rule.name: rule for rule in (*_RULES, _PRECISION, _GUARD)}
"""Type and range of each plain value, with its help line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """The configuration of a run; `kerasdl train --config FILE` repeats the run from it alone.

    Args:
        architecture: Name of the architecture or variant.
        data: Name of a data set, or a path.
        fields: Values of the architecture's config fields.
        task: Name of the task; None for the data's own.
        target: Column names to predict, for a table.
        image_size: `(height, width)` that images are resized to; None refuses mixed sizes.
        preprocessing: Name from `kerasdl.data`.
        tokenizer: How texts become tokens: `bpe(vocab_size=8000)`; None for the data's own way.
        target_tokenizer: The same for targets that are texts.
        context: Longest input, in tokens or steps; None for the data's own.
        target_context: Longest target, in tokens.
        word_length: Characters of each word that are read, for sequence labelling; 0 for none.
        overlong: What is done with a text beyond that: `cut` or `refuse`.
        horizon: Steps to forecast.
        epochs: Passes over the training split.
        steps: Steps of an epoch, for language modelling; None for a pass over the text.
        batch_size: Samples a step.
        accumulate: Batches whose mean gradient makes one update; schedules count each batch.
        learning_rate: Peak learning rate, per step.
        optimizer: Keras's name, or a component's; `name(argument=value)` sets more.
        loss: The same for the loss; None for the task's own.
        regularizer: The same for a penalty on every weight but biases and normalizations'.
        callbacks: The same for callbacks of `fit`.
        augment: The same for layers that change raw inputs in training, in their order.
        schedule: `cosine` (from the peak to zero over the run), `constant`, or factors of the peak
            as `kerasdl.schedules` writes them: `warmup(epochs(1)) >> cosine(epochs(9))`.
        weight_decay: Decoupled decay of every trainable variable.
        no_decay: Regular expressions; a variable in whose path one is found does not decay.
        label_smoothing: Share of the target spread over all classes.
        mix: `mixup` or `cutmix`, with arguments as above: blends samples and their labels.
        layer_decay: Learning rate of each layer by that of the layer after it.
        ema: Momentum of an exponential mean of the weights, which validation and the saved model
            then have.
        test_time_flip: Whether outputs are the mean over each image and its mirror image.
        checkpoint_steps: A checkpoint after so many steps; None: by the clock alone.
        checkpoint_seconds: A checkpoint after so long, and no sooner than fifty times what the last
            one cost the training.
        keep_checkpoints: How many of the newest stay, beside the best.
        deterministic: Whether the backend is held to kernels that give the same bits again.
        patience: Stop after so many epochs without a better validation, and keep the best.
        validation: Share of the samples held out to watch the training.
        test: Share held out for the final figures, where the data brings no test split.
        fold: `2/5`: test on the second of five parts, train on the others, instead of `test`.
        labels_per_class: Training samples that are kept of each class; None for all.
        precision: `float32`, `mixed_bfloat16` or `mixed_float16`: what the layers compute in.
        guard: What is done about a loss that is not finite, or shoots up: `stop` (goes back to
            sound weights and ends; spikes are noted), `skip` (goes back, leaves batches out),
            `roll-back` (likewise, with half the rate), `off`.
        seed: Of splits, order, initial weights, dropout.
        backend: `jax`, `tensorflow`, `torch`.
        weights: Run or file whose weights the model starts from.
        freeze: Patterns of layers that are not trained.

    Raises:
        UserError: If a value is out of range.
    """

    architecture: str
    data: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    task: str | None = None
    target: tuple[str, ...] | None = None
    image_size: tuple[int, int] | None = None
    preprocessing: str = "auto"
    tokenizer: str | None = None
    target_tokenizer: str | None = None
    context: int | None = None
    target_context: int | None = None
    word_length: int | None = None
    overlong: str | None = None
    horizon: int | None = None
    epochs: int = 20
    steps: int | None = None
    batch_size: int = 64
    accumulate: int = 1
    learning_rate: float = 1e-3
    optimizer: str = "adam"
    loss: str | None = None
    regularizer: str | None = None
    callbacks: tuple[str, ...] = ()
    augment: tuple[str, ...] = ()
    schedule: str = "cosine"
    weight_decay: float = 0.0
    no_decay: tuple[str, ...] = ()
    label_smoothing: float = 0.0
    mix: str | None = None
    layer_decay: float | None = None
    ema: float | None = None
    test_time_flip: bool = False
    checkpoint_steps: int | None = None
    checkpoint_seconds: float = 30.0
    keep_checkpoints: int = 2
    deterministic: bool = False
    patience: int | None = None
    validation: float = 0.1
    test: float = 0.2
    fold: str | None = None
    labels_per_class: int | None = None
    precision: str = "float32"
    guard: str = "stop"
    seed: int = 0
    backend: str | None = None
    weights: str | None = None
    freeze: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, rule in RULES.items():
            object.__setattr__(self, name, rule.check(getattr(self, name)))
        for name in ("architecture", "data", "preprocessing", "optimizer", "schedule"):
            _check(name, getattr(self, name), isinstance(getattr(self, name), str), "a string")
        for name in _TEXTS:
            value = getattr(self, name)
            _check(name, value, value is None or isinstance(value, str), "a string")
        for name in (*_LISTS, "image_size"):
            value = getattr(self, name)
            if isinstance(value, list) or (isinstance(value, str) and name in _LISTS):
                whole = (value,) if isinstance(value, str) else tuple(value)
                object.__setattr__(self, name, whole)
        for name in _LISTS:
            value = () if getattr(self, name) is None else getattr(self, name)
            good = isinstance(value, tuple) and all(isinstance(entry, str) for entry in value)
            _check(name, value, good, "strings")
        _check("image_size", self.image_size, _is_size(self.image_size), "two positive integers")

    @property
    def fold_numbers(self) -> tuple[int, int] | None:
        """`fold` as numbers."""
        if self.fold is None:
            return None
        number, _, folds = self.fold.partition("/")
        good = number.isdigit() and folds.isdigit()
        _check("fold", self.fold, good, "NUMBER/FOLDS, such as 2/5")
        return int(number), int(folds)

    def to_dict(self) -> dict[str, Any]:
        """Plain values without those that are None, as TOML has no null."""
        values = {name: _plain(getattr(self, name)) for name in names()}
        values["fields"] = {k: v for k, v in values["fields"].items() if v is not None}
        return {name: value for name, value in values.items() if value is not None}

    def save(self, path: Path) -> None:
        """Writes TOML."""
        import tomli_w

        path.write_text(tomli_w.dumps(self.to_dict()), "utf-8")


def names() -> list[str]:
    """Names of the configuration's values."""
    return [entry.name for entry in dataclasses.fields(RunConfig)]


def read_config(path: str | Path) -> dict[str, Any]:
    """The values of a saved configuration.

    Raises:
        UserError: If the file is missing, no TOML, or holds a name that no run knows.
    """
    values = read_toml(path, "configuration")
    for name in values:
        if name not in names():
            raise UserError(
                f"configuration {path}: unknown entry {name!r}.{did_you_mean(name, names())}"
            )
    return values


def make_config(values: Mapping[str, Any]) -> RunConfig:
    """A configuration from plain values.

    Raises:
        UserError: If the architecture or the data is not named, or a value is out of range.
    """
    for name in ("architecture", "data"):
        if not values.get(name):
            raise UserError(f"`{name}` must be given, on the command line or in the configuration")
    if not isinstance(values.get("fields", {}), Mapping):
        raise UserError(f"`fields` must be a table. Received: {values['fields']!r}")
    return RunConfig(**values)


def _check(name: str, value: Any, good: bool, rule: str) -> None:
    if not good:
        raise UserError(f"`{name}` must be {rule}. Received: {name}={value!r}")


def _is_size(value: Any) -> bool:
    if value is None:
        return True
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(isinstance(entry, int) and entry > 0 for entry in value)
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return value


def with_recipe(values: Mapping[str, Any], record: Any, saved: bool) -> dict[str, Any]:
    """`values` over what the architecture recommends; a saved configuration is complete already."""
    return dict(values) if saved else {**record.recipe, **values}
