"""Rules on a layer's gradients and its training."""

import numpy as np

from kerasdl.testing import training
from kerasdl.testing.checks import demand
from kerasdl.testing.gradients import check_gradients
from kerasdl.testing.layer_case import LayerCase, as_model
from kerasdl.testing.numerics import assert_finite, is_floating, to_numpy


def every_variable_has_gradient(case: LayerCase) -> None:
    """Every trainable variable gets a finite gradient that is not zero throughout.

    Reproduce: kerasdl.backend.gradients.value_and_gradients(
    lambda: keras.ops.sum(layer(x) * random), layer.trainable_variables)
    """
    if not (case.trainable and case.differentiable):
        return
    tensors = case.arguments.tensors()
    training.demand_gradients(
        lambda: case.arguments.call(case.layer, tensors, training=True),
        case.layer.trainable_variables,
        case.no_gradient,
    )


def gradients(case: LayerCase) -> None:
    """Gradients of the outputs agree with central differences.

    Reproduce: check_gradients(layer, inputs)
    """
    if not case.differentiable:
        return
    variables = [*case.layer.trainable_variables, *case.arguments.tensors()]
    if not any(map(is_floating, variables)):
        return
    check_gradients(case.layer, case.arguments, training=case.training, samples_per_parameter=3)


def training_step(case: LayerCase) -> None:
    """Compiled steps of training run, stay finite and move the weights.

    Reproduce: model = keras.Model(x, make()(x)); model.compile("sgd", "mse", jit_compile=True);
    model.train_on_batch(...)
    """
    if not case.trainable or not case.layer.trainable_variables:
        return
    layer, _ = case.build()
    model = as_model(layer, case.arguments)
    before = [to_numpy(variable) for variable in model.trainable_variables]
    losses = training.train_on_random_targets(model, case.arguments.tensors(), steps=2)
    assert_finite(losses, "loss")
    for variable in model.trainable_variables:
        assert_finite(variable, f"variable {variable.path} after two steps")
    moved = [
        np.any(to_numpy(variable) != value)
        for variable, value in zip(model.trainable_variables, before, strict=True)
    ]
    demand(any(moved), "no trainable variable changed")
