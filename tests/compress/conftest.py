"""What the compression's tests share: models with random weights, planted units, equal outputs."""

import keras
import numpy as np
import pytest


@pytest.fixture
def plain():
    """`plain(tensor)`: the tensor as a NumPy array."""
    return lambda tensor: np.asarray(keras.ops.convert_to_numpy(tensor))


@pytest.fixture
def filled(rng):
    """`filled(model)`: the model with random weights, biases and statistics, none of them zero."""

    def fill(model):
        for variable in model.weights:
            values = rng.uniform(0.3, 1.0, variable.shape) * rng.choice([-1, 1], variable.shape)
            variable.assign(np.abs(values) if "variance" in variable.name else values)
        return model

    return fill


@pytest.fixture
def dead():
    """`dead(layer, units, bias)`: their incoming weights are set to zero, their bias to `bias`."""

    def plant(layer, units, bias=0.7):
        kernel, *rest = layer.get_weights()
        kernel[..., units] = 0
        for vector in rest:
            vector[units] = bias
        layer.set_weights([kernel, *rest])

    return plant


@pytest.fixture
def unread():
    """`unread(layer, inputs)`: the layer reads them with weights of zero."""

    def plant(layer, inputs):
        kernel, *rest = layer.get_weights()
        kernel[..., inputs, :] = 0
        layer.set_weights([kernel, *rest])

    return plant


def _program(model):
    """The model's inference as one program: JAX compiles each operation of an eager call."""
    if keras.backend.backend() != "jax":
        return model
    import jax

    return jax.jit(lambda x: model(x))


@pytest.fixture
def same(rng, plain):
    """`same(old, new)`: raises unless both give the same on random inputs, and that varies."""

    def check(old, new, x=None, tolerance=1e-5):
        if x is None:
            x = [rng.normal(size=(3, *t.shape[1:])).astype("float32") for t in old.inputs]
            x = x if len(x) > 1 else x[0]
        outputs = [keras.tree.flatten(_program(model)(x)) for model in (old, new)]
        pairs = zip(*outputs, strict=True)
        for expected, received in pairs:
            expected, received = plain(expected), plain(received)
            assert np.ptp(expected, axis=0).max() > 1e-4
            scale = max(1.0, np.abs(expected).max())
            np.testing.assert_allclose(received / scale, expected / scale, rtol=0, atol=tolerance)

    return check
