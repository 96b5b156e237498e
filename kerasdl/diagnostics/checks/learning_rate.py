"""The learning rates that a network stands."""

from typing import NamedTuple

import numpy as np

from kerasdl.diagnostics.finding import Finding
from kerasdl.diagnostics.subject import Clock, Subject

NAME = "learning-rate"
RANGE = (1e-6, 10.0)
STEPS = (60, 100)
"""Fewest, where steps are slow, and most."""
TIMED = 5
"""Steps after which it is known how many there is time for."""
SMOOTH = 7
"""Steps of a moving mean: half a decade of rates at most steps."""
BLOWN = 4.0
"""Loss by the first one at which the sweep ends."""
FELL = 0.05
"""Share of the first loss by which some rate must lower it: smoothed batches differ by less."""
BUMP = 0.3
"""Share of the whole fall that is a rise: single batches, smoothed, differ by less."""
BELOW = 10.0
"""The suggestion is the rate from which on the loss rises by this: a long training is less patient
than a sweep."""
NEAR = 0.05
"""Share of the fall that may be missing where the loss counts as lowest: on a flat floor the very
lowest point is anywhere."""
SLOW = 30.0
"""A rate so many times below the suggestion needs about as many times the steps."""


class Sweep(NamedTuple):
    """Rates, losses and smoothed losses of a sweep, step by step."""

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray

    @property
    def noise(self) -> float:
        """What single batches leave in the smoothed loss: their median deviation from it."""
        spread = 1.48 * float(np.median(np.abs(self.losses - self.smoothed)))
        return spread / np.sqrt(SMOOTH)

    @property
    def fall(self) -> float:
        """From the first smoothed loss to the lowest."""
        return float(self.smoothed[0] - self.smoothed.min())

    @property
    def rises(self) -> float:
        """The rate from which on the smoothed loss rises again; the last one if it never does."""
        bump = max(BUMP * self.fall, 3 * self.noise)
        best = 0
        for index, loss in enumerate(self.smoothed):
            if loss < self.smoothed[best]:
                best = index
            elif loss > self.smoothed[best] + bump:
                return float(self.rates[index])
        return float(self.rates[-1])

    @property
    def lowest(self) -> float:
        """The first rate at which the smoothed loss is near its lowest before it rises again."""
        before = self.smoothed[self.rates <= self.rises]
        return float(self.rates[int(np.argmax(before <= before.min() + NEAR * self.fall))])

    @property
    def suggested(self) -> float:
        """A tenth of the rate from which on the loss rises; that of the lowest loss, if lower."""
        return min(self.rises / BELOW, self.lowest)


def learning_rate(subject: Subject) -> Finding:
    """A range test: the rate grows with each step from 1e-6 to 10, or until the loss blows up.

    From the loss of each batch that of the untrained network on the same batch is taken, and the
    mean of these is added: so that hard and easy batches make no waves. Suggested is a tenth of the
    rate from which on the smoothed loss rises again, or the rate at which it comes near its lowest,
    if that is lower. Where a file is named, a picture is drawn. Weights are put back.

    Reference: Smith, 2017, section 3.3, https://arxiv.org/abs/1506.01186
    """
    sweep = swept(subject)
    start = float(sweep.smoothed[0])
    if sweep.fall < max(FELL * abs(start), 3 * sweep.noise):
        said = f"no rate from {RANGE[0]:g} to {sweep.rates[-1]:.2g} lowers the loss ({start:.4g})"
        advice = "Look at the other findings first: the network hardly gets a useful gradient."
        return Finding(NAME, "warning", said, advice)
    rises, suggested, chosen = sweep.rises, sweep.suggested, subject.rate
    said = (
        f"yours {chosen:.1g}; suggested {suggested:.1g}: the loss is near its lowest from "
        f"{sweep.lowest:.1g} on and rises from {rises:.1g} on"
    )
    if subject.png is not None:
        from kerasdl import plots

        plots.learning_rate_range(*sweep, suggested, chosen, subject.png)
    if chosen >= rises:
        there = float(np.interp(np.log(chosen), np.log(sweep.rates), sweep.smoothed))
        verdict = "problem" if chosen > sweep.rates[-1] or there > start else "warning"
        return Finding(NAME, verdict, said, f"Lower it: --learning-rate {suggested:.1g}.")
    if chosen < suggested / SLOW:
        return Finding(NAME, "warning", said, f"Raise it: --learning-rate {suggested:.1g}.")
    return Finding(NAME, "ok", said)


def swept(subject: Subject) -> Sweep:
    """The losses under a growing rate, up to where they blow up."""
    low, high = RANGE
    most, rate = STEPS[1], low
    rates: list[float] = []
    losses: list[float] = []
    untrained: list[float] = []
    clock = Clock()
    with subject.untouched() as values:
        for batch in subject.stream():
            untrained.append(subject.loss(batch, training=True, values=values))
            subject.rate = rate
            rates.append(rate)
            losses.append(subject.step(batch))
            blown = not losses[-1] - untrained[-1] < (BLOWN - 1) * abs(untrained[0])
            passed = clock.tick()
            if len(losses) == TIMED and passed > 0:
                most = int(np.clip(subject.seconds / passed * (TIMED - 1), *STEPS))
            if blown or len(losses) >= most:
                break
            rate *= (high / rate) ** (1 / (most - len(losses)))
    found = np.array(losses) - untrained + np.mean(untrained)
    end = len(found) if np.isfinite(found[-1]) or len(found) == 1 else -1
    return Sweep(np.array(rates[:end]), found[:end], _smooth(found[:end]))


def _smooth(losses: np.ndarray) -> np.ndarray:
    """Moving means, over fewer steps at the ends."""
    ones = np.ones(min(SMOOTH, len(losses)))
    return np.convolve(losses, ones, "same") / np.convolve(np.ones(len(losses)), ones, "same")
