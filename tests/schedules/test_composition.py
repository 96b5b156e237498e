import json

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.schedules import (
    Chain,
    Cosine,
    Epochs,
    Exponential,
    Hold,
    InverseSquareRoot,
    Linear,
    OneCycle,
    Scaled,
    Step,
    Warmup,
    WarmupStableDecay,
    schedule_values,
)
from kerasdl.testing.training import jit_compile


def test_a_chain_goes_on_where_each_part_ended(rates, same):
    schedule = 0.1 * (Warmup(10) >> Hold(20) >> Cosine(30, 0.5) >> Linear(40, 0.1))
    t = np.arange(120, dtype="float64")
    wave = 0.5 + 0.5 * (1 + np.cos(np.pi * (t - 30) / 30)) / 2
    line = 0.5 * (1 - 0.9 * (t - 60) / 40)
    parts = [t / 10, 1 + 0 * t, wave, line, 0.05 + 0 * t]
    expected = np.select([t < 10, t < 30, t < 60, t < 100], parts[:4], parts[4])
    same(rates(schedule, 120), 0.1 * expected)


@pytest.mark.parametrize(
    "part",
    [
        Warmup(9),
        Hold(9),
        Linear(9, 0.3),
        Cosine(9, 0.3),
        Step(4, 0.3, length=9),
        Exponential(4, 0.3, length=9),
        InverseSquareRoot(4, length=9),
        OneCycle(9, end=0.3),
        WarmupStableDecay(3, 3, 3, end=0.3),
        0.5 * Cosine(9, 0.3),
        Warmup(4) >> Cosine(5, 0.3),
    ],
    ids=repr,
)
def test_the_last_factor_is_the_value_at_the_end(part, rates):
    values = rates(part, 20)
    assert part.steps == 9
    np.testing.assert_allclose(values[9:], part.last, rtol=1e-6)
    # What follows starts from there.
    np.testing.assert_allclose(rates(part >> Hold(), 20), values, rtol=1e-6)


def test_it_does_not_matter_how_a_chain_is_bracketed(rates):
    a, b, c = Warmup(3), Cosine(5, 0.2), Linear(7, 0.5)
    left, right = (a >> b) >> c, a >> (b >> c)
    assert left.get_config() == right.get_config()
    assert len(left.parts) == 3
    np.testing.assert_allclose(rates(2 * a >> b, 12), rates(2 * (a >> b), 12), rtol=1e-6)


def test_a_schedule_of_keras_may_be_the_last_part(same, revived):
    schedule = 0.1 * (Warmup(10) >> keras.optimizers.schedules.InverseTimeDecay(1.0, 5, 1.0))
    t = np.arange(40, dtype="float64")
    expected = 0.1 * np.where(t < 10, t / 10, 1 / (1 + np.maximum(t - 10, 0) / 5))
    for some in (schedule, revived(schedule)):
        same(schedule_values(some, [0, 9, 10, 11, 39]), expected[[0, 9, 10, 11, 39]])


def test_a_part_before_the_last_must_end():
    for make in (
        lambda: Hold() >> Cosine(10),
        lambda: keras.optimizers.schedules.CosineDecay(0.1, 10) >> Cosine(10),
        lambda: 2 * Hold() >> Cosine(10),
        lambda: Chain([]),
        lambda: Chain([0.1]),
    ):
        with pytest.raises(UserError, match="`parts` must"):
            make()
    with pytest.raises(TypeError):
        Cosine(10) >> 0.1


def test_epochs_become_steps_everywhere(rates, same):
    plan = 0.1 * (
        Warmup(Epochs(1))
        >> Hold(Epochs(0.5))
        >> WarmupStableDecay(Epochs(1), 4, Epochs(1))
        >> Step(Epochs(5), 0.1)
    )
    schedule = plan.resolve(steps_per_epoch=10)
    assert repr(schedule) == (
        "0.1 * (Warmup(10) >> Hold(5) >> WarmupStableDecay(10, stable=4, decay=10) "
        ">> Step(50, ratio=0.1))"
    )
    assert Step(Epochs(20), 0.1).resolve(7).get_config() == Step(140, 0.1).get_config()
    assert plan.resolve(1).schedule.parts[1].length == 1


def test_epochs_survive_the_config(revived):
    plan = Warmup(Epochs(1)) >> Step(Epochs(2.5))
    copy = revived(plan)
    assert copy.parts[0].length == Epochs(1)
    assert repr(copy) == repr(plan) == "Warmup(Epochs(1)) >> Step(Epochs(2.5))"


def test_a_plan_in_epochs_cannot_be_used_before_it_is_resolved():
    for plan in (Cosine(Epochs(3)), Step(Epochs(3)), Warmup(3) >> Cosine(Epochs(3)) >> Hold()):
        with pytest.raises(UserError, match=r"resolve\(steps_per_epoch\)"):
            plan(0)
    with pytest.raises(UserError, match="`steps_per_epoch` must be an integer >= 1"):
        Cosine(Epochs(3)).resolve(0)


def test_a_floor_holds_the_scale_back_but_not_the_schedule(rates):
    low = Scaled(Linear(10, 0.0), 0.1, floor=0.05)
    plain = rates(Linear(10, 0.0), 12)
    expected = np.maximum(0.1 * plain, np.minimum(0.05, plain))
    np.testing.assert_allclose(rates(low, 12), expected, rtol=1e-5, atol=1e-7)
    assert rates(low, 12)[-1] == 0.0


@pytest.mark.parametrize("jit", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_compiled_optimizer_takes_its_rates_from_the_schedule(jit, tmp_path):
    schedule = 0.1 * (Warmup(2) >> Hold(1) >> Cosine(4, 0.1))
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(schedule), "mae", jit_compile=jit and jit_compile())
    model.layers[0].kernel.assign([[100.0]])
    one = np.ones((1, 1), "float32")
    reached = []
    for _ in range(9):
        model.train_on_batch(one, 0 * one)  # the gradient is 1
        reached.append(float(keras.ops.convert_to_numpy(model.layers[0].kernel)[0, 0]))
    wave = [0.1 + 0.9 * (1 + np.cos(np.pi * k / 4)) / 2 for k in range(5)]
    factors = [0, 0.5, 1, *wave, 0.1]
    np.testing.assert_allclose(-np.diff([100.0, *reached]), 0.1 * np.array(factors), atol=2e-5)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras").optimizer
    assert json.dumps(loaded.get_config()) == json.dumps(model.optimizer.get_config())
    np.testing.assert_allclose(float(loaded.learning_rate), 0.01, rtol=1e-6)
