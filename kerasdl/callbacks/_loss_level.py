"""The recent level of a noisy loss, and when it is left for good."""

import math
from collections import deque
from typing import Any, NamedTuple

import numpy as np

_NORMAL = 1.4826  # a normal distribution's standard deviation, by its median absolute deviation
_FLOOR = 1.5  # a spike is at least so many times the level
_LEAST = 50  # losses, before anything is judged
_EVERY = 16  # losses, between two looks at the level


class Level(NamedTuple):
    """Where a loss lies, and above what it does not belong.

    Args:
        median: Of the window.
        limit: What is above it counts as high.
    """

    median: float
    limit: float


class LossLevel:
    """Says when most of the latest losses are far above the level before them.

    A loss is high above `median + deviations * 1.4826 * MAD` of the `window` losses before the
    `lasting` latest (MAD: the median absolute deviation from the median), and 1.5 times the median
    at least; logarithms are taken where all of them are positive, since losses scatter by factors.
    A spike begins when more than half of the `lasting` latest losses are high, and is over when
    none is. Since the window moves on, a level that is there to stay becomes the usual one.
    """

    def __init__(self, deviations: float, window: int, lasting: int) -> None:
        self.deviations = deviations
        self.window = window
        self.lasting = lasting
        self.clear()

    def clear(self) -> None:
        """Forgets every loss."""
        self.losses: deque[float] = deque(maxlen=self.window + self.lasting)
        self.high: deque[bool] = deque(maxlen=self.lasting)
        self.level: Level | None = None
        self.spiking = False
        self._until_look = 0

    def see(self, loss: float) -> bool:
        """Takes the next loss; whether a spike has begun by it."""
        if self._until_look == 0:
            self.level = self._look()
            self._until_look = _EVERY
        self._until_look -= 1
        self.losses.append(loss)
        self.high.append(self.level is not None and loss > self.level.limit)
        high = sum(self.high)
        began = not self.spiking and 2 * high > self.lasting
        self.spiking = began or (self.spiking and high > 0)
        return began

    def forgive(self) -> None:
        """Ends a spike: training went back to before it."""
        for _ in range(min(len(self.high), len(self.losses))):
            self.losses.pop()
        self.high.clear()
        self.spiking = False

    def latest(self) -> list[float]:
        """The losses among which a spike is looked for."""
        return list(self.losses)[-len(self.high) :]

    def state(self) -> dict[str, Any]:
        """What `restore` needs."""
        return {
            "losses": list(self.losses),
            "high": list(self.high),
            "level": None if self.level is None else list(self.level),
            "spiking": self.spiking,
            "until_look": self._until_look,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from a state."""
        self.clear()
        self.losses.extend(float(loss) for loss in state["losses"])
        self.high.extend(bool(high) for high in state["high"])
        self.level = None if state["level"] is None else Level(*state["level"])
        self.spiking = bool(state["spiking"])
        self._until_look = int(state["until_look"])

    def _look(self) -> Level | None:
        before = np.array(self.losses)[: len(self.losses) - self.lasting]
        if len(before) < _LEAST:
            return None
        by_factors = bool(np.all(before > 0))
        if by_factors:
            before = np.log(before)
        median = _median(before)
        spread = self.deviations * _NORMAL * _median(np.abs(before - median))
        if by_factors:
            return Level(math.exp(median), math.exp(median + max(spread, math.log(_FLOOR))))
        return Level(median, median + max(spread, (_FLOOR - 1) * abs(median)))


def _median(values: np.ndarray) -> float:
    """As NumPy's, which takes eight times as long over so few, 12.6 us for 200."""
    ordered, count = np.sort(values), len(values)
    return float(ordered[(count - 1) // 2] + ordered[count // 2]) / 2
