"""Keras's activations and initializers by name, as config fields give them."""

import inspect
from collections.abc import Callable
from typing import Any

import keras

from kerasdl.errors import UserError, did_you_mean
from kerasdl.layers import hard_sign, hard_threshold

_OWN = {"hard_sign": hard_sign, "hard_threshold": hard_threshold}
_NOT_NAMES = {"get", "serialize", "deserialize"}


def activation(name: str, field: str = "activation") -> Callable[[Any], Any]:
    """The activation that a config field names: Keras's, or one of kerasdl's two hard ones.

    Args:
        name: Its name.
        field: The field, for the message.

    Raises:
        UserError: If there is none of that name, or it cannot be used without arguments.
    """
    try:
        found = _OWN.get(name) or keras.activations.get(name)
        inspect.signature(found).bind(None)
    except (ValueError, TypeError):
        public = {entry for entry in dir(keras.activations) if not entry.startswith("_")}
        known = (public | set(_OWN)) - _NOT_NAMES - {name}
        raise UserError(
            f"`{field}` must be the name of a Keras activation that needs no arguments, or one of "
            f"{', '.join(_OWN)}. Received: {field}={name!r}.{did_you_mean(name, known)}"
        ) from None
    return found


def initializer(name: str, field: str = "kernel_initializer") -> keras.initializers.Initializer:
    """A fresh Keras initializer by name; one shared by layers would give them equal weights.

    Args:
        name: Its name.
        field: The field, for the message.

    Raises:
        UserError: If there is none of that name that needs no arguments.
    """
    try:
        return keras.initializers.get(name)
    except (ValueError, TypeError, KeyError):
        public = {entry for entry in dir(keras.initializers) if entry.islower()}
        known = public - _NOT_NAMES - {name}
        raise UserError(
            f"`{field}` must be the name of a Keras initializer that needs no arguments. "
            f"Received: {field}={name!r}.{did_you_mean(name, known)}"
        ) from None
