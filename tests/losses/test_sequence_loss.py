import keras
import numpy as np
import pytest

from kerasdl.losses import HalfSquaredError, SequenceLoss

# squared errors: 1, 4 and padding; 9, 0 and 16; only padding
TRUE = np.array([[1.0, 2.0, -9.0], [3.0, 5.0, 4.0], [-9.0, -9.0, -9.0]])[..., None]
PRED = np.array([[2.0, 0.0, 50.0], [0.0, 5.0, 0.0], [1.0, 1.0, 1.0]])[..., None]
EXPECTED = {"step": 30 / 5, "sequence": (5 / 2 + 25 / 3) / 2, "sum": 30 / 2}


@pytest.mark.parametrize("average", EXPECTED)
def test_averages_are_those_by_hand(average):
    loss = SequenceLoss("mse", padding_value=-9.0, average=average)
    np.testing.assert_allclose(float(loss(TRUE, PRED)), EXPECTED[average], rtol=1e-6)


def test_nan_may_mark_padding_and_harms_no_gradient(value_and_slope):
    loss = SequenceLoss("mse", padding_value=float("nan"))
    value, slope = value_and_slope(loss, np.where(TRUE == -9, np.nan, TRUE), PRED)
    np.testing.assert_allclose(value, EXPECTED["step"], rtol=1e-6)
    np.testing.assert_allclose(slope, np.where(TRUE == -9, 0, 2 * (PRED - TRUE) / 5), rtol=1e-5)


def test_mask_of_the_predictions_counts_as_padding():
    masked = keras.layers.Masking(mask_value=0.5)(np.where(TRUE == -9, 0.5, PRED))
    value = SequenceLoss("mse", average="sequence")(TRUE, masked)
    np.testing.assert_allclose(float(value), EXPECTED["sequence"], rtol=1e-6)


def test_losses_of_steps_are_averaged_as_they_are():
    value = SequenceLoss(None, padding_value=-9)(TRUE[..., 0], (TRUE - PRED)[..., 0] ** 2)
    np.testing.assert_allclose(float(value), EXPECTED["step"], rtol=1e-6)


def test_any_keras_loss_can_be_wrapped(rng):
    labels, logits = np.array([[1, 2], [0, -1]]), rng.normal(size=(2, 2, 3)).astype("float32")
    inner = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    value = SequenceLoss(inner, padding_value=-1)(labels, logits)
    torch = pytest.importorskip("torch")
    expected = torch.nn.functional.cross_entropy(
        torch.tensor(logits.reshape(-1, 3)), torch.tensor(labels.reshape(-1)), ignore_index=-1
    )
    np.testing.assert_allclose(float(value), expected.item(), rtol=1e-5)


def test_sample_weights_are_per_sequence_or_step():
    weights = np.array([2.0, 1.0, 1.0])
    loss = SequenceLoss("mse", padding_value=-9.0)
    np.testing.assert_allclose(float(loss(TRUE, PRED, sample_weight=weights)), 35 / 5, rtol=1e-6)
    by_step = np.array([[1.0, 0.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    np.testing.assert_allclose(float(loss(TRUE, PRED, sample_weight=by_step)), 26 / 4, rtol=1e-6)


def test_config_survives_with_a_loss_inside():
    loss = SequenceLoss(HalfSquaredError(reduction="sum"), padding_value=-9.0, average="sum")
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert copy.loss.get_config() == loss.loss.get_config()
    assert float(copy(TRUE, PRED)) == float(loss(TRUE, PRED))


def test_bad_arguments_and_shapes_are_named():
    with pytest.raises(ValueError, match="`average` must be one of 'step', 'sequence', 'sum'"):
        SequenceLoss("mse", average="mean")
    with pytest.raises(ValueError, match=r"\(B, T, \.\.\.\)\. Received: y_true \(3,\)"):
        SequenceLoss("mse")(np.zeros(3), np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"`loss` must give one value per step, .* \(2, 3, 4\)"):
        SequenceLoss(None)(np.zeros((2, 3)), np.zeros((2, 3, 4)))
