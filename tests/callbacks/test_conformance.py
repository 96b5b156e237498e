"""Every callback through the public kit."""

import numpy as np
import pytest

from kerasdl import callbacks
from kerasdl.testing import check_callback

X = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
MAKE = {
    "PlateauScale": lambda: callbacks.PlateauScale(patience=1, verbose=False),
    "GradientMonitor": lambda: callbacks.GradientMonitor(every=1),
    "ActivationMonitor": lambda: callbacks.ActivationMonitor(X, limit=0.99),
    "WeightHistograms": lambda: callbacks.WeightHistograms(bins=5),
    "Throughput": lambda: callbacks.Throughput(every=2, verbose=False),
    "TrainingGuard": callbacks.TrainingGuard,
    "LossGuard": callbacks.LossGuard,
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.first] * (n != "GradientMonitor")) for n in MAKE],
)
def test_callback_follows_the_rules(name):
    skip = {"fits_again": "the times in its logs differ"} if name == "Throughput" else ()
    check_callback(MAKE[name], skip=skip)


@pytest.mark.long
def test_a_guard_that_rolls_back_follows_the_rules():
    check_callback(lambda: callbacks.TrainingGuard("roll_back"))


@pytest.mark.first
def test_tensor_board_logs_follow_the_rules(tmp_path):
    pytest.importorskip("tensorboardX", reason="an optional extra")
    make = lambda: callbacks.TensorBoardLogs(tmp_path, every=2, histograms=1)  # noqa: E731
    check_callback(make)
