"""Each filter against its definition in NumPy, and the draw."""

import math

import numpy as np
import pytest
from keras import ops

from kerasdl.backend.compiled import Compiled
from kerasdl.decoding import Greedy, Sampling
from kerasdl.decoding.filters import draw, filtered, settings_of
from kerasdl.errors import UserError


def softmax(row):
    shares = np.exp(row - row.max())
    return shares / shares.sum()


def by_definition(row, seen, strategy):
    """Probabilities of one row, in float64 and by the words of the docstring."""
    row = row.astype("float64")
    penalty = strategy.repetition_penalty
    row = np.array(
        [x if not s else x / penalty if x > 0 else x * penalty for x, s in zip(row, seen)]  # noqa: B905
    )
    row = row / strategy.temperature
    if strategy.top_k is not None:
        least = sorted(row, reverse=True)[: strategy.top_k][-1]
        row = np.array([x if x >= least else -np.inf for x in row])
    if strategy.top_p is not None:
        shares = softmax(row)
        more = [shares[row > x].sum() for x in row]
        row = np.array(
            [x if m < strategy.top_p else -np.inf for x, m in zip(row, more, strict=True)]
        )
    if strategy.min_p is not None:
        shares = softmax(row)
        row = np.where(shares >= strategy.min_p * shares.max() * (1 - 1e-9), row, -np.inf)
    return softmax(row)


def probabilities(logits, strategy, seen=None):
    settings = settings_of(strategy)
    rows, size = logits.shape
    # One shape for all tests: JAX compiles each operation for each shape.
    logits = np.pad(logits, ((0, 40 - rows), (0, 9 - size)), constant_values=-np.inf)
    logits[rows:] = 0
    seen = None if seen is None else ops.convert_to_tensor(seen)
    kept = filtered(ops.convert_to_tensor(logits), settings, seen)
    return np.asarray(ops.convert_to_numpy(ops.softmax(kept, axis=-1)))[:rows, :size]


drawn_by = Compiled(draw, [])  # operation by operation JAX takes longer


STRATEGIES = [
    Sampling(temperature=0.4),
    Sampling(temperature=2.5),
    Sampling(top_k=1),
    Sampling(top_k=3),
    Sampling(top_k=99),
    Sampling(top_p=0.35),
    Sampling(top_p=0.81),
    Sampling(min_p=0.3),
    Sampling(min_p=1.0),
    Sampling(repetition_penalty=1.7),
    Sampling(repetition_penalty=0.6),
    Sampling(0.8, 6, 0.77, 0.13, 1.3),
]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
@pytest.mark.parametrize("ties", [False, True])
def test_filter_is_its_definition(strategy, ties, rng):
    logits = rng.normal(size=(40, 9), scale=2).astype("float32")
    if ties:
        logits = np.round(logits)
        logits[:, 4] = -np.inf
    seen = rng.random(logits.shape) < 0.4
    with np.errstate(invalid="ignore"):
        wanted = [by_definition(row, s, strategy) for row, s in zip(logits, seen, strict=True)]
    np.testing.assert_allclose(probabilities(logits, strategy, seen), wanted, atol=3e-6)


def test_tokens_as_probable_as_the_last_stay_together():
    logits = np.log(np.array([[0.1, 0.3, 0.2, 0.2, 0.2]], "float32"))
    for strategy in (Sampling(top_k=2), Sampling(top_p=0.4), Sampling(min_p=0.6)):
        kept = probabilities(logits, strategy)[0]
        np.testing.assert_allclose(kept, [0, 3 / 9, 2 / 9, 2 / 9, 2 / 9], atol=1e-6)


def test_the_most_probable_token_always_stays():
    logits = np.log(np.array([[0.9, 0.1]], "float32"))
    np.testing.assert_array_equal(probabilities(logits, Sampling(top_p=1e-6)), [[1, 0]])


def test_a_tiny_temperature_does_not_overflow():
    logits = np.array([[90.0, 89.0, -90.0]], "float32")
    np.testing.assert_array_equal(probabilities(logits, Sampling(1e-38)), [[1, 0, 0]])


def test_what_is_neutral_is_left_out():
    assert settings_of(Sampling(top_p=1.0)) == {}
    assert settings_of(Greedy()) == {}
    assert set(settings_of(Sampling(0.5, 3, 0.9, 0.1, 2.0))) == {
        "temperature",
        "top_k",
        "top_p",
        "min_p",
        "repetition_penalty",
    }


def test_draw_inverts_the_cumulative_distribution(rng):
    shares = np.array([0.0, 0.25, 0.0, 0.5, 0.125, 0.125, 0.0])
    with np.errstate(divide="ignore"):
        logits = np.log(shares).astype("float32")
    uniforms = rng.random(500, dtype="float32")
    rows = np.full((500, 300), -np.inf, "float32")
    rows[:, :7] = logits
    drawn = drawn_by(ops.convert_to_tensor(rows), ops.convert_to_tensor(uniforms))
    wanted = np.searchsorted(np.cumsum(shares), uniforms, side="right")
    np.testing.assert_array_equal(ops.convert_to_numpy(drawn), wanted)


def test_draw_takes_no_impossible_token_at_the_ends(rng):
    logits = rng.normal(size=(500, 300)).astype("float32")
    logits[:, :100] = logits[:, 200:] = -math.inf
    last = np.nextafter(np.float32(1), np.float32(0))
    for uniform, wanted in ((np.float32(0), 100), (last, 199)):
        drawn = drawn_by(
            ops.convert_to_tensor(logits), ops.convert_to_tensor(np.full(500, uniform))
        )
        drawn = np.asarray(ops.convert_to_numpy(drawn))
        assert ((drawn >= 100) & (drawn < 200)).all()
        assert (np.abs(drawn - wanted) <= 1).all()


@pytest.mark.once
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": 0}, r"`temperature` must be greater than 0.*Greedy\(\)"),
        ({"temperature": float("inf")}, "`temperature` must be greater than 0"),
        ({"top_k": 0}, "`top_k` must be a positive integer. Received: top_k=0"),
        ({"top_k": 2.0}, "`top_k` must be a positive integer"),
        ({"top_p": 0.0}, r"`top_p` must be in \(0, 1\]. Received: top_p=0.0"),
        ({"min_p": 1.5}, r"`min_p` must be in \(0, 1\]"),
        ({"repetition_penalty": 0}, "`repetition_penalty` must be greater than 0"),
        ({"samples": 0}, "`samples` must be a positive integer"),
    ],
)
def test_bad_settings_are_refused(arguments, message):
    with pytest.raises(UserError, match=message):
        Sampling(**arguments)
