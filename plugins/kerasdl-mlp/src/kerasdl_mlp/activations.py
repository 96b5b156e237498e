"""Activations by name: every one that Keras has, and the two hard ones of kerasdl."""

import inspect
from collections.abc import Callable
from typing import Any

import keras

from kerasdl.errors import UserError, did_you_mean
from kerasdl.layers import hard_sign, hard_threshold


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
