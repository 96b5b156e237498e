"""Every schedule that a name can mean."""

import importlib
import inspect

import keras

from kerasdl.plugin import host


def known_schedules() -> dict[str, type]:
    """Classes by name: kerasdl's, those that plugins offer, and Keras's own."""
    from kerasdl.schedules import NAMED

    base = keras.optimizers.schedules.LearningRateSchedule
    found = {
        name: value
        for name, value in vars(keras.optimizers.schedules).items()
        if inspect.isclass(value) and issubclass(value, base) and value is not base
    }
    for name in host().catalog.names("schedule"):
        module, _, attribute = host().component("schedule", name).target.partition(":")
        found[name] = getattr(importlib.import_module(module), attribute)
    return found | NAMED
