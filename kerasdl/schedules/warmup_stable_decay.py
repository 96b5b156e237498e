"""Up, level, and down at the end."""

from typing import Any, Literal

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.schedules._checks import check_factor, check_length
from kerasdl.schedules.schedule import Length, Schedule, in_steps


@keras.saving.register_keras_serializable(package="kerasdl")
class WarmupStableDecay(Schedule):
    """A warm-up, a long level stretch, and a short fall at the end.

    With `q` the part of the fall that is done, from 0 to 1:
    `y = t / warmup`, then `y = 1`, then `y = end + (1 - end) * (1 - q)`, or with `shape="sqrt"`
    `y = end + (1 - end) * (1 - sqrt(q))`.

    A training may be prolonged at any point of the level stretch. The linear form is
    `Warmup(warmup) >> Hold(stable) >> Linear(decay, end)`.

    Args:
        warmup: Steps, or `Epochs`, of the rise.
        stable: Steps, or `Epochs`, of the level stretch.
        decay: Steps, or `Epochs`, of the fall.
        end: The factor at the end, at least 0.
        shape: Of the fall: `"linear"` or `"sqrt"`.

    Raises:
        UserError: If an argument is out of its range.

    Example:
        >>> schedule = WarmupStableDecay(100, 800, 100)
        >>> [round(float(schedule(step)), 6) for step in (50, 500, 950, 1000)]
        [0.5, 1.0, 0.5, 0.0]

    Reference: Hu et al., 2024, section 4, https://arxiv.org/abs/2404.06395; the root: Hägele et
    al., 2024, equation 1, https://arxiv.org/abs/2405.18392
    """

    def __init__(
        self,
        warmup: Length,
        stable: Length,
        decay: Length,
        end: float = 0.0,
        shape: Literal["linear", "sqrt"] = "linear",
    ) -> None:
        check_length("warmup", warmup)
        check_length("stable", stable)
        check_length("decay", decay)
        check_factor("end", end, zero=True)
        if shape not in ("linear", "sqrt"):
            raise UserError(f"`shape` must be 'linear' or 'sqrt'. Received: shape={shape!r}")
        self.warmup = warmup
        self.stable = stable
        self.decay = decay
        self.end = end
        self.shape = shape

    @property
    def endless(self) -> bool:
        """It ends."""
        return False

    @property
    def steps(self) -> int:
        """The sum of its three parts."""
        return sum(self._lengths())

    @property
    def last(self) -> float:
        """`end`."""
        return float(self.end)

    def factor(self, elapsed: Any) -> Any:
        """See the class."""
        warmup, stable, decay = self._lengths()
        done = ops.maximum(elapsed - (warmup + stable), 0.0) / decay
        if self.shape == "sqrt":
            done = ops.sqrt(done)
        fall = self.end + (1.0 - self.end) * (1.0 - done)
        return ops.minimum(elapsed / warmup, 1.0) * fall

    def _lengths(self) -> tuple[int, int, int]:
        return (
            in_steps("warmup", self.warmup),
            in_steps("stable", self.stable),
            in_steps("decay", self.decay),
        )
