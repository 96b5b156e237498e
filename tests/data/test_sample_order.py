"""The order of samples is Philox4x64-10 and nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasdl.data import order
from kerasdl.errors import UserError

pytestmark = pytest.mark.once

WORD = 2**64


def philox4x64(counter, key):
    """Ten rounds as in Salmon et al., 2011, section 3.3, in Python's whole numbers."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        high0, low0 = divmod(c0 * 0xD2E7470EE14C6C93, WORD)
        high1, low1 = divmod(c2 * 0xCA5A826395121157, WORD)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B97F4A7C15) % WORD, (k1 + 0xBB67AE8584CAA73B) % WORD
    return [c0, c1, c2, c3]


def by_definition(seed, epoch, count):
    words = []
    for block in range(1, -(-count // 4) + 1):
        words += philox4x64((block, 0, 0, epoch), (seed, 0))
    return sorted(range(count), key=lambda i: words[i])


def test_philox_of_zero_is_the_published_one():
    # Random123, tests/kat_vectors: philox4x64 10, counter 0, key 0.
    assert [hex(word) for word in philox4x64((0, 0, 0, 0), (0, 0))] == [
        "0x16554d9eca36314c",
        "0xdb20fe9d672d0fdc",
        "0xd7e772cee186176b",
        "0x7e68b68aec7ba23b",
    ]


@pytest.mark.parametrize(
    ("seed", "epoch", "count"), [(0, 0, 9), (1, 0, 8), (7, 3, 33), (2**64 - 1, 2**63 - 1, 5)]
)
def test_order_sorts_by_philox_words(seed, epoch, count):
    assert order(seed, epoch, count).tolist() == by_definition(seed, epoch, count)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**63 - 1), st.integers(0, 50))
def test_order_is_a_permutation_and_pure(seed, epoch, count):
    first = order(seed, epoch, count)
    assert first.dtype == np.int64
    assert sorted(first) == list(range(count))
    np.testing.assert_array_equal(first, order(seed, epoch, count))


def test_orders_differ_by_seed_and_epoch():
    orders = {tuple(order(seed, epoch, 20)) for seed in range(5) for epoch in range(5)}
    assert len(orders) == 25


def test_order_leaves_global_random_state_alone():
    np.random.seed(1)
    expected = np.random.random()
    np.random.seed(1)
    order(0, 0, 10)
    assert np.random.random() == expected


def test_each_place_holds_each_sample_equally_often():
    count, epochs = 5, 4000
    places = np.stack([order(11, epoch, count) for epoch in range(epochs)])
    for place in range(count):
        seen = np.bincount(places[:, place], minlength=count)
        # Binomial(4000, 1/5): standard deviation 25.3; five of them.
        assert np.abs(seen - epochs / count).max() < 127


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 0, 3), r"`seed` must be a whole number in \[0, 2\*\*64\). Received: seed=-1"),
        ((0, -1, 3), "`epoch` must be a whole number at least 0.*epoch=-1"),
        ((0, 0, -3), "`count`.*count=-3"),
        ((0, 0.5, 3), "epoch=0.5"),
        ((True, 0, 3), "seed=True"),
        ((2**64, 0, 3), "`seed`"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(UserError, match=message):
        order(*arguments)
