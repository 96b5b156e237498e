"""The event files, read frame by frame, parsed by TensorBoard's own message definitions."""

import struct
import subprocess
import sys

import numpy as np
import pytest

from kerasdl.callbacks import GradientMonitor, TensorBoardLogs
from kerasdl.errors import MissingDependencyError, UserError

pytestmark = pytest.mark.first


@pytest.fixture
def tensor_board():
    pytest.importorskip("tensorboardX", reason="an optional extra")


@pytest.fixture
def events():
    """All values in the event files of a folder: (tag, step, summary value)."""
    event_pb2 = pytest.importorskip("tensorboard.compat.proto.event_pb2")

    def read(folder):
        found = []
        for file in sorted(folder.glob("events.out.tfevents.*")):
            content = file.read_bytes()
            while content:
                (size,) = struct.unpack("<Q", content[:8])
                event = event_pb2.Event.FromString(content[12 : 12 + size])
                found += [(value.tag, event.step, value) for value in event.summary.value]
                content = content[16 + size :]
        return found

    return read


def test_files_hold_what_fit_logged(tensor_board, events, classifier, fit, tmp_path, weights):
    logs = TensorBoardLogs(tmp_path, every=2, histograms=2, bins=5)
    model = classifier(metrics=["accuracy"])
    history, _ = fit(model, GradientMonitor(every=1), logs, epochs=2, validation_split=0.25)
    train, validation = events(tmp_path / "train"), events(tmp_path / "validation")
    for run, prefix in ((train, ""), (validation, "val_")):
        for name in ("loss", "accuracy"):
            written = [v.simple_value for tag, _, v in run if tag == name]
            np.testing.assert_allclose(written, history.history[prefix + name], rtol=1e-6)
    steps = [step for tag, step, _ in train if tag == "loss"]
    assert steps == [0, 1]
    assert sorted(step for tag, step, _ in train if tag == "batch/loss") == [0, 2, 3, 5]
    rates = [v.simple_value for tag, _, v in train if tag == "learning_rate"]
    np.testing.assert_allclose(rates, [0.1, 0.1], rtol=1e-6)
    norms = [v.simple_value for tag, _, v in train if tag == "gradient_norm"]
    np.testing.assert_allclose(norms, history.history["gradient_norm"], rtol=1e-6)
    histograms = {tag: (step, v.histo) for tag, step, v in train if v.HasField("histo")}
    step, kernel = histograms[f"{model.name}/h0/kernel"]
    values = weights(model)[0].astype("float64")
    counts, edges = np.histogram(values, bins=5)
    assert step == 1 and kernel.num == 12
    np.testing.assert_array_equal(kernel.bucket, counts)
    np.testing.assert_allclose(kernel.bucket_limit, edges[1:], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(kernel.sum, values.sum(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(kernel.sum_squares, (values**2).sum(), rtol=1e-4)


def test_a_later_fit_adds_to_the_same_curves(tensor_board, events, classifier, fit, tmp_path):
    logs, model = TensorBoardLogs(tmp_path, every=4), classifier()
    fit(model, logs)
    fit(model, logs, epochs=2, initial_epoch=1)
    train = events(tmp_path / "train")
    assert sorted(step for tag, step, _ in train if tag == "loss") == [0, 1]
    assert sorted(step for tag, step, _ in train if tag == "batch/loss") == [0, 4]


@pytest.mark.long
def test_no_tensorflow_is_needed(tensor_board, tmp_path):
    code = (
        "import sys; sys.modules['tensorflow'] = None\n"
        "import keras, numpy as np\n"
        "from kerasdl.callbacks import TensorBoardLogs\n"
        "m = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]); m.compile('sgd', 'mse')\n"
        f"logs = TensorBoardLogs({str(tmp_path)!r}, every=1, histograms=1)\n"
        "m.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, callbacks=[logs])\n"
    )
    import keras

    if keras.backend.backend() == "tensorflow":
        pytest.skip("this backend is TensorFlow")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "train").glob("events.out.tfevents.*"))


def test_what_is_missing_or_wrong_is_named(tensor_board, tmp_path, monkeypatch):
    for arguments, message in (
        ({"every": 0}, "`every` must be an integer >= 1. Received: every=0"),
        ({"histograms": 0}, "`histograms` must be an integer >= 1. Received: histograms=0"),
        ({"bins": 1}, "`bins` must be an integer >= 2. Received: bins=1"),
    ):
        with pytest.raises(UserError) as caught:
            TensorBoardLogs(tmp_path, **arguments)
        assert message in str(caught.value)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r'pip install "kerasdl\[tensorboard\]"'):
        TensorBoardLogs(tmp_path)
