"""The checks of a regularizer."""

import tempfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdl.backend.gradients import value_and_gradients
from kerasdl.errors import UserError
from kerasdl.testing import checks, serialization, training
from kerasdl.testing.checks import demand
from kerasdl.testing.gradients import check_gradients
from kerasdl.testing.numerics import assert_close, assert_finite, to_numpy

_SHAPES = ((5,), (3, 4), (2, 2, 3, 4))


class RegularizerCase:
    """A regularizer; the arguments are those of `check_regularizer`."""

    def __init__(
        self,
        make: Callable[[], keras.Regularizer],
        *,
        reference: Callable[[np.ndarray], Any] | None = None,
        shapes: Sequence[tuple[int, ...]] = _SHAPES,
        rtol: float = 1e-5,
        atol: float = 1e-6,
    ) -> None:
        self.make, self.reference, self.rtol, self.atol = make, reference, rtol, atol
        generator = np.random.default_rng(0)
        self.weights = [generator.normal(size=shape) for shape in shapes]
        self.new()

    def describe(self) -> str:
        """Class and weight shapes."""
        shapes = [weight.shape for weight in self.weights]
        return f"{type(self.new()).__name__} on weights of shapes {shapes}"

    def new(self) -> keras.Regularizer:
        """A fresh regularizer."""
        regularizer = self.make()
        if not isinstance(regularizer, keras.Regularizer):
            raise UserError(f"`make` must return a keras.Regularizer. Received: {regularizer!r}")
        return regularizer


def check_regularizer(
    make: Callable[[], keras.Regularizer],
    *,
    reference: Callable[[np.ndarray], Any] | None = None,
    shapes: Sequence[tuple[int, ...]] = _SHAPES,
    rtol: float = 1e-5,
    atol: float = 1e-6,
    skip: Collection[str] = (),
    only: Collection[str] | None = None,
) -> None:
    """Runs every rule of `REGULARIZER_CHECKS` on a regularizer.

    Args:
        make: Returns a new regularizer, always the same.
        reference: `f(weight)` with a float64 array gives the expected penalty.
        shapes: Shapes of the weights it is tried on.
        rtol: Relative tolerance against the reference.
        atol: Absolute tolerance against the reference.
        skip: Names of checks left out, or a mapping of names to reasons.
        only: Names of the only checks run.

    Raises:
        AssertionError: At the first rule broken; names check, regularizer and what reproduces it.
        UserError: If an argument here is wrong.

    Example:
        >>> check_regularizer(lambda: keras.regularizers.L2(0.1),
        ...                   reference=lambda w: 0.1 * np.sum(w**2))
    """
    chosen = checks.selected(REGULARIZER_CHECKS, skip, only)
    case = RegularizerCase(make, reference=reference, shapes=shapes, rtol=rtol, atol=atol)
    checks.run("check_regularizer", chosen, case)


def registered(case: RegularizerCase) -> None:
    """The class is registered with Keras under a package of its own.

    Reproduce: keras.saving.get_registered_name(type(make()))
    """
    serialization.demand_registered(case.new())


def arguments_in_config(case: RegularizerCase) -> None:
    """`get_config` holds every argument of the constructor.

    Reproduce: make().get_config()
    """
    serialization.demand_arguments_in_config(case.new())


def config_round_trip(case: RegularizerCase) -> None:
    """The config goes through JSON and makes an equal regularizer, which gives the same penalty.

    Reproduce: r = make(); type(r).from_config(r.get_config())(weight)
    """
    regularizer = case.new()
    serialization.demand_round_trip(regularizer)
    copy = serialization.revived(regularizer)
    for weight in case.weights:
        tensor = keras.ops.convert_to_tensor(weight, dtype="float32")
        assert_close(copy(tensor), regularizer(tensor), "penalty of the copy", rtol=0, atol=0)


def finite_scalar(case: RegularizerCase) -> None:
    """The penalty is one finite number, at weights of 0 too.

    Reproduce: make()(keras.ops.zeros((3, 4)))
    """
    for weight in case.weights:
        for values in (weight, 0 * weight):
            penalty = case.new()(keras.ops.convert_to_tensor(values, dtype="float32"))
            shape = tuple(penalty.shape)
            demand(shape == (), f"the penalty has shape {shape}, expected a scalar")
            assert_finite(penalty, f"penalty of weights of shape {weight.shape}")


def matches_reference(case: RegularizerCase) -> None:
    """The penalty is that of the reference, computed in float64.

    Reproduce: make()(weight)
    """
    if case.reference is None:
        return
    for weight in case.weights:
        penalty = case.new()(keras.ops.convert_to_tensor(weight, dtype="float32"))
        what = f"penalty of weights of shape {weight.shape}"
        assert_close(penalty, case.reference(weight), what, rtol=case.rtol, atol=case.atol)


def gradient_is_finite(case: RegularizerCase) -> None:
    """The gradient is finite, at weights of 0 too, and not zero throughout.

    Reproduce: kerasdl.backend.gradients.value_and_gradients(lambda: make()(w.value), [w])
    """
    for weight in case.weights:
        for values in (weight, 0 * weight):
            variable = keras.Variable(values, dtype="float32")
            regularizer = case.new()
            _, (gradient,) = value_and_gradients(
                lambda call=regularizer, at=variable: call(at.value), [variable]
            )
            if values is weight:
                demand(gradient is not None and np.any(to_numpy(gradient)), "there is no gradient")
            if gradient is not None:
                at = "0" if values is not weight else "random weights"
                assert_finite(gradient, f"gradient at {at} of shape {weight.shape}")


def gradients(case: RegularizerCase) -> None:
    """The gradient agrees with central differences.

    Reproduce: check_gradients(make(), weight)
    """
    check_gradients(lambda weight: case.new()(weight), case.weights[0])


def half_precision(case: RegularizerCase) -> None:
    """Weights in bfloat16 and float16 give a finite penalty.

    Reproduce: make()(keras.ops.cast(weight, "bfloat16"))
    """
    for dtype in ("bfloat16", "float16"):
        penalty = case.new()(keras.ops.convert_to_tensor(case.weights[0], dtype=dtype))
        assert_finite(penalty, f"penalty of {dtype} weights")


def in_training(case: RegularizerCase) -> None:
    """On a layer's weight the penalty joins the loss of a compiled step, and is saved with it.

    Reproduce: keras.layers.Dense(4, kernel_regularizer=make())
    """
    matrix = next((weight for weight in case.weights if weight.ndim == 2), None)
    if matrix is None:
        return
    regularizer = case.new()
    inputs = keras.Input((matrix.shape[0],))
    dense = keras.layers.Dense(
        matrix.shape[1], use_bias=False, kernel_regularizer=regularizer, name="dense"
    )
    model = keras.Model(inputs, dense(inputs))
    dense.kernel.assign(matrix)
    model.compile("sgd", "mse", jit_compile=training.jit_compile())
    x, y = np.zeros((2, matrix.shape[0]), "float32"), np.zeros((2, matrix.shape[1]), "float32")
    penalty = case.new()(keras.ops.convert_to_tensor(matrix, dtype="float32"))
    loss = float(model.train_on_batch(x, y))
    assert_close(loss, penalty, "loss of a compiled step whose error is 0", rtol=1e-4, atol=1e-6)
    known = {type(regularizer).__name__: type(regularizer)}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.keras"
        model.save(file)
        loaded = keras.saving.load_model(file, compile=False, custom_objects=known)
    change = serialization.difference(
        serialization.plain_config(regularizer),
        serialization.plain_config(loaded.get_layer("dense").kernel_regularizer),
    )
    demand(not change, f"the loaded regularizer's config differs: {change}")


REGULARIZER_CHECKS = checks.collect(
    registered,
    arguments_in_config,
    config_round_trip,
    finite_scalar,
    matches_reference,
    gradient_is_finite,
    gradients,
    half_precision,
    in_training,
)
"""The rules of a regularizer, the nearest to the cause first."""
