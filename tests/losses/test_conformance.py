"""Every loss against the rules of the public kit, and against a float64 formula in NumPy."""

import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp
from scipy.stats import norm

from kerasdl import losses
from kerasdl.testing import check_loss

_RANDOM = np.random.default_rng(7)
LOGITS = _RANDOM.normal(size=(4, 3, 5))
LABELS = np.array([[0, 1, 2], [3, 4, -1], [1, -1, -1], [2, 2, 2]])
WEIGHTS = [1.0, 2.0, 0.5, 0.0, 3.0]
NUMBERS, GUESSES = _RANDOM.normal(size=(4, 3)), _RANDOM.normal(size=(4, 3))
SIGNS = np.where(_RANDOM.normal(size=(4, 3)) > 0, 1.0, -1.0)
STEPS, STEP_GUESSES = _RANDOM.normal(size=(4, 3, 2)), _RANDOM.normal(size=(4, 3, 2))
STEPS[1, 2:] = STEPS[2, 1:] = 0.0
REAL = np.any(STEPS != 0, axis=-1)


def softmax_reference(labels, logits):
    real = labels >= 0
    safe, classes = np.where(real, labels, 0), logits.shape[-1]
    log_p, lse = log_softmax(logits, axis=-1), logsumexp(logits, axis=-1)
    smooth = np.full(logits.shape, 0.1 / classes) + 0.9 * np.eye(classes)[safe]
    terms = -np.sum(smooth * np.array(WEIGHTS) * log_p, axis=-1) + 1e-2 * lse**2
    return np.sum(terms * real) / np.sum(real)


def one_vs_all_reference(labels, logits):
    real = labels >= 0
    is_class = np.eye(logits.shape[-1])[np.where(real, labels, 0)]
    p = 1 / (1 + np.exp(-logits))
    terms = -np.sum(is_class * np.log(p) + (1 - is_class) * np.log(1 - p), axis=-1)
    return np.sum(terms * real) / np.sum(real)


def nll_reference(numbers, guesses):
    mean, variance = np.split(guesses, 2, axis=-1)
    return -np.mean(norm.logpdf(numbers, mean, np.sqrt(variance)))


def sequence_reference(steps, guesses):
    errors, real = np.mean((steps - guesses) ** 2, axis=-1), np.any(steps != 0, axis=-1)
    return np.mean(np.sum(errors * real, axis=1) / np.sum(real, axis=1))


CASES = {
    "SoftmaxCrossEntropy": (
        lambda: losses.SoftmaxCrossEntropy(0.1, -1, WEIGHTS, z_loss=1e-2),
        (LABELS, LOGITS),
        softmax_reference,
    ),
    "OneVsAllCrossEntropy": (
        lambda: losses.OneVsAllCrossEntropy(-1),
        (LABELS, LOGITS),
        one_vs_all_reference,
    ),
    "HalfSquaredError": (
        losses.HalfSquaredError,
        (NUMBERS, GUESSES),
        lambda t, p: np.mean(0.5 * np.sum((t - p) ** 2, axis=-1)),
    ),
    "PerceptronLoss": (
        losses.PerceptronLoss,
        (SIGNS, GUESSES),
        lambda t, p: np.mean(np.sum(np.maximum(0, -t * p), axis=-1)),
    ),
    "GaussianNLL": (
        losses.GaussianNLL,
        (NUMBERS, np.concatenate([GUESSES, np.exp(GUESSES)], axis=-1)),
        nll_reference,
    ),
    "SequenceLoss": (
        lambda: losses.SequenceLoss("mse", padding_value=0.0, average="sequence"),
        (STEPS, STEP_GUESSES),
        sequence_reference,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_kit_passes_for(name):
    make, (y_true, y_pred), reference = CASES[name]
    check_loss(make, y_true, y_pred, reference=reference)


def test_no_loss_is_left_out():
    assert {*CASES} == {*losses.__all__} - {"TokenLoss", "StandardizedLoss"}
