import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasdl.callbacks._loss_level import LossLevel

STEPS = 1500
CURVES = {
    "power law": lambda t: 0.3 + 2.0 * (1 + t / 20) ** -0.5,
    "exponential": lambda t: 0.02 + 3.0 * np.exp(-t / 300),
    "a rate that falls at once": lambda t: np.where(t < 700, 1.0, 0.2),
    "nothing learnt": lambda t: np.full(len(t), 2.3),
    "slowly worse": lambda t: 0.5 + 0.0003 * t,
}
NOISES = {
    "normal": lambda rng, n: np.abs(1 + 0.3 * rng.normal(size=n)),
    "lognormal": lambda rng, n: np.exp(1.5 * rng.normal(size=n)),
    "Student's t": lambda rng, n: np.exp(0.5 * rng.standard_t(3, n)),
    "Laplace": lambda rng, n: np.exp(rng.laplace(size=n)),
    "gamma": lambda rng, n: rng.gamma(0.7, size=n) + 1e-9,
}


def spikes_of(losses, **arguments):
    level = LossLevel(**{"deviations": 5.0, "window": 200, "lasting": 10} | arguments)
    return [step for step, loss in enumerate(losses) if level.see(float(loss))]


@pytest.mark.once
@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.sampled_from(sorted(CURVES)),
    st.sampled_from(sorted(NOISES)),
    st.floats(-3, 2),
    st.integers(0, 2**32 - 1),
)
def test_ordinary_noise_is_no_spike(curve, noise, exponent, seed):
    rng = np.random.default_rng(seed)
    losses = 10.0**exponent * CURVES[curve](np.arange(STEPS)) * NOISES[noise](rng, STEPS)
    assert spikes_of(losses) == []


@pytest.mark.once
@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.sampled_from(["power law", "nothing learnt", "slowly worse"]),
    st.integers(300, 1400),
    st.integers(0, 2**32 - 1),
)
def test_a_lasting_rise_by_five_is_found_once_and_at_once(curve, at, seed):
    rng = np.random.default_rng(seed)
    losses = CURVES[curve](np.arange(STEPS)) * np.exp(0.15 * rng.normal(size=STEPS))
    losses[at : at + 40] *= 5
    (found,) = spikes_of(losses)
    assert at + 5 <= found <= at + 8


def test_a_single_bad_batch_is_no_spike():
    losses = np.ones(400) + 0.01 * np.sin(np.arange(400))
    losses[[200, 250, 255]] = 1e6
    assert spikes_of(losses) == []


def test_limit_is_that_of_the_formula(rng):
    """Of the 200 losses before the 10 latest, worked out anew."""
    losses = rng.normal(size=230)  # not all positive: no logarithms
    level = LossLevel(5.0, 200, 10)
    for loss in losses:
        level.see(float(loss))
    before = losses[224 - 210 : 224 - 10]  # the level was last looked at before the 225th loss
    median = np.median(before)
    deviation = 1.4826 * np.median(np.abs(before - median))
    assert level.level.median == pytest.approx(median)
    assert level.level.limit == pytest.approx(median + 5 * deviation)


def test_nothing_is_judged_before_fifty_losses():
    assert spikes_of([1.0] * 40 + [100.0] * 20) == []
    assert spikes_of([1.0] * 80 + [100.0] * 20) == [85]


def test_a_level_that_stays_becomes_the_usual_one():
    losses = [1.0] * 300 + [3.0] * 400 + [9.0] * 100
    assert spikes_of(losses) == [305, 705]


def test_it_goes_on_from_a_state(rng):
    losses = np.exp(0.2 * rng.normal(size=600))
    losses[450:] *= 8
    whole, first, second = (LossLevel(5.0, 200, 10) for _ in range(3))
    expected = [step for step, loss in enumerate(losses) if whole.see(float(loss))]
    for loss in losses[:448]:
        first.see(float(loss))
    second.restore(first.state())
    found = [448 + step for step, loss in enumerate(losses[448:]) if second.see(float(loss))]
    assert found == expected and len(found) == 1
