"""The frozen records that plugin hooks yield. Nothing here imports Keras or a backend."""

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from kerasdl.errors import UserError, did_you_mean

API_VERSION = 1
"""Version of the plugin interface this kerasdl speaks; a record names the versions it serves."""

COMPONENT_KINDS = (
    "layer",
    "loss",
    "optimizer",
    "regularizer",
    "callback",
    "schedule",
    "metric",
    "tokenizer",
    "task",
)

OWN_TASKS = (
    "image-classification",
    "tabular-classification",
    "tabular-regression",
    "multi-label-classification",
    "text-classification",
    "sequence-labelling",
    "language-modelling",
    "masked-language-modelling",
    "sequence-to-sequence",
    "captioning",
    "forecasting",
    "autoencoding",
)
"""The tasks that kerasdl itself brings."""

RECIPE_KEYS = frozenset(
    "epochs batch_size learning_rate optimizer loss schedule weight_decay label_smoothing "
    "preprocessing".split()
)
"""What an architecture may recommend for its training."""

_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One configuration value of an architecture.

    Args:
        name: A Python identifier, unique within its architecture.
        type: `int`, `float`, `bool`, `str`, `list` (nested lists of numbers), or a tuple of one
            scalar type such as `tuple[int, ...]`.
        default: The value when none is given. `None` makes the field optional.
        help: One line; say the unit where there is one.
        minimum: Smallest value allowed, inclusive; for a tuple, of each entry.
        maximum: Largest value allowed, inclusive; for a tuple, of each entry.
        choices: The only values allowed; for a tuple, of each entry.
    """

    name: str
    type: Any
    default: Any
    help: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] | None = None

    @property
    def type_name(self) -> str:
        """The type as a reader of a table wants it: `int`, `tuple[int, ...]`."""
        return str(self.type) if typing.get_origin(self.type) else self.type.__name__

    @property
    def rule(self) -> str:
        """The values allowed, in words."""
        parts = [self.type_name]
        if self.choices is not None:
            parts.append("one of " + ", ".join(map(str, self.choices)))
        if self.minimum is not None and self.maximum is not None:
            parts.append(f"in [{self.minimum:g}, {self.maximum:g}]")
        elif self.minimum is not None:
            parts.append(f"at least {self.minimum:g}")
        elif self.maximum is not None:
            parts.append(f"at most {self.maximum:g}")
        if self.default is None:
            parts.append("or none")
        return ", ".join(parts)

    def check(self, value: Any) -> Any:
        """Returns `value` in the field's type.

        Raises:
            UserError: If the type or the range is wrong; the message holds the rule.
        """
        if value is None and self.default is None:
            return None
        entry_type = _entry_type(self.type)
        if entry_type is None:
            return self._check_one(value, self.type)
        if isinstance(value, str) or not isinstance(value, list | tuple):
            raise self._error(value)
        return tuple(self._check_one(entry, entry_type, value) for entry in value)

    def parse(self, text: str) -> Any:
        """Reads a value as the command line gives it: `3`, `0.1`, `relu`, `256,128`."""
        if self.default is None and text.lower() in {"none", ""}:
            return None
        entry_type = _entry_type(self.type)
        if entry_type is not None:
            inner = text.strip().strip("()[]")
            entries = [entry for entry in inner.split(",") if entry.strip()]
            return self.check([_parse_scalar(entry.strip(), entry_type) for entry in entries])
        if self.type is list:
            import json

            try:
                return self.check(json.loads(text))
            except json.JSONDecodeError:
                raise self._error(text) from None
        return self.check(_parse_scalar(text.strip(), self.type))

    def _check_one(self, value: Any, kind: Any, whole: Any = None) -> Any:
        shown = value if whole is None else whole
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self._error(shown)
        if kind is float and value != value:
            raise self._error(shown)
        if self.choices is not None and value not in self.choices:
            raise self._error(shown)
        if self.minimum is not None and value < self.minimum:
            raise self._error(shown)
        if self.maximum is not None and value > self.maximum:
            raise self._error(shown)
        return value

    def _error(self, value: Any) -> UserError:
        return UserError(f"`{self.name}` must be {self.rule}. Received: {self.name}={value!r}")


def _entry_type(kind: Any) -> Any:
    """The entry type of `tuple[int, ...]`; None for a scalar type."""
    return typing.get_args(kind)[0] if typing.get_origin(kind) is tuple else None


def _parse_scalar(text: str, kind: Any) -> Any:
    if kind is bool:
        lowered = text.lower()
        return True if lowered in _TRUE else False if lowered in _FALSE else text
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            return text
    return text


class Config(Mapping[str, Any]):
    """What a builder receives: read as `config.width` or `config["width"]`."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_values", types.MappingProxyType(dict(values)))

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        try:
            return self._values[key]
        except KeyError:
            raise AttributeError(f"no config field {key!r}") from None

    def __setattr__(self, key: str, value: Any) -> None:
        raise AttributeError(f"a Config is read-only. Received: {key}={value!r}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return "Config(" + ", ".join(f"{k}={v!r}" for k, v in self._values.items()) + ")"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What a task's data says to a builder. Sizes that do not apply are `None`.

    Args:
        task: Name of the task, such as `image-classification`.
        input_shape: Shape of one input without the batch axis: `(H, W, C)`, `(features,)`.
        input_dtype: Dtype of that input.
        outputs: Number of classes, of labels, or of values to predict.
        classes: Names of the classes, if known.
        vocab_size: Input vocabulary size, in tokens.
        target_vocab_size: Output vocabulary size, in tokens.
        context: Longest input, in tokens or steps.
        target_context: Longest output, in tokens.
        horizon: Steps to forecast.
        characters: Size of the vocabulary of characters, where each word comes with its own.
        word_length: Characters of a word, in an input that has them.
    """

    task: str
    input_shape: tuple[int | None, ...] | None = None
    input_dtype: str = "float32"
    outputs: int | None = None
    classes: tuple[str, ...] | None = None
    vocab_size: int | None = None
    target_vocab_size: int | None = None
    context: int | None = None
    target_context: int | None = None
    horizon: int | None = None
    characters: int | None = None
    word_length: int | None = None

    def __repr__(self) -> str:
        said = [f for f in fields(self) if getattr(self, f.name) != f.default]
        return f"Spec({', '.join(f'{f.name}={getattr(self, f.name)!r}' for f in said)})"

    @property
    def output_count(self) -> int:
        """`outputs`, for a builder that cannot do without.

        Raises:
            UserError: If the spec does not say, or says less than 1.
        """
        if self.outputs is None or self.outputs < 1:
            raise UserError(
                "the number of outputs must be at least 1 (`num_classes` or `outputs`). "
                f"Received: outputs={self.outputs}"
            )
        return self.outputs

    def replace(self, **changes: Any) -> "Spec":
        """A copy with some values changed."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """A named, configurable way to build a `keras.Model`.

    Args:
        name: Lower-case name that users type: `resnet`.
        summary: One line for listings.
        tasks: Names of the tasks it serves.
        builder: `"package.module:function"`, called as `builder(config, spec)`; returns a
            `keras.Model` whose classification outputs are logits.
        config: The fields it can be configured with.
        variants: Fixed configurations by name: `{"resnet18": {"depth": 18}}`.
        aliases: Other names for the architecture or a variant: `{"resnet-18": "resnet18"}`.
        reference: Paper or page it follows.
        decoder: For models that generate, `"package.module:function"` of the cached step.
        search_space: Ranges by field name for hyper-parameter search.
        parameters: Trainable parameters by variant, at the spec in `parameters_spec`.
        parameters_spec: The spec at which `parameters` hold.
        recipe: Values that `kerasdl train` uses where the user gives none: keys of `RECIPE_KEYS`.
        small: Config values of a small model, with which `kerasdl plugins check` tries it.
        small_spec: The spec it is tried at, where the smallest of its first task does not suit it.
        known_failures: Checks of the kit that do not hold by design, each with the reason.
        requires: Architectures that the builder uses, `("kerasdl-resnet:resnet",)`: see
            `kerasdl.backbone`. Without one of them nothing is built.
        api: The plugin-API versions it serves.
    """

    name: str
    summary: str
    tasks: tuple[str, ...]
    builder: str
    config: tuple[Field, ...] = ()
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    reference: str = ""
    decoder: str | None = None
    search_space: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, int] = field(default_factory=dict)
    parameters_spec: Spec | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    small: Mapping[str, Any] = field(default_factory=dict)
    small_spec: Spec | None = None
    known_failures: Mapping[str, str] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    api: tuple[int, ...] = (1,)

    def resolve(self, preset: Mapping[str, Any], given: Mapping[str, Any]) -> Config:
        """Defaults, then the variant's values, then the given ones, each checked.

        Raises:
            UserError: On an unknown field (with the nearest one) or a value out of range.
        """
        fields = {entry.name: entry for entry in self.config}
        for name, value in given.items():
            if name not in fields:
                raise UserError(
                    f"architecture {self.name!r} has no config field {name!r} "
                    f"(given: {name}={value!r}).{did_you_mean(name, fields)}"
                )
        chosen = {**preset, **given}
        return Config(
            {name: entry.check(chosen.get(name, entry.default)) for name, entry in fields.items()}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A data source by name.

    Args:
        name: Lower-case name that users type: `digits`.
        summary: One line for listings: what, how many, how large.
        tasks: Names of the tasks it can be used for, the usual one first.
        loader: `"package.module:function"`, called without arguments; returns the data record of
            `kerasdl.data`.
        source: Where the data comes from.
        license: As the source states it; empty if it states none.
        network: Whether the first use downloads.
        api: The plugin-API versions it serves.
    """

    name: str
    summary: str
    tasks: tuple[str, ...]
    loader: str
    source: str = ""
    license: str = ""
    network: bool = False
    api: tuple[int, ...] = (1,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A layer, loss, optimizer, regularizer, callback, metric, tokenizer, task, ... by name.

    Args:
        kind: One of `COMPONENT_KINDS`.
        name: Name that users type: `nesterov`.
        target: `"package.module:Class"`.
        summary: One line for listings.
        extends: For a task: the one whose data and architectures it takes.
        api: The plugin-API versions it serves.
    """

    kind: str
    name: str
    target: str
    summary: str = ""
    extends: str = ""
    api: tuple[int, ...] = (1,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that joins `kerasdl`'s own.

    Args:
        name: What the user types after `kerasdl`.
        target: `"package.module:object"`: a function with typed parameters, or a `typer.Typer`.
        summary: One line for `kerasdl --help`.
        api: The plugin-API versions it serves.
    """

    name: str
    target: str
    summary: str = ""
    api: tuple[int, ...] = (1,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A published result as a file that can be run.

    Args:
        name: Name that users type: `fashion-mnist-mlp`.
        file: `"package:folder/file.toml"`, a file inside the plugin's wheel; see `kerasdl.cards`.
        summary: One line for listings.
        api: The plugin-API versions it serves.
    """

    name: str
    file: str
    summary: str = ""
    api: tuple[int, ...] = (1,)


Record = Architecture | Dataset | Component | Command | Card
