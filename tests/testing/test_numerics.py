import keras
import numpy as np
import pytest

from kerasdl.testing import assert_close
from kerasdl.testing.numerics import assert_finite, dtype_of, is_floating, to_numpy

ops = keras.ops


def test_assert_close_when_close():
    assert_close([1.0, 2.0], ops.convert_to_tensor([1.000001, 2.0]))
    assert_close(keras.Variable([1.0]), [1.0], rtol=0, atol=0)


def test_assert_close_names_the_worst_entry():
    with pytest.raises(
        AssertionError, match=r"thing: 2 of 3 entries differ; worst at index \(2,\)"
    ):
        assert_close([1.0, 2.1, 4.0], [1.0, 2.0, 3.0], "thing")


def test_assert_close_when_shapes_differ():
    with pytest.raises(AssertionError, match=r"values: shape \(2,\), expected \(2, 1\)"):
        assert_close([1.0, 2.0], [[1.0], [2.0]])


@pytest.mark.parametrize(
    "actual, expected", [(np.nan, 1.0), (1.0, np.nan), (np.inf, 1.0), (np.inf, -np.inf)]
)
def test_assert_close_when_not_finite(actual, expected):
    with pytest.raises(AssertionError, match="1 of 2 entries differ"):
        assert_close([0.0, actual], [0.0, expected])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_assert_close_when_both_are_the_same_and_not_finite(value):
    assert_close([value], [value])


def test_assert_close_takes_tolerances_of_the_dtype():
    assert_close([1.01], [1.0], dtype="bfloat16")
    with pytest.raises(AssertionError, match="rtol=1e-05"):
        assert_close([1.01], [1.0])
    with pytest.raises(AssertionError, match="rtol=1e-10"):
        assert_close([1.0 + 1e-8], [1.0], dtype="float64")


def test_assert_finite_names_the_first_bad_entry():
    assert_finite([[1.0, 2.0]], "thing")
    assert_finite([1, 2], "whole numbers")
    with pytest.raises(
        AssertionError, match=r"thing: 2 of 4 entries are not finite, first nan at index \(0, 1\)"
    ):
        assert_finite([[1.0, np.nan], [np.inf, 1.0]], "thing")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_to_numpy_when_narrow(dtype):
    array = to_numpy(ops.convert_to_tensor([0.5, -2.0], dtype=dtype))
    assert array.dtype == "float32"
    np.testing.assert_array_equal(array, [0.5, -2.0])


def test_dtype_of_and_is_floating():
    assert dtype_of(ops.zeros((1,), "int32")) == "int32"
    assert dtype_of(keras.Variable(1.0, dtype="float32")) == "float32"
    assert is_floating(ops.zeros((1,), "bfloat16"))
    assert not is_floating(np.array([True]))
