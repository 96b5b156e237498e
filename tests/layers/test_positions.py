"""Rotary, sinusoidal and learned positions, and ALiBi, against their formulas."""

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.layers import (
    LearnedPositions,
    RotaryPositions,
    SinusoidalPositions,
    alibi_bias,
    alibi_slopes,
)
from kerasdl.layers.reference import alibi_slope, rotate, sinusoidal_positions
from kerasdl.testing import check_layer

FORMULA = ["matches_reference", "symbolic_matches_eager"]


def test_rotary_equals_complex_rotation(array):
    def expected(weights, x):
        out = np.empty(x.shape)
        for b, t, n in np.ndindex(x.shape[:3]):
            out[b, t, n] = rotate(x[b, t, n], t + 2, 50.0)
        return out

    check_layer(
        lambda: RotaryPositions(50.0),
        array(2, 4, 3, 6),
        reference=expected,
        call_kwargs={"position": 2},
        only=FORMULA,
    )


def test_rotary_products_depend_on_the_distance_alone(array, plain):
    layer, x, y = RotaryPositions(), array(1, 1, 1, 8), array(1, 1, 1, 8)
    products = [
        float((plain(layer(x, position=t)) * plain(layer(y, position=t + 3))).sum())
        for t in (0, 1, 40)
    ]
    np.testing.assert_allclose(products, products[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("heads", [1, 2, 3, 8, 12])
def test_alibi_slopes_equal_the_papers(heads):
    expected = [alibi_slope(n, heads) for n in range(heads)]
    np.testing.assert_allclose(alibi_slopes(heads), expected, rtol=1e-12)
    if heads == 8:
        np.testing.assert_allclose(alibi_slopes(8), 0.5 ** np.arange(1, 9), rtol=1e-12)


def test_alibi_bias_falls_off_on_both_sides(plain):
    bias = plain(alibi_bias(2, keras.ops.arange(3), keras.ops.arange(4)))
    assert bias.shape == (1, 2, 3, 4)
    np.testing.assert_allclose(bias[0, 0, 1], [-1 / 16, 0, -1 / 16, -2 / 16], rtol=1e-6)


@pytest.mark.parametrize("size", [6, 5])
def test_sinusoidal_equals_the_table(array, size):
    check_layer(
        lambda: SinusoidalPositions(100.0),
        array(2, 4, size),
        reference=lambda w, x: x + sinusoidal_positions(7, size, 100.0)[3:],
        call_kwargs={"position": 3},
        only=FORMULA,
    )


def test_learned_takes_rows_of_the_table(array):
    check_layer(
        lambda: LearnedPositions(7),
        array(2, 4, 5),
        reference=lambda w, x: x + w["table"][3:],
        call_kwargs={"position": 3},
        only=FORMULA,
    )


@pytest.mark.parametrize("make", [SinusoidalPositions, lambda: LearnedPositions(9)])
def test_one_position_an_example(array, plain, make):
    layer, x = make(), array(2, 2, 4)
    both = plain(layer(x, position=keras.ops.convert_to_tensor([5, 1], dtype="int32")))
    for b, position in enumerate((5, 1)):
        alone = plain(layer(x[b : b + 1], position=position))
        np.testing.assert_allclose(both[b], alone[0], rtol=1e-6)


def test_learned_says_so_when_the_input_is_too_long(array):
    with pytest.raises(UserError, match=r"at most max_length=3 time steps \(axis T\).*T=4"):
        LearnedPositions(3)(keras.Input((4, 2)))
    with pytest.raises(UserError, match="T=2 from position 2"):
        LearnedPositions(3)(array(1, 2, 2), position=2)
