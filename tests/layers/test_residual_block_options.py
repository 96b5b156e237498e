"""What residual blocks can do beside the papers' first form: free shortcuts, zeros, dropout."""

import keras
import numpy as np
import pytest

from kerasdl import layers
from kerasdl.errors import UserError

LAST = {"data_format": "channels_last"}


def test_shortcut_without_projection_is_every_second_value_and_zeros(array, plain):
    block = layers.BasicBlock(7, stride=2, projection=False, zero_last_scale=True, **LAST)
    inputs = array(2, 5, 6, 4)
    expected = np.zeros((2, 3, 3, 7), "float32")
    expected[..., :4] = np.maximum(inputs[:, ::2, ::2], 0)
    np.testing.assert_array_equal(plain(block(inputs)), expected)
    assert block.compute_output_shape(inputs.shape) == expected.shape
    kernels = 9 * 7 * (4 + 7)
    assert sum(int(np.prod(v.shape)) for v in block.trainable_variables) == kernels + 4 * 7


def test_shortcut_without_projection_has_channels_where_the_format_says(array, plain):
    if keras.backend.backend() == "tensorflow":
        pytest.skip("TensorFlow convolves channels first on GPUs alone")
    block = layers.BasicBlock(
        5, stride=3, projection=False, zero_last_scale=True, data_format="channels_first"
    )
    inputs = array(2, 4, 5, 6)
    expected = np.zeros((2, 5, 2, 2), "float32")
    expected[:, :4] = np.maximum(inputs[:, :, ::3, ::3], 0)
    np.testing.assert_array_equal(plain(block(inputs)), expected)


def test_shortcut_before_which_activation_comes_sees_what_the_branch_sees(array, plain):
    block = layers.PreActivationBlock(
        6, stride=2, projection=False, zero_last_scale=True, normalization=None, **LAST
    )
    inputs = array(1, 4, 4, 4)
    expected = np.zeros((1, 2, 2, 6), "float32")
    expected[..., :4] = np.maximum(inputs[:, ::2, ::2], 0)
    np.testing.assert_array_equal(plain(block(inputs)), expected)


def test_fewer_channels_need_a_projection(array):
    message = r"`filters` must be at least the input's channels.*filters=3, channels=4"
    with pytest.raises(UserError, match=message):
        layers.BasicBlock(3, projection=False, **LAST)(array(1, 4, 4, 4))


@pytest.mark.parametrize(
    ("make", "settings", "zero"),
    [
        (layers.BasicBlock, {"squeeze": 2}, "norm_2/gamma"),
        (layers.BasicBlock, {"normalization": None}, "convolution_2/kernel"),
        (layers.BottleneckBlock, {"normalization": "group"}, "norm_3/gamma"),
        (layers.ResNeXtBlock, {"cardinality": 2}, "norm_3/gamma"),
        (layers.PreActivationBlock, {}, "convolution_2/kernel"),
        (layers.PreActivationBottleneckBlock, {}, "convolution_3/kernel"),
    ],
)
def test_zero_last_scale_silences_the_branch_alone(make, settings, zero, plain):
    block = make(4, zero_last_scale=True, **settings, **LAST)
    block.build((None, 5, 5, 4))
    for variable in block.trainable_variables:
        weights = plain(variable)
        if variable.path.endswith(("gamma", "kernel")):
            assert weights.any() != variable.path.endswith(zero), variable.path


def test_zeroed_branch_gives_the_shortcut_and_learns(array, plain):
    inputs = array(4, 3, 3, 4)
    block = layers.PreActivationBlock(4, zero_last_scale=True, **LAST)
    np.testing.assert_array_equal(plain(block(inputs)), inputs)
    model = keras.Sequential([keras.Input((3, 3, 4)), block])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.train_on_batch(inputs, inputs[::-1])
    (kernel,) = [v for v in block.trainable_variables if v.path.endswith("convolution_2/kernel")]
    assert plain(kernel).any()


def test_dropout_stands_before_the_second_convolution_in_training(array, plain):
    block = layers.PreActivationBlock(1, dropout=0.25, normalization=None, seed=4, **LAST)
    inputs = np.full((1, 40, 40, 1), 1.0, "float32")
    block.build(inputs.shape)
    centre = np.zeros((3, 3, 1, 1), "float32")
    centre[1, 1] = 1  # so that each convolution passes its input on
    block.set_weights([centre, np.zeros(1), centre, np.zeros(1)])
    np.testing.assert_array_equal(plain(block(inputs)), inputs * 2)
    branch = plain(block(inputs, training=True)) - inputs
    np.testing.assert_allclose(np.unique(branch), [0, 4 / 3], rtol=1e-6)
    assert abs((branch == 0).mean() - 0.25) < 0.05


@pytest.mark.parametrize(
    ("make", "settings"),
    [
        (layers.BasicBlock, {"projection": False, "zero_last_scale": True}),
        (layers.PreActivationBlock, {"dropout": 0.25, "zero_last_scale": True}),
        (layers.ResNeXtBlock, {"cardinality": 2, "zero_last_scale": True}),
    ],
)
def test_options_are_in_the_config(make, settings):
    block = make(4, **settings)
    config = make.from_config(block.get_config()).get_config()
    assert config == block.get_config()
    assert settings.items() <= config.items()


def test_dropout_outside_its_range_is_an_error():
    with pytest.raises(UserError, match=r"`dropout` must be in \[0, 1\).*dropout=1.0"):
        layers.PreActivationBlock(4, dropout=1.0)
