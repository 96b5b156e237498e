"""Splits: disjoint, complete, deterministic, stratified."""

import warnings

import numpy as np
import pytest

from kerasdl.data import DataWarning, Samples, running_text, series_data, split
from kerasdl.errors import UserError

pytestmark = pytest.mark.once


def numbers(samples):
    return samples.x[:, 0].astype(int).tolist()


def test_split_parts_are_disjoint_complete_and_of_the_asked_sizes(labelled):
    data = split(labelled(50, 50), seed=0)
    assert {name: len(part) for name, part in data.parts.items()} == {
        "train": 70,
        "validation": 10,
        "test": 20,
    }
    together = [number for part in data.parts.values() for number in numbers(part)]
    assert sorted(together) == list(range(100))


def test_split_keeps_inputs_and_targets_together(labelled):
    data = split(labelled(30, 60), seed=3)
    for part in data.parts.values():
        np.testing.assert_array_equal(part.y, (part.x[:, 0] >= 30).astype(int))


def test_split_keeps_each_class_share(labelled):
    data = split(labelled(20, 80, 100), seed=1)
    assert np.bincount(data.test.y).tolist() == [4, 16, 20]
    assert np.bincount(data.validation.y).tolist() == [2, 8, 10]


def test_split_is_fixed_by_its_seed(labelled):
    first, again, other = (split(labelled(40, 40), seed=seed) for seed in (5, 5, 6))
    assert numbers(first.test) == numbers(again.test)
    assert numbers(first.validation) == numbers(again.validation)
    assert numbers(first.test) != numbers(other.test)


def test_split_keeps_what_the_source_has(labelled):
    held_out = Samples(np.array([[1000.0]], "float32"), np.array([1], "int32"))
    data = split(labelled(50, 50, test=held_out), seed=0)
    assert data.test is held_out
    assert (len(data.train), len(data.validation)) == (90, 10)
    whole = labelled(5, 5, test=held_out, validation=held_out)
    assert split(whole, seed=0).train is whole.train


def test_split_of_zero_makes_no_part(labelled):
    data = split(labelled(10, 10), seed=0, validation=0)
    assert data.validation is None
    assert (len(data.train), len(data.test)) == (16, 4)


def test_split_leaves_a_single_sample_of_a_class_in_training(labelled):
    with pytest.warns(DataWarning, match=r"1 classes have a single sample \(c\)"):
        data = split(labelled(20, 20, 1), seed=0)
    assert np.bincount(data.train.y, minlength=3)[2] == 1
    assert len(data.train) + len(data.validation) + len(data.test) == 41


@pytest.mark.filterwarnings("ignore:.* have a single sample")
def test_split_too_small_for_every_class_says_so(labelled):
    with pytest.warns(DataWarning, match="cannot hold every class"):
        data = split(labelled(*[3] * 10), seed=0)
    assert {len(data.train), len(data.validation), len(data.test)} == {21, 3, 6}


def test_split_of_a_text_takes_its_end_in_one_piece(labelled):
    lines = "".join(f"line {n}\n" for n in range(40))
    data = split(running_text(lines, name="forty"), seed=9)
    assert list(data.test.x) == [f"line {n}\n" for n in range(32, 40)]
    assert list(data.validation.x) == [f"line {n}\n" for n in range(28, 32)]
    assert list(data.train.x) == [f"line {n}\n" for n in range(28)]


def test_split_of_a_series_takes_its_end_in_one_piece():
    data = split(series_data({"train": np.arange(40.0)[:, None]}, ["n"], name="forty"), seed=9)
    assert numbers(data.test) == list(range(32, 40))
    assert numbers(data.train) == list(range(28))


def test_split_of_values_draws_at_random_without_warning(labelled):
    values = Samples(np.arange(10.0)[:, None], np.arange(10.0)[:, None])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = split(labelled(5, 5, train=values, task="tabular-regression"), seed=0)
    assert sorted(numbers(data.train) + numbers(data.validation) + numbers(data.test)) == list(
        range(10)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": 0, "test": 1.0}, r"`test` must be in \[0, 1\). Received: test=1.0"),
        ({"seed": 0, "validation": -0.1}, "validation=-0.1"),
        ({"seed": -1}, "`seed` must be a whole number"),
        (
            {"seed": 0, "test": 0.6, "validation": 0.5},
            "too few samples for test=0.6 and validation",
        ),
    ],
)
def test_bad_arguments_are_named(labelled, arguments, message):
    with pytest.raises(UserError, match=message):
        split(labelled(10, 10), **arguments)
