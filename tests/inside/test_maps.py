import re

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.inside import feature_maps, map_layers
from kerasdl.inside.maps import first_maps, last_maps


def test_maps_are_a_convolution_by_hand(network, images):
    model = network()
    kernel, bias = (np.asarray(w, "float64") for w in model.get_layer("conv1").get_weights())
    padded = np.pad(images.astype("float64"), ((0, 0), (1, 1), (1, 1), (0, 0)))
    expected = np.zeros((3, 7, 5, 3)) + bias
    for row in range(3):
        for column in range(3):
            expected += padded[:, row : row + 7, column : column + 5] @ kernel[row, column]
    got = feature_maps(model, "conv1", images)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, np.tanh(expected), rtol=0, atol=1e-5)


def test_dropout_is_off_and_a_layer_inside_another_model_is_found(network, images):
    inner = network()
    raw = keras.Input((7, 5, 2))
    outer = keras.Model(raw, inner(keras.layers.Rescaling(2.0)(raw)))
    dropped = feature_maps(outer, "dropout", images)
    np.testing.assert_allclose(dropped, feature_maps(inner, "pool", images * 2), atol=1e-6)


def test_layers_with_maps_begin_at_the_first_convolution(network):
    inner = network()
    raw = keras.Input((7, 5, 2))
    outer = keras.Model(raw, inner(keras.layers.Rescaling(2.0)(raw)))
    names = [layer.name for layer in map_layers(outer)]
    assert names == ["conv1", "conv2", "norm", "maps", "pool", "dropout"]


def test_first_and_last_maps_are_those_after_the_activation(network):
    assert (first_maps(network()), last_maps(network())) == ("conv1", "maps")
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(2, 3, padding="same", name="conv")(inputs)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Activation("relu", name="relu")(x)
    x = keras.layers.Dropout(0.1, name="drop")(x)
    for number in range(3):
        x = keras.layers.AveragePooling2D(2, name=f"pool{number}")(x)
        x = keras.layers.Conv2D(2, 1, name=f"next{number}")(x)
    model = keras.Model(inputs, keras.layers.Flatten()(x))
    assert first_maps(model) == "relu"
    assert last_maps(model) == "next1"  # next2's maps have one value


@pytest.mark.parametrize("layer", ["head", "conv3"])
def test_layer_without_maps_is_refused_and_those_with_them_named(network, images, layer):
    message = f"conv1, conv2, norm, maps, pool, dropout. Received: layer='{layer}'"
    with pytest.raises(UserError, match=message):
        feature_maps(network(), layer, images)


def test_model_without_convolution_is_refused(images):
    model = keras.Sequential(
        [keras.Input((7, 5, 2)), keras.layers.Flatten(), keras.layers.Dense(2)], name="flat"
    )
    assert map_layers(model) == []
    with pytest.raises(UserError, match="'flat' has no convolution, and so no feature maps"):
        feature_maps(model, "flatten", images)


@pytest.mark.parametrize("shape", [(7, 5, 2), (0, 7, 5, 2), (3, 7, 5, 1), (3, 5, 7, 2)])
def test_images_of_another_form_are_refused(network, shape):
    message = r"Expected \(batch, height, width, channels\) = \(None, 7, 5, 2\). Received: "
    with pytest.raises(UserError, match=message + re.escape(str(shape))):
        feature_maps(network(), "conv1", np.zeros(shape))
