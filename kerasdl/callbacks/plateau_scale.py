"""A lower learning rate when nothing improves any more."""

import math
import re
import warnings
from typing import Any, Literal

import keras

from kerasdl.callbacks._checks import check_count, check_share
from kerasdl.callbacks._rates import multiply_rates
from kerasdl.errors import UserError

_HIGHER_IS_BETTER = re.compile(r"acc|auc|precision|recall|f1|r2|iou|bleu|top_k")


class PlateauScale(keras.callbacks.Callback):
    """Multiplies the learning rate by a factor when a figure has stopped improving.

    With `n` the multiplications made: `rate(t) = factor ** n * r(t)`, but not below
    `min(floor, r(t))`, where `r` is whatever sets the rate: a number or any schedule, which goes
    on beneath. Wrapped optimizers and groups are followed to where the rate is.

    Works at the end of an epoch. An improvement is a change of more than `min_delta` for the
    better; after `patience` epochs without one the rate is multiplied, and the count begins anew
    after `cooldown` more.

    Cost: nothing in the step. Where the rate is a schedule, the step is compiled again after each
    multiplication, since a schedule is a constant of a compiled step.

    Saved models: the multiplied rate is part of the optimizer's config, and loading it goes on with
    it. `state()` and `restore(state)` carry the count of this callback.

    Args:
        monitor: Name in the logs of an epoch.
        factor: In (0, 1).
        patience: Epochs without improvement.
        floor: The rate at which multiplying stops.
        mode: `"min"` or `"max"`; `"auto"` takes `"max"` for names such as accuracy, AUC, recall
            or F1.
        min_delta: The least change that counts.
        cooldown: Epochs after a multiplication in which nothing is counted.
        verbose: Whether to print each multiplication.

    Raises:
        UserError: If an argument is out of its range; in training, if the rate is a function.

    Differs from: `keras.callbacks.ReduceLROnPlateau`, which raises a `TypeError` at the first
    plateau under a schedule.

    Example:
        >>> schedule = 0.1 * (Warmup(500) >> Cosine(20_000, 0.1))
        >>> model.compile(keras.optimizers.SGD(schedule), "mse")
        >>> model.fit(x, y, validation_split=0.1, callbacks=[PlateauScale(patience=5)])
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        floor: float = 1e-6,
        mode: Literal["auto", "min", "max"] = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        verbose: bool = True,
    ) -> None:
        super().__init__()
        check_share("factor", factor)
        check_count("patience", patience)
        check_count("cooldown", cooldown, least=0)
        for name, value in (("floor", floor), ("min_delta", min_delta)):
            if not isinstance(value, int | float) or not 0 <= value < math.inf:
                raise UserError(f"`{name}` must be a number >= 0. Received: {name}={value!r}")
        if mode not in ("auto", "min", "max"):
            raise UserError(f"`mode` must be 'auto', 'min' or 'max'. Received: mode={mode!r}")
        self.monitor = monitor
        self.factor = factor
        self.patience = patience
        self.floor = floor
        self.mode = mode
        self.min_delta = min_delta
        self.cooldown = cooldown
        self.verbose = verbose
        rising = mode == "max" or (mode == "auto" and _HIGHER_IS_BETTER.search(monitor))
        self._sign = -1.0 if rising else 1.0
        self._restored = False
        self._begin()

    def _begin(self) -> None:
        self.best: float | None = None
        self.waited = 0
        self.resting = 0
        self.times = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begins to count, or goes on from a state restored."""
        if not self._restored:
            self._begin()
        self._restored = False

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Counts the epoch, and multiplies the rate if it is time."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(
                f"PlateauScale watches '{self.monitor}', which is not in the logs of this epoch: "
                f"{', '.join(logs or {})}",
                stacklevel=2,
            )
            return
        if self._counts(float(value)):
            self._multiply(epoch)

    def _counts(self, value: float) -> bool:
        """Whether patience is at its end."""
        value *= self._sign
        in_peace = self.resting > 0
        self.resting = max(self.resting - 1, 0)
        if self.best is None or value < self.best - self.min_delta:
            self.best, self.waited = value, 0
            return False
        self.waited = 0 if in_peace else self.waited + 1
        return self.waited >= self.patience

    def _multiply(self, epoch: int) -> None:
        rates = multiply_rates(self.model, self.factor, self.floor)
        self.waited, self.resting = 0, self.cooldown
        self.times += 1
        if self.verbose:
            print(
                f"epoch {epoch + 1}: no better {self.monitor} for {self.patience} epochs, "
                f"learning rate {rates.before:.3g} -> {rates.after:.3g}"
            )

    def state(self) -> dict[str, Any]:
        """What `restore` needs to go on counting; plain values."""
        names = ("best", "waited", "resting", "times")
        return {name: getattr(self, name) for name in names}

    def restore(self, state: dict[str, Any]) -> None:
        """Makes the next `fit` go on counting from a state.

        The learning rate is not part of it: it comes with the optimizer.
        """
        for name, value in state.items():
            setattr(self, name, value)
        self._restored = True
