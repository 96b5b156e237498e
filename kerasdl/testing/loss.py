"""The checks of a loss."""

import tempfile
from collections.abc import Callable, Collection
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdl.backend.gradients import value_and_gradients
from kerasdl.errors import UserError
from kerasdl.testing import checks, serialization, training
from kerasdl.testing.arguments import standard_dtype
from kerasdl.testing.checks import demand
from kerasdl.testing.gradients import check_gradients
from kerasdl.testing.numerics import TOLERANCES, assert_close, assert_finite, dtype_of, to_numpy
from kerasdl.testing.scale import Scale


class LossCase:
    """A loss with targets and predictions; the arguments are those of `check_loss`."""

    def __init__(
        self,
        make: Callable[[], keras.losses.Loss],
        y_true: np.ndarray,
        y_pred: np.ndarray,
        *,
        reference: Callable[[np.ndarray, np.ndarray], Any] | None = None,
        differentiable: bool = True,
        rtol: float = 1e-5,
        atol: float = 1e-6,
    ) -> None:
        self.make, self.reference, self.differentiable = make, reference, differentiable
        self.rtol, self.atol = rtol, atol
        self.y_true, self.y_pred = np.asarray(y_true), np.asarray(y_pred)
        if self.y_true.shape[:1] != self.y_pred.shape[:1] or not self.y_pred.ndim:
            raise UserError(
                "`y_true` and `y_pred` must share a first axis, the batch. Received: shapes "
                f"{self.y_true.shape} and {self.y_pred.shape}"
            )
        self.new()

    def describe(self) -> str:
        """Class and shapes."""
        return (
            f"{type(self.new()).__name__} on y_true {standard_dtype(self.y_true)} "
            f"{self.y_true.shape}, y_pred {self.y_pred.shape}"
        )

    def new(self) -> keras.losses.Loss:
        """A fresh loss."""
        loss = self.make()
        if not isinstance(loss, keras.losses.Loss):
            raise UserError(f"`make` must return a keras.losses.Loss. Received: {loss!r}")
        return loss

    def tensors(self, rows: Any = slice(None), dtype: str = "float32") -> tuple[Any, Any]:
        """Targets and predictions of some samples as tensors."""
        y_true, y_pred = self.y_true[rows], self.y_pred[rows]
        return (
            keras.ops.convert_to_tensor(y_true, dtype=standard_dtype(y_true)),
            keras.ops.convert_to_tensor(y_pred, dtype=dtype),
        )

    @cached_property
    def value(self) -> Any:
        """The loss of all samples."""
        return self.new()(*self.tensors())


def check_loss(
    make: Callable[[], keras.losses.Loss],
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    reference: Callable[[np.ndarray, np.ndarray], Any] | None = None,
    differentiable: bool = True,
    rtol: float = 1e-5,
    atol: float = 1e-6,
    skip: Collection[str] = (),
    only: Collection[str] | None = None,
) -> None:
    """Runs every rule of `LOSS_CHECKS` on a loss.

    Args:
        make: Returns a new loss, always the same.
        y_true: Targets, the batch first.
        y_pred: Predictions, the batch first.
        reference: `f(y_true, y_pred)` with float64 predictions gives the expected value.
        differentiable: Whether gradients are meant to be those of the value.
        rtol: Relative tolerance against the reference.
        atol: Absolute tolerance against the reference.
        skip: Names of checks left out, or a mapping of names to reasons.
        only: Names of the only checks run.

    Raises:
        AssertionError: At the first rule broken; names check, loss and what reproduces it.
        UserError: If an argument here is wrong.

    Example:
        >>> check_loss(keras.losses.MeanSquaredError, np.zeros((2, 3)), np.ones((2, 3)),
        ...            reference=lambda t, p: np.mean((t - p) ** 2))
    """
    chosen = checks.selected(LOSS_CHECKS, skip, only)
    case = LossCase(
        make,
        y_true,
        y_pred,
        reference=reference,
        differentiable=differentiable,
        rtol=rtol,
        atol=atol,
    )
    checks.run("check_loss", chosen, case)


def registered(case: LossCase) -> None:
    """The class is registered with Keras under a package of its own.

    Reproduce: keras.saving.get_registered_name(type(make()))
    """
    serialization.demand_registered(case.new())


def arguments_in_config(case: LossCase) -> None:
    """`get_config` holds every argument of the constructor.

    Reproduce: make().get_config()
    """
    serialization.demand_arguments_in_config(case.new())


def config_round_trip(case: LossCase) -> None:
    """The config goes through JSON and makes an equal loss, which gives the same value.

    Reproduce: loss = make(); type(loss).from_config(loss.get_config())(y_true, y_pred)
    """
    loss = case.new()
    serialization.demand_round_trip(loss)
    copy = serialization.revived(loss)
    assert_close(copy(*case.tensors()), case.value, "value of the copy", rtol=0, atol=0)


def finite_scalar(case: LossCase) -> None:
    """The value is one finite number in the loss's dtype.

    Reproduce: make()(y_true, y_pred)
    """
    shape = tuple(case.value.shape)
    demand(shape == (), f"the value has shape {shape}, expected a scalar")
    dtype = case.new().dtype
    demand(dtype_of(case.value) == dtype, f"the value is {dtype_of(case.value)}, expected {dtype}")
    assert_finite(case.value, "value")


def matches_reference(case: LossCase) -> None:
    """The value is that of the reference, computed in float64.

    Reproduce: make()(y_true, y_pred)
    """
    if case.reference is not None:
        y_true = case.y_true
        y_true = y_true.astype("float64") if y_true.dtype.kind == "f" else y_true
        expected = case.reference(y_true, case.y_pred.astype("float64"))
        assert_close(
            case.value, expected, "value against reference", rtol=case.rtol, atol=case.atol
        )


def any_batch_size(case: LossCase) -> None:
    """Batches of one and of an odd size give finite values.

    Reproduce: make()(y_true[:1], y_pred[:1])
    """
    size = len(case.y_pred)
    for rows in ([0], np.arange(2 * size + 1) % size):
        value = case.new()(*case.tensors(rows))
        demand(tuple(value.shape) == (), f"a batch of {len(rows)} gives shape {value.shape}")
        assert_finite(value, f"value for a batch of {len(rows)}")


def sample_weight(case: LossCase) -> None:
    """Weights of 1 change nothing, and a sample of weight 0 does not reach the value.

    Reproduce: make()(y_true, y_pred, sample_weight=np.ones(len(y_true)))
    """
    loss, size = case.new(), len(case.y_pred)
    y_true, y_pred = case.tensors()
    weighted = loss(y_true, y_pred, sample_weight=keras.ops.ones((size,)))
    assert_close(weighted, case.value, "value with weights of 1", rtol=1e-5, atol=1e-6)
    if size < 2:
        return
    weights = keras.ops.convert_to_tensor([0.0] + [1.0] * (size - 1), dtype="float32")
    without = loss(y_true, y_pred, sample_weight=weights)
    rows = [1, *range(1, size)]
    other = loss(*case.tensors(rows), sample_weight=weights)
    assert_close(other, without, "value with another sample of weight 0", rtol=1e-5, atol=1e-6)


def gradient_is_finite(case: LossCase) -> None:
    """The gradient with respect to the predictions is finite and not zero throughout.

    Reproduce: kerasdl.backend.gradients.value_and_gradients(lambda: loss(y_true, p), [p])
    """
    if not case.differentiable:
        return
    y_true, y_pred = case.tensors()
    variable, loss = keras.Variable(y_pred), case.new()
    _, (gradient,) = value_and_gradients(lambda: loss(y_true, variable.value), [variable])
    demand(gradient is not None and np.any(to_numpy(gradient)), "the predictions get no gradient")
    assert_finite(gradient, "gradient")


def gradients(case: LossCase) -> None:
    """The gradient with respect to the predictions agrees with central differences.

    Reproduce: check_gradients(lambda p: loss(y_true, p), y_pred)
    """
    if not case.differentiable:
        return

    def value(y_pred: Any) -> Any:
        # Made here: a loss computes in what `floatx` was at its making.
        return case.new()(case.tensors()[0], y_pred)

    check_gradients(value, case.y_pred, samples_per_parameter=6)


def half_precision(case: LossCase) -> None:
    """Predictions in bfloat16 and float16 give a finite value in the loss's own dtype.

    Reproduce: make()(y_true, keras.ops.cast(y_pred, "bfloat16"))
    """
    for dtype in ("bfloat16", "float16"):
        loss = case.new()
        value = loss(*case.tensors(dtype=dtype))
        demand(dtype_of(value) == loss.dtype, f"{dtype} predictions give {dtype_of(value)}")
        assert_finite(value, f"value for {dtype} predictions")
        tolerance = TOLERANCES[dtype][0]
        assert_close(
            value,
            case.value,
            f"value for {dtype} predictions",
            rtol=tolerance,
            atol=tolerance * max(1.0, float(np.max(np.abs(case.y_pred)))),
        )


def compiled_step(case: LossCase) -> None:
    """In a compiled training step the loss has the same value, and the step stays finite.

    Reproduce: model.compile("sgd", make(), jit_compile=True); model.train_on_batch(x, y_true)
    """
    model = _model(case)
    y_true, y_pred = (np.asarray(to_numpy(entry)) for entry in case.tensors())
    value = float(model.train_on_batch(y_pred, y_true))
    assert_close(value, case.value, "loss of a compiled step", rtol=1e-4, atol=1e-5)
    for variable in model.trainable_variables:
        assert_finite(variable, "weight after a step")


def save_and_load(case: LossCase) -> None:
    """A model compiled with the loss is saved and loaded with an equal loss.

    Reproduce: model.compile("sgd", make()); model.save("m.keras");
    keras.saving.load_model("m.keras").loss.get_config()
    """
    loss = case.new()
    model = _model(case)
    known = {type(loss).__name__: type(loss)}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.keras"
        model.save(file)
        loaded = keras.saving.load_model(file, custom_objects=known)
    change = serialization.difference(
        serialization.plain_config(model.loss), serialization.plain_config(loaded.loss)
    )
    demand(not change, f"the loaded loss's config differs: {change}")


def _model(case: LossCase) -> keras.Model:
    """A compiled model that gives its input times a trainable 1."""
    inputs = keras.Input(case.y_pred.shape[1:])
    model = keras.Model(inputs, Scale()(inputs))
    optimizer = keras.optimizers.SGD(0.01)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, case.new(), jit_compile=training.jit_compile())
    return model


LOSS_CHECKS = checks.collect(
    registered,
    arguments_in_config,
    config_round_trip,
    finite_scalar,
    matches_reference,
    any_batch_size,
    sample_weight,
    gradient_is_finite,
    gradients,
    half_precision,
    compiled_step,
    save_and_load,
)
"""The rules of a loss, the nearest to the cause first."""
