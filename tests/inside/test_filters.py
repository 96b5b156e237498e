import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.inside import first_filters


def test_filters_of_a_convolution_have_the_form_of_images(network):
    model = network()
    kernels, name = first_filters(model)
    assert (name, kernels.shape, kernels.dtype) == ("conv1", (3, 3, 3, 2), np.float32)
    kernel = model.get_layer("conv1").get_weights()[0]
    for number in range(3):
        np.testing.assert_array_equal(kernels[number], kernel[..., number])


def test_weights_of_a_unit_on_pixels_are_put_back_into_the_image(rng):
    inputs = keras.Input((3, 4, 2))
    x = keras.layers.Flatten()(keras.layers.Rescaling(0.5)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(5, use_bias=False, name="units")(x))
    kernels, name = first_filters(model)
    assert (name, kernels.shape) == ("units", (5, 3, 4, 2))
    image = rng.normal(size=(3, 4, 2))
    expected = keras.ops.convert_to_numpy(model(image[None]))[0]
    np.testing.assert_allclose((kernels * image).sum(axis=(1, 2, 3)) / 2, expected, atol=1e-5)


def test_filters_of_each_channel_apart_see_one_channel():
    inputs = keras.Input((6, 6, 3))
    model = keras.Model(inputs, keras.layers.DepthwiseConv2D(3, depth_multiplier=2)(inputs))
    kernels, _ = first_filters(model)
    assert kernels.shape == (6, 3, 3, 1)
    kernel = model.layers[-1].get_weights()[0]
    np.testing.assert_array_equal(kernels[3][..., 0], kernel[:, :, 1, 1])


@pytest.mark.parametrize(
    "layers",
    [
        [keras.Input((4,)), keras.layers.Dense(2)],
        [keras.Input((4, 4, 3)), keras.layers.Dense(2)],
        [keras.Input((4, 4, 3)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)],
        [keras.Input((4, 4, 3)), keras.layers.Flatten()],
    ],
    ids=["table", "each pixel", "averages", "no weights"],
)
def test_weights_that_are_no_image_are_refused(layers):
    with pytest.raises(UserError, match="'plain' has no first layer whose weights can be shown"):
        first_filters(keras.Sequential(layers, name="plain"))
