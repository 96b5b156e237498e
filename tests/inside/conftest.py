import keras
import numpy as np
import pytest


@pytest.fixture
def network(rng):
    """A small convolutional network for 7x5 images of two channels, with weights of its own."""
    return lambda **kwargs: make_network(rng, **kwargs)


@pytest.fixture
def images(rng):
    return rng.normal(size=(3, 7, 5, 2)).astype("float32")


def make_network(rng, end="linear", skip=False):
    """Two convolutions, the second normalized; with `skip`, the first's output is added to it."""
    x = inputs = keras.Input((7, 5, 2))
    first = keras.layers.Conv2D(3, 3, activation="tanh", padding="same", name="conv1")(x)
    x = keras.layers.Conv2D(3, 3, padding="same", name="conv2")(first)
    x = keras.layers.BatchNormalization(epsilon=0.01, name="norm")(x)
    if skip:
        x = keras.layers.Add(name="sum")([x, first])
    x = keras.layers.Activation("relu", name="maps")(x)
    x = keras.layers.MaxPooling2D(2, name="pool")(x)
    x = keras.layers.Dropout(0.5, name="dropout")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    activation = end if end in ("linear", "softmax", "sigmoid") else None
    x = keras.layers.Dense(4, activation=activation, name="head")(x)
    if end == "softmax layer":
        x = keras.layers.Softmax(name="softmax")(x)
    model = keras.Model(inputs, x, name="small")
    values = [rng.normal(size=variable.shape) * 0.6 for variable in model.weights]
    variance = next(i for i, v in enumerate(model.weights) if v.path == "norm/moving_variance")
    values[variance] = np.abs(values[variance]) + 0.5
    model.set_weights(values)
    return model
