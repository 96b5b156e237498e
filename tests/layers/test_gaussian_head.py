import numpy as np
import pytest

from kerasdl.layers.gaussian_head import GaussianHead


def test_variances_start_at_one_for_zero_inputs(plain):
    np.testing.assert_array_equal(plain(GaussianHead(2)(np.zeros((3, 4)))), [[0, 0, 1, 1]] * 3)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="`units` must be a positive integer. Received: units=1.5"):
        GaussianHead(1.5)
