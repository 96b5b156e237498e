"""The core's own components, by name, are what its packages offer."""

import importlib
import inspect

import keras
import pytest

from kerasdl.plugin.components import COMPONENTS

ROOMS = {
    "layer": ("layers", keras.layers.Layer),
    "loss": ("losses", keras.losses.Loss),
    "optimizer": ("optimizers", keras.optimizers.Optimizer),
    "regularizer": ("regularizers", keras.regularizers.Regularizer),
    "callback": ("callbacks", keras.callbacks.Callback),
    "schedule": ("schedules", keras.optimizers.schedules.LearningRateSchedule),
}
UNNAMED = {  # bases, what expressions make, what models and runs hold by themselves
    *("Schedule", "Chain", "Scaled", "Origin", "TokenLoss", "StandardizedLoss"),
    *("RestingOptimizer", "ParameterGroups", "ResumableCheckpoint"),
}


@pytest.mark.parametrize("kind", ROOMS)
def test_every_public_class_has_a_name(kind):
    room, base = ROOMS[kind]
    module = importlib.import_module(f"kerasdl.{room}")
    public = {
        name
        for name in module.__all__
        if inspect.isclass(value := getattr(module, name)) and issubclass(value, base)
    }
    named = {c.target.partition(":")[2] for c in COMPONENTS if c.kind == kind}
    assert named == public - UNNAMED


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: f"{c.kind} {c.name}")
def test_name_is_the_class_in_small_letters(component):
    module, _, name = component.target.partition(":")
    assert inspect.isclass(getattr(importlib.import_module(module), name))
    assert component.name.replace("-", "") == name.lower()
    assert not component.summary[0].islower() and len(component.summary) < 80
