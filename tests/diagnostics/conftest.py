"""Small networks and data, sound and with faults, as a run would hand them to the checks."""

import keras
import numpy as np
import pytest

from kerasdl.data import Batches
from kerasdl.data.array_data import array_data
from kerasdl.diagnostics import Subject
from kerasdl.tasks import get_task

SAMPLES, FEATURES, CLASSES = 160, 8, 3


@keras.saving.register_keras_serializable(package="kerasdl_tests")
class HalfGradient(keras.layers.Layer):
    """The identity, with half its gradient."""

    def call(self, x):
        return x / 2 + keras.ops.stop_gradient(x / 2)


def _dense(units, activation, initializer, **how):
    return keras.layers.Dense(units, activation, kernel_initializer=initializer, **how)


NETWORKS = {
    "sound": lambda: [_dense(32, "relu", "he_normal"), _dense(32, "relu", "he_normal")],
    "sound tanh": lambda: [_dense(32, "tanh", "glorot_uniform") for _ in range(3)],
    "sound deep": lambda: [
        layer
        for _ in range(6)
        for layer in (
            _dense(16, None, "he_normal", use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
        )
    ],
    "sound dropout": lambda: [_dense(64, "gelu", "he_normal"), keras.layers.Dropout(0.3)],
    "dead": lambda: [_dense(32, "relu", "he_normal", bias_initializer=_constant(-50.0))],
    "saturated": lambda: [_dense(32, "tanh", keras.initializers.RandomNormal(stddev=10.0))],
    "vanishing": lambda: [_dense(16, "sigmoid", "glorot_uniform") for _ in range(14)],
    "exploding": lambda: [
        _dense(16, None, keras.initializers.RandomNormal(stddev=3.0)) for _ in range(8)
    ],
    "half gradient": lambda: [_dense(32, "relu", "he_normal"), HalfGradient()],
}


def _constant(value):
    return keras.initializers.Constant(value)


def made_data(kind="blobs"):
    """Samples that a small network can learn; `kind` names a fault."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, CLASSES, SAMPLES)
    x = rng.normal(size=(SAMPLES, FEATURES)) + 5.0 * np.eye(CLASSES, FEATURES)[y]
    if kind == "unscaled":
        x = 1000 * x + 5000
    elif kind == "one unscaled":
        x[:, 3] *= 3000
    elif kind == "not finite":
        x[5, 2] = np.nan
    elif kind == "leaking":
        x[:, 0] = 30 * (y == 0)
    elif kind == "contradictory":
        x[:] = x[0]
    elif kind == "random labels":
        y = rng.integers(0, CLASSES, SAMPLES)
    return x.astype("float32"), y


@pytest.fixture
def subject():
    """`subject(network, data, ...)`: what the checks are given."""

    def make(
        network="sound", data="blobs", rate=0.003, optimizer="adam", head=0.1, train=128, **how
    ):
        x, y = made_data(data)
        parts = {"train": (x[:train], y[:train]), "validation": (x[128:], y[128:])}
        if data == "not finite":
            record = array_data({"train": made_data()}, name="made", source="made")
            record = record.replace(train=type(record.train)(x, record.train.y))
        else:
            record = array_data(parts, name="made", source="made", task="tabular-classification")
        inner_input = keras.Input((FEATURES,))
        z = inner_input
        for layer in NETWORKS[network]():
            z = layer(z)
        start = keras.initializers.RandomNormal(stddev=head)
        inner = keras.Model(inner_input, keras.layers.Dense(CLASSES, kernel_initializer=start)(z))
        raw = keras.Input((FEATURES,), name="raw")
        model = keras.Model(raw, inner(raw))
        task = get_task(record.task)
        loss = task.loss(None, model, record)
        made = keras.optimizers.get(optimizer)
        made.learning_rate = rate
        model.compile(made, loss=loss, metrics=task.metrics(loss, record))
        batches = task.batches(record.train, loss, record, batch_size=32)
        assert isinstance(batches, Batches)
        return Subject(model, record, task, batches, seconds=1e6, **how)

    return make
