import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.regularizers import (
    KernelReport,
    WeightElimination,
    effective_number_of_weights,
    elimination_report,
)


@pytest.fixture
def model():
    """A convolution, whose unit 1 is dead and input 2 unread, and a dense layer."""
    model = keras.Sequential(
        [
            keras.Input((4, 3)),
            keras.layers.Conv1D(2, 2, name="conv"),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(1, name="dense"),
        ]
    )
    kernel = np.zeros((2, 3, 2), "float32")
    kernel[0, 0, 0], kernel[1, 1, 0], kernel[1, 2, 1] = 3.0, -3.0, 0.01
    model.get_layer("conv").set_weights([kernel, np.ones(2)])
    read = np.array([[1.0], [0.0], [1.0], [0.0], [-1.0], [0.0]])
    model.get_layer("dense").set_weights([read, np.array([5.0])])
    return model


def test_effective_number_is_summed_by_hand():
    # 0 + 1/2 + 4/5 + 9/10
    assert effective_number_of_weights(np.array([0.0, 1.0, -2.0, 3.0]), 1.0) == pytest.approx(2.2)
    assert effective_number_of_weights([[0.0, 10.0]], 10) == pytest.approx(0.5)
    assert effective_number_of_weights(keras.Variable([2.0, 2.0]), 2.0) == pytest.approx(1.0)


def test_effective_number_is_the_penalty_by_its_strength(rng, plain):
    w = rng.normal(size=(4, 3)).astype("float32")
    penalty = plain(WeightElimination(strength=0.01, scale=0.5)(w))
    assert effective_number_of_weights(w, 0.5) == pytest.approx(penalty / 0.01, rel=1e-5)


def test_effective_number_of_a_model_counts_kernels_alone(model):
    # two weights of 3 give 9/10 each, one of 0.01 gives 1e-4; three of 1 give 1/2 each
    assert effective_number_of_weights(model, 1.0) == pytest.approx(1.8 + 1e-4 + 1.5, rel=1e-6)
    assert effective_number_of_weights(keras.layers.Dropout(0.5), 1.0) == 0.0


def test_report_counts_units_and_inputs_by_hand(model):
    conv, dense = elimination_report(model, scale=1.0, threshold=0.1)
    assert conv == KernelReport(
        path=model.get_layer("conv").kernel.path,
        weights=12,
        effective=pytest.approx(1.8001, rel=1e-6),
        eliminated=10,
        units=2,
        dead_units=1,
        inputs=3,
        unread_inputs=1,
    )
    assert (dense.weights, dense.eliminated, dense.units, dense.dead_units) == (6, 3, 1, 0)
    assert (dense.inputs, dense.unread_inputs) == (6, 3)
    # without the threshold the weight of 0.01 counts
    conv, _ = elimination_report(model, scale=1.0)
    assert (conv.eliminated, conv.dead_units, conv.unread_inputs) == (9, 0, 0)


@pytest.mark.parametrize("scale", [0, -1.0, float("nan")])
def test_scale_is_refused_when_wrong(scale, model):
    for call in (effective_number_of_weights, elimination_report):
        with pytest.raises(UserError, match=f"`scale` must be .*Received: scale={scale}"):
            call(model, scale)


def test_threshold_is_refused_when_wrong(model):
    with pytest.raises(UserError, match="`threshold` must be at least 0. Received: threshold=-1"):
        elimination_report(model, 1.0, -1)
