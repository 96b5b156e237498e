import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.optimizers import recalibrate_normalization


class Block(keras.layers.Layer):
    """A layer that holds layers, in a list and in an attribute."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.parts = [keras.layers.Dense(3), keras.layers.BatchNormalization()]
        self.last = keras.layers.BatchNormalization(momentum=0.5)

    def call(self, inputs, training=False):
        x = inputs
        for part in self.parts:
            x = part(x) if isinstance(part, keras.layers.Dense) else part(x, training=training)
        return self.last(x, training=training)


@pytest.fixture
def batches(rng):
    return [rng.normal(3.0, 2.0, size=(8, 3)).astype("float32") for _ in range(4)]


def numpys(variable):
    return keras.ops.convert_to_numpy(variable)


def test_statistics_are_the_mean_over_batches(batches):
    layer = keras.layers.BatchNormalization()
    inner = keras.Sequential([keras.Input((3,)), layer])
    inputs = keras.Input((3,))
    model = keras.Model(inputs, inner(inputs))
    model(batches[0] + 50, training=True)  # statistics that must be forgotten
    assert recalibrate_normalization(model, iter(batches)) == 1
    np.testing.assert_allclose(
        numpys(layer.moving_mean), np.mean([b.mean(0) for b in batches], 0), rtol=1e-5
    )
    np.testing.assert_allclose(
        numpys(layer.moving_variance), np.mean([b.var(0) for b in batches], 0), rtol=1e-4
    )
    assert layer.momentum == 0.99


def test_layers_inside_layers_are_found_and_weights_stay(batches):
    inputs = keras.Input((3,))
    block = Block()
    model = keras.Model(inputs, block(inputs))
    before = [numpys(v).copy() for v in model.trainable_variables]
    assert recalibrate_normalization(model, batches) == 2
    after = [numpys(v) for v in model.trainable_variables]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert block.last.momentum == 0.5
    dense = [b @ before[0] + before[1] for b in batches]
    np.testing.assert_allclose(
        numpys(block.parts[1].moving_mean), np.mean([d.mean(0) for d in dense], 0), rtol=1e-4
    )


def test_frozen_layer_and_model_without_any_are_left_alone(batches):
    frozen = keras.layers.BatchNormalization(trainable=False)
    model = keras.Sequential([keras.Input((3,)), frozen])
    assert recalibrate_normalization(model, batches) == 0
    np.testing.assert_array_equal(numpys(frozen.moving_mean), np.zeros(3))


def test_no_batches_are_refused():
    layer = keras.layers.BatchNormalization()
    model = keras.Sequential([keras.Input((3,)), layer])
    with pytest.raises(UserError, match="`batches` must have at least one batch. Received: none"):
        recalibrate_normalization(model, [])
    assert layer.momentum == 0.99
