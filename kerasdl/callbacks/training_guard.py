"""What to do when something is not a number any more."""

import warnings
from typing import Any, Literal, NamedTuple

import keras
import numpy as np

from kerasdl.callbacks._bad_tensor import first_bad_tensor
from kerasdl.callbacks._checks import check_count, check_share
from kerasdl.callbacks._rates import multiply_rates
from kerasdl.callbacks._step_reader import StepReader
from kerasdl.callbacks._step_tap import Reading
from kerasdl.errors import UserError

_NAMED_AT_MOST = 5


class BadStep(NamedTuple):
    """One step whose loss or gradients were not finite.

    Args:
        step: Number of the step, from 0 with the optimizer's first.
        tensor: The first tensor that was not finite, and where in it.
        action: What was done.
    """

    step: int
    tensor: str
    action: str


class TrainingGuard(StepReader):
    """Watches for NaN and infinity, names the first bad tensor, and acts.

    A step whose gradients are not all finite is held back inside the compiled step: weights,
    optimizer, moving statistics, random seeds and metrics stay as they were before its batch. So
    nothing is spoilt until the host hears of it. The first bad tensor is then found by one more
    forward pass over that batch (see `events`), and

    - `"stop"`: training stops;
    - `"skip"`: training goes on with the next batch; it stops after `patience` bad steps in a row;
    - `"roll_back"`: weights and optimizer go back to how they were when the epoch began, or at the
      snapshot before the last of those made every `snapshot_every` steps, and the learning rate
      is multiplied by `factor`, whatever schedule it follows; the data goes on. After `attempts`
      times training stops.

    On JAX the host hears of a bad step while later ones run already, and how many may differ from
    run to run; those that are good have counted. With `steps_per_execution`, every bad step is held
    back, and the last one of an execution is seen. Under `LossScaleOptimizer` gradients overflow by
    design and are skipped there: here only the loss counts then.

    Cost: every step looks at all gradients, and the host reads a few numbers (in another thread on
    JAX; on PyTorch the step waits for them). The step is compiled once more for the first `fit`
    with a guard. Rolling back keeps two copies of weights and optimizer on the device.

    Args:
        action: What to do.
        patience: Bad steps in a row.
        factor: In (0, 1).
        attempts: How often to roll back.
        snapshot_every: Steps, or `None`: at the beginning of epochs alone.

    Raises:
        UserError: If an argument is out of its range.

    Differs from: `keras.callbacks.TerminateOnNaN`, which sees the loss after the weights are
    spoilt, waits for every step on JAX, and names nothing.

    Example:
        >>> guard = TrainingGuard("roll_back", factor=0.5)
        >>> model.fit(x, y, callbacks=[guard])
        >>> [(event.step, event.tensor) for event in guard.events]
        []
    """

    wants = frozenset({"finite", "batch"})

    def __init__(
        self,
        action: Literal["stop", "skip", "roll_back"] = "stop",
        patience: int = 10,
        factor: float = 0.5,
        attempts: int = 3,
        snapshot_every: int | None = None,
    ) -> None:
        super().__init__()
        if action not in ("stop", "skip", "roll_back"):
            raise UserError(
                f"`action` must be 'stop', 'skip' or 'roll_back'. Received: action={action!r}"
            )
        check_count("patience", patience)
        check_share("factor", factor)
        check_count("attempts", attempts)
        if snapshot_every is not None:
            check_count("snapshot_every", snapshot_every)
        self.action = action
        self.patience = patience
        self.factor = factor
        self.attempts = attempts
        self.snapshot_every = snapshot_every
        self.events: list[BadStep] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begins to watch."""
        self.events = []
        self.bad_steps = 0
        self._in_a_row = 0
        self._rolled_back = 0
        self._seen_from = 0
        self._pending: tuple[Reading, np.ndarray] | None = None
        self._snapshots: list[tuple[int, list[Any]]] = []
        # `self.model` would gather the state of a step that is running.
        self._fitted = self.model
        optimizer = self._fitted.optimizer
        self._scaling = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        super().on_train_begin(logs)

    def read(self, reading: Reading) -> None:
        """Looks at one step."""
        flags = np.asarray(keras.ops.convert_to_numpy(reading.results["finite"]))
        if reading.step < self._seen_from:
            return  # from before the weights went back
        if np.all(flags[:1] if self._scaling else flags):
            self._in_a_row = 0
            return
        self.bad_steps += 1
        self._in_a_row += 1
        if self.action == "stop":
            self._fitted.stop_training = True
        if self._pending is None or reading.step < self._pending[0].step:
            self._pending = reading, flags

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keeps the weights, if they may be needed."""
        if self.action == "roll_back":
            self._snap()

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Acts, if a step was bad."""
        if self._pending is not None:
            self._act()
        elif self.action == "roll_back" and self.snapshot_every:
            if self._tap.step % self.snapshot_every == 0 and self._tap.step:
                self._snap()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Reads what is left, and acts if a step was bad."""
        super().on_epoch_end(epoch, logs)
        if self._pending is not None:
            self._act()

    def _act(self) -> None:
        with self._reading:
            (reading, flags), self._pending = self._pending, None
            self._seen_from = self._tap.step if self.action == "roll_back" else 0
            self._readings = type(self._readings)(
                kept for kept in self._readings if kept.step >= self._seen_from
            )
        model = self.model
        tensor = "not looked for: it happened too often"
        if len(self.events) < _NAMED_AT_MOST:
            tensor = first_bad_tensor(model, self._tap.batch_of(reading), flags)
        action = getattr(self, f"_{self.action}")(model)
        self.events.append(BadStep(reading.step, tensor, action))
        if len(self.events) <= _NAMED_AT_MOST or model.stop_training:
            warnings.warn(f"step {reading.step}: not finite: {tensor}. {action}", stacklevel=3)

    def _stop(self, model: keras.Model) -> str:
        model.stop_training = True
        return "Training stops; the bad step has changed nothing"

    def _skip(self, model: keras.Model) -> str:
        if self._in_a_row < self.patience:
            return "The step is skipped"
        model.stop_training = True
        return f"Training stops, after {self._in_a_row} bad steps in a row; they changed nothing"

    def _roll_back(self, model: keras.Model) -> str:
        if self._rolled_back >= self.attempts:
            model.stop_training = True
            return f"Training stops: it has been rolled back {self.attempts} times"
        self._rolled_back += 1
        self._in_a_row = 0
        step, values = self._snapshots[0]
        for variable, value in zip(_state(model), values, strict=True):
            variable.assign(value)
        self._snapshots = self._snapshots[:1]
        rates = multiply_rates(model, self.factor)
        return (
            f"Back to the weights before step {step}; learning rate {rates.before:.3g} -> "
            f"{rates.after:.3g}"
        )

    def _snap(self) -> None:
        values = [keras.ops.copy(variable) for variable in _state(self.model)]
        self._snapshots = [*self._snapshots[-1:], (self._tap.step, values)]

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Ends the watch, and lets the copies go."""
        super().on_train_end(logs)
        self._snapshots = []
        self._fitted = None


def _state(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *model.optimizer.variables]
