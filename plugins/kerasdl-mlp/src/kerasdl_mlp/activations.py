"""Activations by name: every one that Keras has, and two hard ones of our own."""

import inspect
from collections.abc import Callable
from typing import Any

import keras

from kerasdl.errors import UserError, did_you_mean


@keras.saving.register_keras_serializable(package="kerasdl_mlp")
def hard_sign(x: Any) -> Any:
    """`y = 1` where `x >= 0`, else `-1`; in the backward pass the gradient of `clip(x, -1, 1)`.

    Differs from: `keras.ops.sign`, which is 0 at 0 and has no gradient anywhere.

    Reference: Courbariaux et al., 2016, section 1.3, https://arxiv.org/abs/1602.02830
    """
    hard = keras.ops.where(x >= 0, keras.ops.ones_like(x), -keras.ops.ones_like(x))
    return _straight_through(hard, keras.ops.clip(x, -1.0, 1.0))


@keras.saving.register_keras_serializable(package="kerasdl_mlp")
def hard_threshold(x: Any) -> Any:
    """`y = 1` where `x >= 0`, else `0`; in the backward pass the gradient of `x` itself.

    With half the squared error and plain gradient descent that is Rosenblatt's rule:
    `-dE/dw = (target - y) * input`.

    Differs from: `keras.activations.threshold`, which keeps `x` above the threshold.
    """
    hard = keras.ops.where(x >= 0, keras.ops.ones_like(x), keras.ops.zeros_like(x))
    return _straight_through(hard, x)


def activation(name: str, field: str = "activation") -> Callable[[Any], Any]:
    """The activation that a config field names.

    Raises:
        UserError: If there is none of that name, or it cannot be used without arguments.
    """
    own = {"hard_sign": hard_sign, "hard_threshold": hard_threshold}
    try:
        found = own.get(name) or keras.activations.get(name)
        inspect.signature(found).bind(None)
    except (ValueError, TypeError):
        public = {entry for entry in dir(keras.activations) if not entry.startswith("_")}
        known = (public | set(own)) - {"get", "serialize", "deserialize", name}
        raise UserError(
            f"`{field}` must be the name of a Keras activation that needs no arguments, or one of "
            f"{', '.join(own)}. Received: {field}={name!r}.{did_you_mean(name, known)}"
        ) from None
    return found


def _straight_through(forward: Any, backward: Any) -> Any:
    """The value of one, the gradient of the other; the difference added is exactly 0."""
    return keras.ops.stop_gradient(forward) + (backward - keras.ops.stop_gradient(backward))
