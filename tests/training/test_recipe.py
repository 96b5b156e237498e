"""What a configuration adds to plain training."""

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.optimizers import ExponentialMovingAverage, ParameterGroups
from kerasdl.training import RunConfig, load_run, train
from kerasdl.training.components import make_mixing
from kerasdl.training.predicting import predict

ALL = {
    "mix": "cutmix(alpha=1.0)",
    "label_smoothing": 0.1,
    "augment": ("random-shift(pixels=1)", "cutout(size=2)"),
    "layer_decay": 0.9,
    "ema": 0.9,
    "test_time_flip": True,
    "labels_per_class": 12,
    "precision": "mixed_bfloat16",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "all"
    fields = {"filters": (8,), "convolutions": 1, "normalization": "none", "dropout": 0.0}
    config = RunConfig(architecture="cnn", data="digits", fields=fields, epochs=2, **ALL)
    return train(config, folder)


@pytest.mark.first
def test_only_so_many_labels_are_trained_on(run):
    assert np.bincount(run.data.train.y).tolist() == [12] * 10
    assert len(run.data.test) == 359  # a fifth of all


def test_outputs_are_the_mean_over_mirror_images(run):
    x = run.data.test.x[:20]
    each = [run.model.predict(view, verbose=0) for view in (x, np.flip(x, axis=2))]
    np.testing.assert_allclose(run.outputs(x), (each[0] + each[1]) / 2, rtol=1e-5, atol=1e-6)
    assert np.abs(each[0] - each[1]).max() > 1e-3


@pytest.mark.first
def test_prediction_from_files_is_mirrored_too(run, tmp_path):
    np.save(tmp_path / "x.npy", run.data.test.x[:4])
    logits = run.outputs(run.data.test.x[:4]).astype("float64")
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    rows = predict(run.folder, [str(tmp_path / "x.npy")])
    assert [row["probability"] for row in rows] == pytest.approx(shares.max(axis=1), rel=1e-5)
    opened = load_run(run.folder)
    assert opened.evaluate().figures == pytest.approx(run.evaluate().figures)


def test_optimizer_is_put_together(run):
    outer = run.model.optimizer
    assert isinstance(outer, ExponentialMovingAverage) and outer.momentum == 0.9
    assert isinstance(outer.optimizer, ParameterGroups) and outer.optimizer.layer_decay == 0.9


def test_layers_compute_in_the_precision_asked_for_and_the_setting_is_put_back(run):
    inner = next(layer for layer in run.model.layers if isinstance(layer, keras.Model))
    assert inner.get_layer("block1_conv1").compute_dtype == "bfloat16"
    assert run.model.output.dtype == "float32"
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.once
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"mix": "mixup", "loss": "softmax-cross-entropy"}, "needs a loss of a row per sample"),
        ({"mix": "blend"}, "unknown mix 'blend'"),
        ({"mix": "mixup(beta=1)"}, "cannot be made"),
        ({"mix": "mixup(alpha=0)"}, "`alpha` must be above 0"),
        ({"ema": 1.0}, "`ema` must be"),
        ({"layer_decay": 0.0}, "`layer_decay` must be"),
        ({"precision": "float16"}, "`precision` must be str, one of float32"),
        ({"labels_per_class": 0}, "`labels_per_class` must be"),
        ({"labels_per_class": 500}, "`labels_per_class` must be at most"),
    ],
)
def test_mistake_is_one_message_and_leaves_nothing(given, message, tmp_path):
    with pytest.raises(UserError) as error:
        train(RunConfig(architecture="mlp", data="digits", **given), tmp_path / "run")
    assert message in str(error.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.once
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"test_time_flip": True}, "`test_time_flip` is for images that"),
        ({"mix": "mixup"}, "`mix` is for one class out of several"),
    ],
)
def test_what_does_not_suit_the_data_is_refused(given, message, tmp_path):
    with pytest.raises(UserError, match=message):
        train(RunConfig(architecture="mlp", data="diabetes", **given), tmp_path / "run")


@pytest.mark.once
def test_names_of_mixings_take_arguments():
    assert make_mixing("mixup(alpha=0.3)").alpha == 0.3
    assert make_mixing("cutmix").alpha == 1.0
