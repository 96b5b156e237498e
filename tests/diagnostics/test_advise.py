"""Each check of curves fires on curves drawn to have its fault, and on no others."""

import subprocess
import sys

import numpy as np
import pytest

from kerasdl.diagnostics import Finding, advise
from kerasdl.diagnostics.advise import CURVE_CHECKS
from kerasdl.errors import UserError

pytestmark = pytest.mark.once

EPOCHS = np.arange(20)
NAN = float("nan")


def falling(floor, speed=3.5, top=2.3):
    """From `top` towards `floor`."""
    return floor + (top - floor) * np.exp(-EPOCHS / speed)


def noisy(curve, share):
    return curve + share * np.ptp(curve) * np.random.default_rng(3).normal(size=len(curve))


SOUND = {
    "plain": {"loss": falling(0.2), "val_loss": falling(0.3)},
    "noisy": {"loss": noisy(falling(0.2), 0.02), "val_loss": noisy(falling(0.3), 0.03)},
    "learned by heart, and well": {"loss": falling(0.001), "val_loss": falling(0.05)},
    "dropout": {"loss": falling(0.5), "val_loss": falling(0.3)},
    "no validation": {"loss": falling(0.2)},
    "negative": {"loss": falling(0.2) - 3, "val_loss": falling(0.3) - 3},
    "steps": {
        "loss": 0.3
        + 2 * np.exp(-np.arange(400) / 60)
        + 0.1 * np.random.default_rng(0).normal(size=400)
    },
    "everything": {
        "loss": falling(0.2),
        "val_loss": falling(0.3),
        "gradient_norm": [3.0, 9.0, 2.0] + 17 * [1.5],
        "learning_rate": np.linspace(1e-3, 0.0, 20),
    },
    "harder validation": {"loss": falling(0.3), "val_loss": falling(0.4) + 1.5},
    "short": {"loss": [2.0, 1.0], "val_loss": [2.0, 1.1]},
    "nothing": {},
}
FAULTS = {
    "divergence": {
        "nan": {"loss": [2.0, 1.0, NAN], "val_loss": [2.0, 1.1, NAN]},
        "infinite validation": {"loss": [2.0, 1.0, 0.5], "val_loss": [2.0, float("inf"), 0.6]},
        "rising": {"loss": [2.0, 1.0, 3.0, 40.0]},
    },
    "under-fitting": {
        "flat": {"loss": 2.3 + noisy(0.01 * falling(0.5), 0.1), "val_loss": 20 * [2.31]},
        "hardly begun": {"loss": 1.7 - 0.001 * EPOCHS, "val_loss": 1.85 - 0.0005 * EPOCHS},
    },
    "oscillation": {
        "swinging": {"loss": 1.5 + 0.5 * (-1.0) ** EPOCHS - 0.01 * EPOCHS},
        "falling and swinging": {"loss": falling(0.5) * (1 + 0.25 * (-1.0) ** EPOCHS)},
    },
    "over-fitting": {
        "turned": {"loss": falling(0.01), "val_loss": falling(0.5) + 0.04 * EPOCHS},
        "left behind": {"loss": falling(0.01), "val_loss": falling(1.6)},
        "worse from the first": {"loss": falling(0.05, top=0.7), "val_loss": 0.5 + 0.02 * EPOCHS},
    },
    "unfinished": {"straight": {"loss": 2.3 - 0.08 * EPOCHS, "val_loss": 2.3 - 0.07 * EPOCHS}},
    "gradient-norm": {
        "leap": {"loss": falling(0.2), "gradient_norm": [1.0, 1.2, 300.0] + 17 * [1.1]},
        "nan": {"loss": falling(0.2), "gradient_norm": [1.0, NAN, 1.0] + 17 * [1.1]},
    },
    "idle-rate": {
        "gone": {"loss": falling(0.2), "learning_rate": 1e-3 * 0.1**EPOCHS},
    },
}
PAIRS = [(check, name) for check, curves in FAULTS.items() for name in curves]


def bad(history, **how):
    return [found.check for found in advise(history, **how) if found.is_bad]


@pytest.mark.parametrize("name", SOUND)
def test_nothing_is_said_against_sound_curves(name):
    assert bad(SOUND[name]) == []


def test_every_check_has_a_fault_here():
    assert set(FAULTS) == set(CURVE_CHECKS)


@pytest.mark.parametrize(("check", "name"), PAIRS)
def test_a_fault_is_found_and_no_other(check, name):
    found = {f.check: f for f in advise(FAULTS[check][name])}
    assert [f.check for f in found.values() if f.is_bad] == [check]
    assert found[check].advice


def test_every_check_answers_in_its_order():
    for history in SOUND.values():
        assert [f.check for f in advise(history)] == list(CURVE_CHECKS)


def test_an_accuracy_is_better_when_it_is_higher():
    accuracy = 1 - falling(0.1, top=0.9)
    curves = {"loss": falling(0.2), "val_loss": falling(0.3), "val_accuracy": accuracy}
    how = {"monitor": "val_accuracy", "mode": "max"}
    assert bad(curves, **how) == []
    fallen = {**curves, "val_accuracy": accuracy - 0.03 * EPOCHS}
    (found,) = [f for f in advise(fallen, **how) if f.is_bad]
    assert found.check == "over-fitting"
    best = int(np.argmax(fallen["val_accuracy"]))
    last = fallen["val_accuracy"][-1]
    assert (
        f"val_accuracy {fallen['val_accuracy'][best]:.4g} at its best, point {best + 1}"
        in found.evidence
    )
    assert f"{last:.4g} at last" in found.evidence


def test_with_chance_known_a_network_that_knows_nothing_is_told_from_one_that_has_learned():
    settled = {"loss": 5 * [0.21]}
    assert bad(settled) == ["under-fitting"]
    assert bad(settled, chance=2.303) == []
    assert bad({"loss": [2.9, 2.4, 2.3, 2.29, 2.29]}, chance=2.303) == ["under-fitting"]


def test_the_first_bad_point_is_named():
    (found,) = [f for f in advise({"loss": [2.0, 1.0, 0.9, NAN, NAN]}) if f.is_bad]
    assert found.verdict == "problem" and "from point 4 on" in found.evidence


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: advise({}, mode="best"), "`mode` must be min or max. Received: mode='best'"),
        (lambda: advise({"loss": ["low"]}), r"`history\['loss'\]` must be a list of numbers"),
        (lambda: advise({"loss": [[1.0]]}), r"`history\['loss'\]` .* Received: shape \(1, 1\)"),
        (lambda: Finding("a", "fine", "b"), "`verdict` must be one of .* Received: 'fine'"),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(UserError, match=message):
        call()


@pytest.mark.long
def test_keras_is_not_imported():
    code = "import sys; from kerasdl.diagnostics import advise; advise({}); print('keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
