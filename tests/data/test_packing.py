"""Packing of sequences for language models, and cutting of long ones."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasdl.data import DataWarning, pack, truncate
from kerasdl.errors import UserError

pytestmark = pytest.mark.once


def test_sequences_are_packed_end_to_end_with_the_next_tokens_as_targets():
    packed = pack([[5, 6], [], [7, 8, 9], [4]], context=3, eos_id=1)  # 5 6 1 1 7 8 9 1 4 1
    assert packed.x.tolist() == [[5, 6, 1], [1, 7, 8], [9, 1, 4]]
    assert packed.y.tolist() == [[6, 1, 1], [7, 8, 9], [1, 4, 1]]
    assert (packed.rest, packed.x.dtype, packed.y.dtype) == (0, np.int32, np.int32)


def test_without_an_end_token_the_sequences_touch():
    packed = pack((np.array(s) for s in ([1, 2], [3, 4, 5])), context=2)
    assert packed.x.tolist() == [[1, 2], [3, 4]]
    assert packed.y.tolist() == [[2, 3], [4, 5]]


@given(st.lists(st.lists(st.integers(2, 99), max_size=9), max_size=9), st.integers(1, 7))
def test_nothing_is_lost_but_the_counted_rest(sequences, context):
    stream = [token for sequence in sequences for token in (*sequence, 1)]
    if len(stream) <= context:
        with pytest.raises(UserError, match=f"at least {context + 1} tokens.*: {len(stream)}"):
            pack(sequences, context, eos_id=1)
        return
    packed = pack(sequences, context, eos_id=1)
    assert 0 <= packed.rest < context
    assert [stream[0], *packed.y.ravel().tolist()] == stream[: len(stream) - packed.rest]
    assert packed.x.ravel().tolist() == stream[: packed.x.size]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1, 2]], 0), "`context` must be a whole number at least 1"),
        (([[1, 2], [1.5]], 1), "sequence 1 .*whole numbers in one dimension.*float64"),
        (([[[1, 2]]], 1), r"sequence 0 .*shape \(1, 2\)"),
        (([[1, 2]], 1, -1), "`eos_id` must be a whole number"),
    ],
)
def test_bad_arguments_of_packing_are_named(arguments, message):
    with pytest.raises(UserError, match=message):
        pack(*arguments)


def test_longer_sequences_are_cut_and_counted():
    sequences = [[1, 2, 3], [4], [5, 6, 7, 8]]
    with pytest.warns(
        DataWarning, match=r"2 of 3 sequences had more than 2.*the longest 4.*first 2"
    ):
        assert truncate(sequences, 2) == [[1, 2], [4], [5, 6]]
    with pytest.warns(DataWarning, match="their last 2 are used"):
        assert truncate(sequences, 2, keep="last") == [[2, 3], [4], [7, 8]]


def test_longer_sequences_are_refused_where_that_is_asked():
    with pytest.raises(UserError, match="3 entries at most. Received: 4 in sample 1"):
        truncate([[1], [1, 2, 3, 4]], 3, keep=None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert truncate([[1], [1, 2, 3]], 3, keep=None) == [[1], [1, 2, 3]]
    with pytest.raises(UserError, match="`keep` must be one of first, last or None"):
        truncate([[1]], 3, keep="middle")
