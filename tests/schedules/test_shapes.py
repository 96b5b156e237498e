"""Each schedule against its formula in float64, and against Keras, PyTorch and optax."""

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.schedules import (
    Cosine,
    Epochs,
    Exponential,
    Hold,
    InverseSquareRoot,
    Linear,
    OneCycle,
    Step,
    Warmup,
    WarmupStableDecay,
)

STEPS = np.arange(130, dtype="float64")
KERAS_STEPS = [0, 5, 10, 29, 30, 31, 60, 89, 90, 105]


def half_wave(part):
    return (1 + np.cos(np.pi * part)) / 2


def one_cycle(t, length, rise, start, end):
    peak = rise * length
    up = start + (1 - start) * (1 - half_wave(t / peak))
    down = end + (1 - end) * half_wave((t - peak) / (length - peak))
    return np.where(t < peak, up, down)


def stable(t, fall):
    return np.piecewise(
        t, [t < 20, t >= 80], [lambda t: t / 20, lambda t: fall((np.minimum(t, 100) - 80) / 20), 1]
    )


END = np.minimum(STEPS, 100)
FORMULAS = {
    "warmup": (Warmup(100), END / 100),
    "warmup from a tenth": (Warmup(100, start=0.1), 0.1 + 0.9 * END / 100),
    "hold": (Hold(), np.ones(130)),
    "linear": (Linear(100), 1 - END / 100),
    "linear to a tenth": (Linear(100, 0.1), 1 - 0.9 * END / 100),
    "cosine": (Cosine(100), half_wave(END / 100)),
    "cosine to a tenth": (Cosine(100, 0.1), 0.1 + 0.9 * half_wave(END / 100)),
    "step": (Step(7), 0.5 ** (STEPS // 7)),
    "step that ends": (Step(7, 0.1, length=30), 0.1 ** (np.minimum(STEPS, 30) // 7)),
    "exponential": (Exponential(50, 0.3), 0.3 ** (STEPS / 50)),
    "inverse square root": (InverseSquareRoot(16), np.sqrt(16 / (16 + STEPS))),
    "one cycle": (OneCycle(100), one_cycle(END, 100, 0.3, 1 / 25, 1 / 250_000)),
    "one cycle, odd": (OneCycle(100, 0.255, 0.1, 0.0), one_cycle(END, 100, 0.255, 0.1, 0.0)),
    "stable": (WarmupStableDecay(20, 60, 20), stable(STEPS, lambda q: 1 - q)),
    "stable, root": (
        WarmupStableDecay(20, 60, 20, end=0.2, shape="sqrt"),
        stable(STEPS, lambda q: 0.2 + 0.8 * (1 - np.sqrt(q))),
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_values_are_those_of_the_formula(name, rates, same):
    schedule, expected = FORMULAS[name]
    same(rates(schedule, 130), expected)


@pytest.mark.parametrize("name", FORMULAS)
def test_a_copy_from_the_config_has_the_same_values(name, rates, revived):
    schedule, _ = FORMULAS[name]
    copy = revived(schedule)
    assert copy.get_config() == schedule.get_config()
    assert repr(copy) == repr(schedule)
    np.testing.assert_array_equal(rates(copy, 130), rates(schedule, 130))


def test_keras_has_the_same_numbers_where_it_has_the_schedule(rates, same):
    theirs = keras.optimizers.schedules
    for ours, other in (
        (0.2 * Cosine(90, 0.1), theirs.CosineDecay(0.2, 90, 0.1)),
        (
            0.2 * (Warmup(10) >> Cosine(90, 0.1)),
            theirs.CosineDecay(0.0, 90, 0.1, warmup_target=0.2, warmup_steps=10),
        ),
        (0.2 * Step(30, 0.1), theirs.ExponentialDecay(0.2, 30, 0.1, staircase=True)),
        (0.2 * Exponential(30, 0.1), theirs.ExponentialDecay(0.2, 30, 0.1)),
        (0.2 * Linear(90, 0.5), theirs.PolynomialDecay(0.2, 90, 0.1)),
    ):
        expected = [float(other(step)) for step in KERAS_STEPS]
        same(rates(ours, 110)[KERAS_STEPS], expected)


def test_optax_has_the_same_numbers_where_it_has_the_schedule(rates, same):
    optax = pytest.importorskip("optax")
    for ours, other in (
        (0.2 * Warmup(50), optax.linear_schedule(0.0, 0.2, 50)),
        (0.2 * Cosine(90, 0.1), optax.cosine_decay_schedule(0.2, 90, 0.1)),
        (0.2 * Exponential(30, 0.1), optax.exponential_decay(0.2, 30, 0.1)),
        (0.2 * OneCycle(100), optax.cosine_onecycle_schedule(100, 0.2)),
        (
            0.2 * (Warmup(10, 0.5) >> Cosine(90, 0.05)),
            optax.warmup_cosine_decay_schedule(0.1, 0.2, 10, 100, 0.01),
        ),
    ):
        same(rates(ours, 110), [float(other(step)) for step in range(110)])


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
def test_pytorch_has_the_same_numbers_where_it_has_the_schedule(rates, same):
    torch = pytest.importorskip("torch")
    theirs = torch.optim.lr_scheduler
    for ours, make, steps in (
        (Cosine(90, 0.1), lambda o: theirs.CosineAnnealingLR(o, 90, eta_min=0.02), 90),
        (Step(30, 0.1), lambda o: theirs.StepLR(o, 30, 0.1), 110),
        (Exponential(1, 0.9), lambda o: theirs.ExponentialLR(o, 0.9), 60),
        (Warmup(40, 0.25), lambda o: theirs.LinearLR(o, 0.25, total_iters=40), 60),
    ):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.2)
        scheduler = make(optimizer)
        expected = []
        for _ in range(steps):
            expected.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        same(rates(0.2 * ours, steps), expected)


def test_the_first_transformer_s_schedule_is_made_of_two_parts(rates, same):
    width, warmup = 512, 40
    schedule = (width * warmup) ** -0.5 * (Warmup(warmup) >> InverseSquareRoot(warmup))
    step = np.arange(1, 400, dtype="float64")
    expected = width**-0.5 * np.minimum(step**-0.5, step * warmup**-1.5)
    same(rates(schedule, 400)[1:], expected)


def test_steps_are_exact_at_every_border_far_out():
    every = 999_983
    borders = np.array([[k * every - 1, k * every] for k in range(1, 17)])
    found = keras.ops.convert_to_numpy(Step(every, 0.5)(borders.ravel().astype("int32")))
    expected = [[0.5 ** (k - 1), 0.5**k] for k in range(1, 17)]
    np.testing.assert_array_equal(found, np.ravel(expected).astype("float32"))


WRONG = {
    "length": [
        (lambda: Cosine(0), "`length` must be an integer >= 1, Epochs(n). Received: length=0"),
        (lambda: Cosine(1.5), "Received: length=1.5"),
        (lambda: Hold(-1), "`length` must be an integer >= 1, Epochs(n) or None"),
        (lambda: Warmup(True), "Received: length=True"),
    ],
    "numbers": [
        (lambda: Cosine(10, -0.1), "`end` must be a number >= 0. Received: end=-0.1"),
        (lambda: Step(5, 0), "`ratio` must be a number > 0. Received: ratio=0"),
        (lambda: Exponential(5, float("nan")), "Received: ratio=nan"),
        (lambda: OneCycle(10, rise=1.0), "`rise` must be a number in (0, 1). Received: rise=1.0"),
        (lambda: Epochs(0), "`count` must be a number > 0. Received: count=0"),
        (lambda: WarmupStableDecay(1, 1, 1, shape="log"), "Received: shape='log'"),
        (lambda: Hold() * float("inf"), "`scale` must be a number >= 0"),
        (lambda: "x" * Hold(), "Received: scale='x'"),
    ],
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_bad_argument_is_named_with_its_rule_and_value(kind):
    for make, message in WRONG[kind]:
        with pytest.raises(UserError) as caught:
            make()
        assert message in str(caught.value)
