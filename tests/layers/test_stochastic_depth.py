"""Stochastic depth: whole examples, in training only, unchanged on average."""

import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.layers import StochasticDepth


def test_leaves_out_whole_examples_and_scales_the_others(array, plain):
    inputs = array(2000, 2, 3)
    outputs = plain(StochasticDepth(0.25, seed=1)(inputs, training=True))
    kept = outputs.any(axis=(1, 2))
    np.testing.assert_allclose(outputs[kept], inputs[kept] / 0.75, rtol=1e-6)
    assert not outputs[~kept].any()
    assert abs(kept.mean() - 0.75) < 0.04


def test_is_the_identity_outside_training(array, plain):
    inputs = array(3, 4)
    np.testing.assert_array_equal(plain(StochasticDepth(0.5)(inputs)), inputs)


@pytest.mark.parametrize("rate", [1.0, -0.1, "half"])
def test_refuses_a_rate_outside_its_range(rate):
    with pytest.raises(UserError, match=r"`rate` must be in \[0, 1\). Received: rate="):
        StochasticDepth(rate)
