"""Components by name, with arguments: Keras's own, and those that plugins and the core offer."""

import inspect
import re
from typing import Any

import keras

from kerasdl.calls import read_call
from kerasdl.data.mixing import MIXINGS
from kerasdl.errors import UserError, did_you_mean
from kerasdl.plugin import host
from kerasdl.plugin.targets import find_component

_LOSS_SHORT = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
}


def component_class(kind: str, name: str) -> type:
    """The class that `name` means.

    A bare name that Keras has means Keras's class; `distribution:name` always a component.

    Raises:
        UserError: If there is none, with close matches.
    """
    keras_classes = _keras_classes(kind)
    spelled = name.lower().replace("-", "_")
    spelled = _LOSS_SHORT.get(spelled, spelled)
    if spelled in keras_classes:
        return keras_classes[spelled]
    offered = host().catalog.names(kind)
    if name.rpartition(":")[2] in offered:
        return find_component(kind, name)[1]
    raise UserError(f"unknown {kind} {name!r}.{did_you_mean(name, [*offered, *keras_classes])}")


def make_component(kind: str, text: str, **arguments: Any) -> Any:
    """An instance of what `text` means: a name, or `name(argument=value, ...)`.

    Arguments written in the text go before those given here. Values are numbers, text, `True`,
    `False`, `None` and lists of these; nothing is evaluated as Python.

    Raises:
        UserError: If there is none of that name, or it does not take an argument or needs others.
    """
    name, written = read_call(kind, text)
    arguments |= written
    cls = component_class(kind, name)
    parameters = inspect.signature(cls.__init__).parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    strange = [key for key in arguments if key not in parameters]
    if strange and not (open_ended and kind == "optimizer"):
        raise UserError(f"{kind} {name!r} takes no `{strange[0]}`")
    try:
        return cls(**arguments)
    except UserError:
        raise
    except (TypeError, ValueError) as error:
        raise UserError(f"{kind} {text!r} cannot be made: {error}") from None


def make_mixing(text: str) -> Any:
    """What blends the samples of a batch: `mixup(alpha=0.2)` or `cutmix`.

    Raises:
        UserError: If there is none of that name, or an argument is wrong.
    """
    name, arguments = read_call("mix", text)
    if name not in MIXINGS:
        raise UserError(f"unknown mix {name!r}.{did_you_mean(name, MIXINGS)}")
    try:
        return MIXINGS[name](**arguments)
    except TypeError as error:
        raise UserError(f"mix {text!r} cannot be made: {error}") from None


def _keras_classes(kind: str) -> dict[str, type]:
    home, base = {
        "loss": (keras.losses, keras.losses.Loss),
        "optimizer": (keras.optimizers, keras.optimizers.Optimizer),
        "layer": (keras.layers, keras.layers.Layer),
        "callback": (keras.callbacks, keras.callbacks.Callback),
        "regularizer": (keras.regularizers, keras.regularizers.Regularizer),
    }[kind]
    classes = [value for value in vars(home).values() if inspect.isclass(value)]
    usable = [c for c in classes if issubclass(c, base) and c is not base]
    return {_snake(c.__name__): c for c in usable} | {c.__name__.lower(): c for c in usable}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
