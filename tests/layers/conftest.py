"""What the layers' tests share."""

import keras
import numpy as np
import pytest


@pytest.fixture
def array():
    """`array(*shape)`: normal random numbers in float32, the same ones in every run."""
    generator = np.random.default_rng(5)
    return lambda *shape: generator.normal(size=shape).astype("float32")


@pytest.fixture
def plain():
    """`plain(tensor)`: the tensor as a NumPy array."""
    return lambda tensor: np.asarray(keras.ops.convert_to_numpy(tensor))


@pytest.fixture
def compiled():
    """`compiled(function)`: one program for a built layer's inference, where that saves time.

    JAX compiles each operation of an eager call by itself; the others do not.
    """
    if keras.backend.backend() != "jax":
        return lambda function: function
    import jax

    return jax.jit
