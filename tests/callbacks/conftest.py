import warnings

import keras
import numpy as np
import pytest


@pytest.fixture(scope="session")
def data():
    """32 examples of 3 features and 2 classes."""
    generator = np.random.default_rng(7)
    return generator.normal(size=(32, 3)).astype("float32"), np.arange(32) % 2


@pytest.fixture
def classifier():
    """Makes a small compiled model, the same each time for the same arguments."""

    def make(optimizer=None, activation="relu", depth=1, width=4, init="glorot_uniform", **options):
        keras.utils.set_random_seed(3)
        layers = [
            keras.layers.Dense(width, activation, kernel_initializer=init, name=f"h{index}")
            for index in range(depth)
        ]
        model = keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(2, name="out")])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer or keras.optimizers.SGD(0.1), loss, **options)
        return model

    return make


@pytest.fixture
def fit(data):
    """Trains with callbacks: returns the history and the warnings given."""

    def run(model, *callbacks, x=None, y=None, **options):
        options = {"batch_size": 8, "epochs": 1, "shuffle": False, "verbose": 0} | options
        x, y = data[0] if x is None else x, data[1] if y is None else y
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("ignore")
            warnings.filterwarnings("always", category=UserWarning)
            history = model.fit(x, y, callbacks=list(callbacks), **options)
        return history, [str(entry.message) for entry in caught]

    return run


@pytest.fixture
def weights():
    """The values of a model's variables."""

    def of(model):
        return [np.array(keras.ops.convert_to_numpy(variable)) for variable in model.variables]

    return of


@pytest.fixture
def traced():
    """Counts the calls of a layer: a compiled step calls it only while it is traced."""

    def counter(layer):
        calls, plain = [0], layer.call

        def call(*args, **kwargs):
            calls[0] += 1
            return plain(*args, **kwargs)

        layer.call = call
        return calls

    return counter
