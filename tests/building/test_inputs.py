import keras
import numpy as np
import pytest

from kerasdl import building
from kerasdl.errors import UserError
from kerasdl.plugin import Spec


def spec(shape, dtype="float32"):
    return Spec(task="image-classification", input_shape=shape, input_dtype=dtype, outputs=2)


@pytest.mark.parametrize("make", [building.image_inputs, building.float_inputs])
def test_bytes_become_floats_of_the_same_values(make, rng):
    inputs, x = make(spec((4, 5, 3), "uint8"))
    assert inputs.dtype == "uint8" and x.shape == (None, 4, 5, 3)
    pixels = rng.integers(0, 256, (2, 4, 5, 3)).astype("uint8")
    given = keras.ops.convert_to_numpy(keras.Model(inputs, x)(pixels))
    np.testing.assert_array_equal(given, pixels.astype("float32"))


def test_floats_pass_without_a_layer():
    inputs, x = building.image_inputs(spec((4, 5, 3)))
    assert inputs is x


def test_rows_have_channels_last(rng):
    inputs, x = building.flat_inputs(spec((2, 3, 2)))
    values = rng.normal(size=(4, 2, 3, 2)).astype("float32")
    given = keras.ops.convert_to_numpy(keras.Model(inputs, x)(values))
    np.testing.assert_array_equal(given, values.reshape(4, 12))


def test_open_sides_are_taken_unless_they_must_be_known():
    assert building.image_inputs(spec((None, None, 3)))[0].shape == (None, None, None, 3)
    with pytest.raises(UserError, match="each of them known"):
        building.image_inputs(spec((None, None, 3)), fixed_size=True)


@pytest.mark.parametrize("shape", [None, (4, 4), (4, 4, None), (4, 4, 3, 1)])
def test_no_image_is_refused(shape):
    with pytest.raises(UserError, match=r"must be \(height, width, channels\), the channels known"):
        building.image_inputs(spec(shape))


@pytest.mark.parametrize("make", [building.flat_inputs, building.float_inputs])
@pytest.mark.parametrize("shape", [None, (None,), (3, None)])
def test_open_axis_is_refused(make, shape):
    with pytest.raises(UserError, match="`input_shape` must be given, each axis known"):
        make(spec(shape))
