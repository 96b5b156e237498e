"""How fast a training goes, and how long it will take."""

import time
from collections import deque

_WINDOW = 5.0  # seconds that the present rate is taken over
_LONG = 60.0  # at least, and half the time so far, for the pace that the rest is foreseen by
_MOST = 1000  # marks that are kept


class Pace:
    """Steps and their times, from the end of this process's first step on, which compiles.

    Args:
        total: Steps in all.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.first_step: float | None = None
        self._begun: float | None = None
        self._marks: list[tuple[float, int]] = []
        self._recent: deque[tuple[float, int]] = deque()

    def begin(self) -> None:
        """A step begins; the first counts: on JAX the next begins before its end is heard of."""
        if self._begun is None:
            self._begun = time.perf_counter()

    def warm(self, done: int) -> None:
        """All is compiled by now, a last smaller batch and the validation too: begins anew."""
        self._marks = [(time.perf_counter(), done)]

    def reached(self, done: int) -> None:
        """So many steps are done, those of earlier processes included."""
        now = time.perf_counter()
        if not self._marks:
            self.first_step = 0.0 if self._begun is None else now - self._begun
        if not self._marks or now - self._marks[-1][0] >= 1.0:
            self._marks.append((now, done))
        if len(self._marks) > _MOST:
            self._marks = self._marks[::2]
        if not self._recent or now - self._recent[-1][0] > _WINDOW / 20:
            self._recent.append((now, done))
        while now - self._recent[0][0] > _WINDOW and len(self._recent) > 2:
            self._recent.popleft()

    def rate(self) -> float | None:
        """Steps a second, lately."""
        if len(self._recent) < 2:
            return None
        (before, first), (after, last) = self._recent[0], self._recent[-1]
        return (last - first) / (after - before) if last > first else None

    def left(self, done: int) -> float | None:
        """Seconds to the end, if the rest goes as the second half so far, pauses included."""
        if not self._marks or done <= self._marks[0][1]:
            return None
        now = time.perf_counter()
        since = now - max(_LONG, (now - self._marks[0][0]) / 2)
        recent = (mark for mark in self._marks if mark[0] >= since and mark[1] < done)
        begun, first = next(recent, self._marks[0])
        return (now - begun) / (done - first) * (self.total - done)


def clock(seconds: float) -> str:
    """`0:07`, `12:30`, `3:00:05`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def per_second(rate: float) -> str:
    """`312 steps/s`, `1.25 steps/s`, `8.1 s/step`."""
    if rate < 0.5:
        return f"{1 / rate:.1f} s/step"
    return f"{rate:,.0f} steps/s" if rate >= 20 else f"{rate:.3g} steps/s"
