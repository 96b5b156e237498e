import json
import sys

import keras
import numpy as np
import pytest

from kerasdl.backend.hiding import unloaded_hidden
from kerasdl.optimizers import ExponentialMovingAverage
from kerasdl.schedules import Linear
from kerasdl.training.event_files import event_files
from kerasdl.training.figures import EpochFigures

X = np.random.default_rng(3).normal(size=(24, 3)).astype("float32")
Y = X @ np.array([[1.0], [-2.0], [0.5]], "float32")


def fitted(optimizer, epochs=2, **options):
    """A linear model without bias, from zero, on batches of 4."""
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")]
    )
    model.compile(optimizer, "mse")
    figures = EpochFigures(6)
    options = {"batch_size": 4, "shuffle": False, "verbose": 0, "callbacks": [figures]} | options
    return model.fit(X, Y, epochs=epochs, **options).history


def test_norm_is_the_mean_over_the_steps_of_the_epoch():
    """Gradient of a linear model's squared error by hand, in float64, under plain descent."""
    w, norms = np.zeros((3, 1)), []
    for step in range(12):
        x, y = X[4 * (step % 6) :][:4].astype("float64"), Y[4 * (step % 6) :][:4]
        gradient = 2 / 4 * x.T @ (x @ w - y)
        norms.append(np.linalg.norm(gradient))
        w -= 0.05 * gradient
    found = fitted(keras.optimizers.SGD(0.05))["gradient_norm"]
    np.testing.assert_allclose(found, [np.mean(norms[:6]), np.mean(norms[6:])], rtol=1e-5)


def test_rate_is_that_of_the_last_step_whatever_it_comes_from():
    assert fitted(keras.optimizers.SGD(0.25))["learning_rate"] == [0.25, 0.25]
    falling = fitted(keras.optimizers.SGD(0.1 * Linear(12)))["learning_rate"]
    np.testing.assert_allclose(falling, [0.1 * 7 / 12, 0.1 * 1 / 12], rtol=1e-5)
    inner = keras.optimizers.SGD(0.1 * Linear(12))
    averaged = fitted(ExponentialMovingAverage(inner, 0.9))["learning_rate"]
    np.testing.assert_allclose(averaged, falling, rtol=1e-6)


def test_state_in_the_middle_of_an_epoch_is_enough():
    first, second = EpochFigures(6), EpochFigures(6)
    first._names = second._names = ["learning_rate"]
    for step, norm in ((0, 3.0), (1, 5.0)):
        first.note(step, np.array([norm, 0.1]))
    second.restore(json.loads(json.dumps(first.state())))
    logs = [{}, {}]
    for figures, own in zip((first, second), logs, strict=True):
        figures.note(2, np.array([1.0, 0.2]))
        figures.on_epoch_end(0, own)
    assert logs[0] == logs[1] == {"learning_rate": 0.2, "gradient_norm": 3.0}


def test_long_epochs_are_sampled():
    figures = EpochFigures(1000)
    assert figures.every == 200
    figures = EpochFigures(2)
    assert figures.every == 1


@pytest.mark.once
def test_event_files_hold_what_the_rows_hold(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    callbacks = [EpochFigures(6), *event_files(tmp_path)]
    history = fitted(
        keras.optimizers.SGD(0.05), callbacks=callbacks, validation_data=(X[:4], Y[:4])
    )
    for run, prefix, names in (
        ("train", "", {"loss", "gradient_norm", "learning_rate"}),
        ("validation", "val_", {"loss"}),
    ):
        events = accumulator.EventAccumulator(str(tmp_path / run)).Reload()
        assert set(events.Tags()["scalars"]) == names
        for name in names:
            written = [event.value for event in events.Scalars(name)]
            np.testing.assert_allclose(written, history[prefix + name], rtol=1e-6)


def test_without_the_package_there_are_no_event_files(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert event_files(tmp_path) == []


@pytest.mark.once
def test_a_backend_that_is_not_loaded_stays_so(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    loaded = sys.modules.get(keras.backend.backend())
    with unloaded_hidden():
        with pytest.raises(ImportError):
            import torch  # noqa: F401
        assert sys.modules.get(keras.backend.backend()) is loaded
    assert "torch" not in sys.modules
