"""The checks of an optimizer."""

import tempfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdl.backend.gradients import has_float64
from kerasdl.testing import checks, serialization
from kerasdl.testing.checks import demand
from kerasdl.testing.numerics import TOLERANCES, assert_close, assert_finite, to_numpy
from kerasdl.testing.optimizer_case import OptimizerCase


def check_optimizer(
    make: Callable[[], keras.optimizers.Optimizer],
    *,
    reference: Callable[..., Sequence[np.ndarray]] | None = None,
    steps: int = 5,
    rtol: float = 1e-5,
    atol: float = 1e-6,
    skip: Collection[str] = (),
    only: Collection[str] | None = None,
) -> None:
    """Runs every rule of `OPTIMIZER_CHECKS` on an optimizer.

    Args:
        make: Returns a new optimizer, always the same.
        reference: `f(params, grad_fn, steps)` with a list of float64 arrays gives the list after
            that many steps; `grad_fn` takes and returns such a list. What is meant is the weights
            at rest: after `finalize_variable_values`, as at the end of `fit`.
        steps: Steps made with the reference.
        rtol: Relative tolerance against the reference.
        atol: Absolute tolerance against the reference.
        skip: Names of checks left out, or a mapping of names to reasons.
        only: Names of the only checks run.

    Raises:
        AssertionError: At the first rule broken; names check, optimizer and what reproduces it.
        UserError: If an argument here is wrong.

    Example:
        >>> def descent(params, grad_fn, steps):
        ...     for _ in range(steps):
        ...         params = [p - 0.1 * g for p, g in zip(params, grad_fn(params))]
        ...     return params
        >>> check_optimizer(lambda: keras.optimizers.SGD(0.1), reference=descent)
    """
    chosen = checks.selected(OPTIMIZER_CHECKS, skip, only)
    case = OptimizerCase(make, reference=reference, steps=steps, rtol=rtol, atol=atol)
    checks.run("check_optimizer", chosen, case)


def registered(case: OptimizerCase) -> None:
    """The class is registered with Keras under a package of its own.

    Reproduce: keras.saving.get_registered_name(type(make()))
    """
    serialization.demand_registered(case.new())


def arguments_in_config(case: OptimizerCase) -> None:
    """`get_config` holds every argument of the constructor.

    Reproduce: make().get_config()
    """
    serialization.demand_arguments_in_config(case.new())


def config_round_trip(case: OptimizerCase) -> None:
    """The config goes through JSON and makes an equal optimizer, which makes the same steps.

    Reproduce: o = make(); type(o).from_config(o.get_config())
    """
    serialization.demand_round_trip(case.new())
    copied = case.trajectory(serialization.revived(case.new()))
    _demand_equal(copied, case.trajectory(case.new()), "of the copy", rtol=0, atol=0)


def matches_reference(case: OptimizerCase) -> None:
    """After the steps the weights meant are those of the reference, computed in float64.

    Reproduce: optimizer = make(); optimizer.apply(gradients, variables), as often as `steps`;
    optimizer.finalize_variable_values(variables)
    """
    if case.reference is None:
        return
    start = [value.copy() for value in case.start()]
    expected = case.reference(start, case.gradients, case.steps)
    reached = case.trajectory(case.new(), case.steps)
    _demand_equal(reached, expected, "against reference", rtol=case.rtol, atol=case.atol)


def descends(case: OptimizerCase) -> None:
    """Thirty steps on a smooth bowl lower the value and stay finite.

    Reproduce: optimizer = make(); optimizer.apply(gradients, variables), thirty times
    """
    reached = case.trajectory(case.new(), 30)
    for value in reached:
        assert_finite(value, "weights after 30 steps")
    before, after = case.value(case.start()), case.value(reached)
    demand(after < before, f"the value went from {before:.6g} to {after:.6g}")


def dtypes_kept(case: OptimizerCase) -> None:
    """Variables of every precision keep their dtype, stay finite and move.

    Reproduce: make().apply([keras.ops.ones((3,), "bfloat16")], [keras.Variable([1.0, 2.0, 3.0],
    dtype="bfloat16")])
    """
    for dtype in ("bfloat16", "float16", *(["float64"] if has_float64() else [])):
        variables = case.variables(dtype)
        optimizer = case.new()
        for _ in range(2):
            case.step(optimizer, variables)
        for variable, value in zip(variables, case.start(), strict=True):
            demand(variable.dtype == dtype, f"a {dtype} variable is {variable.dtype} now")
            assert_finite(variable, f"{dtype} weights after two steps")
            assert_close(variable, value, f"{dtype} weights", rtol=0.5, atol=1.0)


def constant_schedule(case: OptimizerCase) -> None:
    """A schedule that always gives the same rate makes the same steps as that rate.

    Reproduce: config = make().get_config(); config["learning_rate"] = schedule
    """
    rate = case.new().get_config().get("learning_rate")
    if not isinstance(rate, float):
        return
    schedule = keras.optimizers.schedules.ExponentialDecay(rate, 10, 1.0)
    optimizer = case.variant(learning_rate=keras.saving.serialize_keras_object(schedule))
    _demand_equal(case.trajectory(optimizer), case.trajectory(case.new()), "under a schedule")


def accumulation(case: OptimizerCase) -> None:
    """With `gradient_accumulation_steps=2`, two half steps with a gradient are one step with it.

    Reproduce: config = make().get_config(); config["gradient_accumulation_steps"] = 2
    """
    optimizer = case.variant(gradient_accumulation_steps=2)
    if optimizer is None:
        return
    variables = case.variables()
    for _ in range(3):
        gradients = case.gradients([to_numpy(variable) for variable in variables])
        tensors = [keras.ops.convert_to_tensor(entry, dtype="float32") for entry in gradients]
        optimizer.apply(tensors, variables)
        optimizer.apply(tensors, variables)
    optimizer.finalize_variable_values(variables)
    reached = [to_numpy(variable) for variable in variables]
    _demand_equal(reached, case.trajectory(case.new(), 3), "under accumulation")


def clipping(case: OptimizerCase) -> None:
    """With `clipvalue` the steps are those of gradients clipped beforehand.

    Reproduce: config = make().get_config(); config["clipvalue"] = 0.1
    """
    config = case.new().get_config()
    if any(config.get(name) for name in ("clipnorm", "clipvalue", "global_clipnorm")):
        return
    optimizer = case.variant(clipvalue=0.1)
    if optimizer is None:
        return
    clipped = case.trajectory(
        case.new(), change=lambda gradients: [np.clip(entry, -0.1, 0.1) for entry in gradients]
    )
    _demand_equal(case.trajectory(optimizer), clipped, "under clipping")


def weight_decay(case: OptimizerCase) -> None:
    """With `weight_decay`, weights without a gradient shrink, but for those excluded.

    Reproduce: config = make().get_config(); config["weight_decay"] = 0.1
    """
    optimizer = case.variant(weight_decay=0.1)
    if optimizer is None:
        return
    decayed, excluded = case.variables()
    optimizer.exclude_from_weight_decay(var_list=[excluded])
    before = [to_numpy(decayed), to_numpy(excluded)]
    zeros = [keras.ops.zeros(value.shape) for value in before]
    optimizer.build([decayed, excluded])
    optimizer.apply(zeros, [decayed, excluded])
    optimizer.finalize_variable_values([decayed, excluded])
    demand(
        np.linalg.norm(to_numpy(decayed)) < np.linalg.norm(before[0]), "the weights do not shrink"
    )
    assert_close(excluded, before[1], "weights excluded from decay", rtol=1e-6, atol=1e-7)


def rest_round_trip(case: OptimizerCase) -> None:
    """Where training point and weights meant differ, going to rest and back changes nothing.

    Reproduce: optimizer.to_rest(); optimizer.to_rest(); optimizer.to_training()
    """
    optimizer = case.new()
    if not (hasattr(optimizer, "to_rest") and hasattr(optimizer, "to_training")):
        return
    variables = case.variables()
    for _ in range(4):
        case.step(optimizer, variables)
    training = [to_numpy(variable) for variable in variables]
    optimizer.to_training()
    _demand_equal(variables, training, "after `to_training` while training", rtol=0, atol=0)
    optimizer.to_rest()
    resting = [to_numpy(variable) for variable in variables]
    optimizer.to_rest()
    _demand_equal(variables, resting, "after a second `to_rest`", rtol=0, atol=0)
    optimizer.to_training()
    _demand_equal(variables, training, "after `to_rest` and `to_training`", rtol=1e-6, atol=1e-6)


def compiled_matches_eager(case: OptimizerCase) -> None:
    """Compiled steps are the steps made one by one: no part of the state is frozen in a trace.

    Reproduce: model.compile(make(), "mse", jit_compile=True); model.fit(x, y), twice
    """
    reached, expected = case.compiled.weights, case.eager()
    _demand_equal(reached, expected, "after compiled steps", rtol=1e-4, atol=1e-5)


def compiles_once(case: OptimizerCase) -> None:
    """Only the first step compiles, in a second `fit` too.

    Reproduce: model.compile(make(), "mse", jit_compile=True); model.fit(x, y), twice
    """
    if keras.backend.backend() == "torch":
        return  # runs as it is written; there is nothing to compile
    traces = case.compiled.traces
    demand(
        traces[1] == traces[0],
        f"the model had been traced {traces[0]} times after the first step, {traces[1]} after five",
    )


def state_saved(case: OptimizerCase) -> None:
    """A saved and loaded optimizer has the same state and makes the same next step.

    Reproduce: model.compile(make(), "mse"); model.fit(x, y); model.save("m.keras");
    keras.saving.load_model("m.keras").optimizer.variables
    """
    model = case.compiled.model
    optimizer = model.optimizer
    known = {type(optimizer).__name__: type(optimizer)}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.keras"
        model.save(file)
        with keras.saving.custom_object_scope(known):
            loaded = keras.saving.load_model(file)
    pairs = [(optimizer.variables, loaded.optimizer.variables)]
    demand(
        len(pairs[0][0]) == len(pairs[0][1]),
        f"{len(pairs[0][1])} optimizer variables were loaded, expected {len(pairs[0][0])}",
    )
    for variable, copy in zip(*pairs[0], strict=True):
        assert_close(copy, variable, f"optimizer variable {variable.path}", rtol=0, atol=0)
    for each in (model, loaded):
        gradients = [keras.ops.full(entry.shape, 0.1) for entry in each.trainable_variables]
        each.optimizer.apply(gradients, each.trainable_variables)
    _demand_equal(
        [to_numpy(entry) for entry in loaded.trainable_variables],
        [to_numpy(entry) for entry in model.trainable_variables],
        "after the next step of the loaded model",
        rtol=1e-6,
        atol=1e-7,
    )


def _demand_equal(
    reached: Sequence[Any],
    expected: Sequence[Any],
    when: str,
    rtol: float = TOLERANCES["float32"][0],
    atol: float = 1e-6,
) -> None:
    for number, (value, wanted) in enumerate(zip(reached, expected, strict=True)):
        assert_close(value, wanted, f"weights {number} {when}", rtol=rtol, atol=atol)


OPTIMIZER_CHECKS = checks.collect(
    registered,
    arguments_in_config,
    config_round_trip,
    matches_reference,
    descends,
    dtypes_kept,
    constant_schedule,
    accumulation,
    clipping,
    weight_decay,
    rest_round_trip,
    compiled_matches_eager,
    compiles_once,
    state_saved,
)
"""The rules of an optimizer, the nearest to the cause first."""
