"""The checks of an architecture as it is trained."""

from typing import Any

import keras
import numpy as np

from kerasdl.backend.draws import own_draws
from kerasdl.testing import training
from kerasdl.testing.architecture_case import ArchitectureCase
from kerasdl.testing.checks import DoesNotApply, demand
from kerasdl.testing.gradients import gradcheck_model
from kerasdl.testing.kinks import move_constants
from kerasdl.testing.numerics import assert_close, assert_finite, to_numpy
from kerasdl.testing.over_fit import LEARNED, can_learn

_SPAN = 100
_KINKS = 0.05
"""Relative error of a gradient that is let through in float32; our own lie within 0.02."""


def every_variable_has_gradient(case: ArchitectureCase) -> None:
    """Every trainable variable gets a finite gradient that is not zero throughout.

    Reproduce: kerasdl.backend.gradients.value_and_gradients(
    lambda: keras.ops.sum(model(batch) * random), model.trainable_variables)
    """
    model = case.new()
    case.arrays  # noqa: B018  # made before the function is traced, since that makes a model
    training.demand_gradients(
        lambda: case.run(model, training=True), model.trainable_variables, case.no_gradient
    )


def gradients_are_right(case: ArchitectureCase) -> None:
    """Gradients are those of central differences, at inference.

    One entry of up to twenty variables is looked at, off the kinks that constants put ReLU on.

    Reproduce: kerasdl.testing.kinks.move_constants(model); kerasdl.testing.gradcheck_model(model,
    batch, targets, "mse")
    """
    if not can_learn(case.model):
        raise DoesNotApply("the model has not one floating output")
    model = case.new()
    move_constants(model)
    inputs = keras.tree.pack_sequence_as(model.input, case.arrays)
    targets = np.random.default_rng(0).normal(size=tuple(case.outputs[0].shape))
    how = {"samples_per_parameter": 1, "parameters": 20}
    try:
        report = gradcheck_model(model, inputs, targets, "mean_squared_error", **how)
    except RuntimeError as error:
        if "must be contiguous" not in str(error):
            raise
        raise DoesNotApply(f"PyTorch lacks this gradient in float64: {error}") from None
    # In float32 the steps are long enough to cross many a kink of a deep network.
    allowed = _KINKS if report.dtype == "float32" else report.tolerance
    wrong = [str(row) for row in report.rows if row.error > allowed]
    demand(not wrong, f"in {report.dtype}: " + "; ".join(wrong))


def loss_falls(case: ArchitectureCase) -> None:
    """A hundred compiled steps on ten samples lower the loss and keep it finite.

    Medians over the first and the last ten are compared, since dropout makes single ones noisy.

    Reproduce: model.compile("adam", loss, jit_compile=True); model.train_on_batch(batch, targets),
    100 times
    """
    losses, _ = _history(case)
    assert_finite(losses, "losses")
    first, last = np.median(losses[:10]), np.median(losses[_SPAN - 10 : _SPAN])
    demand(last < first, f"the loss went from {first:.6g} to {last:.6g}")


def over_fits_ten_samples(case: ArchitectureCase) -> None:
    """After 300 steps on ten samples, a tenth of the loss is left at inference.

    At the case's learning rate, 0.01 unless it says otherwise, or at a tenth of it.

    Reproduce: model.fit(ten_samples, targets, batch_size=10, epochs=300); model.evaluate(...)
    """
    _, left = _history(case)
    demand(left <= LEARNED, f"{left:.3g} of the loss is left, {LEARNED:g} allowed")


def _history(case: ArchitectureCase) -> tuple[list[float], float]:
    if not can_learn(case.model):
        raise DoesNotApply("the model has not one floating output")
    return case.history


def same_seed_same_model(case: ArchitectureCase) -> None:
    """Made twice under one seed, two models have the same weights and draw the same in training.

    Reproduce: keras.utils.set_random_seed(0) before each of two kerasdl.create_model(...)
    """
    first, second = case.new(), case.new()
    for one, other in zip(first.variables, second.variables, strict=True):
        assert_close(other, one, f"second {one.path}", rtol=0, atol=0)
    for one, other in zip(_drawn(case, first), _drawn(case, second), strict=True):
        assert_close(other, one, "second model's output in training", rtol=1e-6, atol=1e-6)


def _drawn(case: ArchitectureCase, model: keras.Model) -> list[Any]:
    with own_draws(0):
        return case.run(model, training=True)


def resumes_exactly(case: ArchitectureCase) -> None:
    """Two steps from the variables kept after two steps are the third and fourth.

    All state of a model is in its variables; what stands elsewhere is lost when a run is resumed.
    (But for PyTorch's own random state, which a run keeps beside them: here it is seeded.)

    Reproduce: two steps, values of model.variables and optimizer.variables into a new model, two
    steps; against four steps
    """
    if not can_learn(case.model):
        raise DoesNotApply("the model has not one floating output")
    whole, resumed = case.new(), case.new()
    steps = [_trainer(model, case) for model in (whole, resumed)]
    with own_draws(1):
        steps[0](2)
    kept = [to_numpy(variable) for variable in _state(whole)]
    with own_draws(2):
        steps[0](2)
    for variable, value in zip(_state(resumed), kept, strict=True):
        variable.assign(value)
    with own_draws(2):
        steps[1](2)
    for one, other in zip(whole.variables, resumed.variables, strict=True):
        assert_close(other, one, f"{one.path} after resuming", rtol=1e-5, atol=1e-6)


def _trainer(model: keras.Model, case: ArchitectureCase) -> Any:
    model.compile(keras.optimizers.SGD(0.01), "mse", jit_compile=training.jit_compile())
    model.optimizer.build(model.trainable_variables)
    inputs = keras.tree.pack_sequence_as(model.input, case.arrays)
    targets = np.zeros(tuple(case.outputs[0].shape), "float32")

    def train(steps: int) -> None:
        for _ in range(steps):
            model.train_on_batch(inputs, targets)

    return train


def _state(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *model.optimizer.variables]
