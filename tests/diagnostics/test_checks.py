"""Each check fires on what was built to have its fault, and says nothing against what is sound."""

import keras
import numpy as np
import pytest

from kerasdl.diagnostics import CHECKS, diagnose
from kerasdl.diagnostics.checks.learning_rate import swept
from kerasdl.errors import UserError

QUICK = ("inputs", "initial-loss", "units", "gradient-norms", "gradient-check")
SOUND = ("sound", "sound tanh", "sound deep", "sound dropout")
FAULTS = {
    "unscaled": ({"data": "unscaled"}, {"inputs", "initial-loss", "gradient-norms"}),
    "one unscaled": ({"data": "one unscaled"}, {"inputs", "initial-loss", "gradient-norms"}),
    "large head": ({"head": 20.0}, {"initial-loss"}),
    "dead": ({"network": "dead"}, {"units", "gradient-norms"}),
    "saturated": ({"network": "saturated"}, {"units"}),
    "vanishing": ({"network": "vanishing"}, {"gradient-norms"}),
    "exploding": ({"network": "exploding"}, {"initial-loss", "gradient-norms"}),
    "half gradient": ({"network": "half gradient"}, {"gradient-check"}),
}


def bad(subject, *only):
    found = list(diagnose(subject, only))
    assert all(f.evidence for f in found) and all(f.advice for f in found if f.is_bad)
    return {f.check: f.verdict for f in found if f.is_bad}


@pytest.mark.parametrize(
    "network", [pytest.param(n, marks=[pytest.mark.first] * (n != "sound")) for n in SOUND]
)
def test_nothing_is_said_against_a_sound_network(subject, network):
    assert bad(subject(network)) == {}


@pytest.mark.parametrize(
    "fault", [pytest.param(n, marks=[pytest.mark.first] * (n != "half gradient")) for n in FAULTS]
)
def test_a_fault_is_found_by_its_checks_and_by_no_other(subject, fault):
    how, expected = FAULTS[fault]
    found = set(bad(subject(**how), *QUICK))
    # Of inputs in the thousands units may die, as the first weights are drawn.
    assert found - ({"units"} if "unscaled" in fault else set()) == expected


def test_inputs_that_are_no_numbers_are_found(subject):
    made = subject(data="not finite")
    (found,) = diagnose(made, ["inputs"])
    assert found.verdict == "problem" and "1 of 1,280 values" in found.evidence
    assert bad(made, "initial-loss") == {"initial-loss": "problem"}


@pytest.mark.first
@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (
            {"rate": 1e-7, "head": 0.01},
            {"few-samples": "warning", "learning-rate": "warning", "under-fitting": "warning"},
        ),
        ({"data": "contradictory"}, {"few-samples": "problem"}),
        ({"network": "dead"}, {"few-samples": "problem", "learning-rate": "warning"}),
        ({"data": "random labels", "train": 40}, {"over-fitting": "problem"}),
        (
            {"rate": 50.0, "optimizer": "sgd"},
            {"few-samples": "warning", "learning-rate": "problem"},
        ),
    ],
    ids=["rate too low", "contradictory", "dead", "random labels", "rate too high"],
)
def test_what_shows_in_training_only(subject, how, expected):
    found = bad(subject(**how), "few-samples", "learning-rate", "short-run")
    assert expected.items() <= found.items()


def test_the_loss_by_chance_is_that_of_the_formulas(subject):
    made = subject()
    (found,) = diagnose(made, ["initial-loss"])
    counts = np.bincount(made.data.train.y)
    shares = counts / counts.sum()
    assert f"{np.log(3):.4g} (the logarithm of 3 classes)" in found.evidence
    assert f"{-(shares * np.log(shares)).sum():.4g} for the best constant" in found.evidence


def test_everything_is_put_back(subject):
    made = subject("sound dropout")
    made.model.optimizer.build(made.model.trainable_variables)
    variables = [*made.model.variables, *made.model.optimizer.variables]
    before = [np.array(keras.ops.convert_to_numpy(v.value)) for v in variables]
    optimizer = made.model.optimizer
    list(diagnose(made))
    after = [np.array(keras.ops.convert_to_numpy(v.value)) for v in variables]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(new, old)
    assert made.model.optimizer is optimizer and made.rate == pytest.approx(0.003)


def test_rates_of_the_test_grow_by_the_same_factor(subject):
    sweep = swept(subject())
    factors = sweep.rates[1:] / sweep.rates[:-1]
    np.testing.assert_allclose(factors, 1e7 ** (1 / 99), rtol=1e-6)
    assert sweep.rates[0] == 1e-6 and sweep.rates[-1] <= 10.0 * (1 + 1e-6)


def test_the_picture_of_rates_is_drawn_where_it_is_asked_for(subject, tmp_path):
    from PIL import Image

    made = subject(png=tmp_path / "rates.png")
    list(diagnose(made, ["learning-rate"]))
    with Image.open(tmp_path / "rates.png") as picture:
        assert min(picture.size) > 200 and len(picture.convert("RGB").getcolors(2**20)) > 3


def test_only_what_is_named_is_run_in_the_order_of_the_list(subject):
    found = diagnose(subject(), ["gradient-norms", "inputs"])
    assert [f.check for f in found] == ["inputs", "gradient-norms"]


def test_an_unknown_check_is_answered_with_those_like_it():
    with pytest.raises(UserError, match="there is no check 'unit'. Did you mean 'units'"):
        list(diagnose(None, ["unit"]))


def test_every_check_is_a_function_of_its_file():
    from importlib import import_module

    for name, file in CHECKS.items():
        assert (
            "Reference:"
            in getattr(import_module(f"kerasdl.diagnostics.checks.{file}"), file).__doc__
        )
        assert file == name.replace("-", "_")
