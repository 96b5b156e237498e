"""Expected values by hand, from the definitions."""

import numpy as np
import pytest

from kerasdl.metrics import (
    classification_metrics,
    expected_calibration_error,
    multi_label_metrics,
    per_class_table,
    regression_metrics,
)

LABELS = np.array([0, 0, 1, 1])
PROBABILITIES = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]])


def test_classification_figures():
    """Predicted 0 1 1 1: class 0 precision 1, recall 1/2; class 1 precision 2/3, recall 1."""
    figures = classification_metrics(LABELS, PROBABILITIES)
    assert figures["accuracy"] == pytest.approx(3 / 4)
    assert figures["precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert figures["recall"] == pytest.approx((1 / 2 + 1) / 2)
    assert figures["f1"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert figures["auc"] == 1.0  # every score of class 1 is above every score of class 0
    assert figures["log_loss"] == pytest.approx(-np.log([0.9, 0.4, 0.8, 0.7]).mean())


def test_auc_is_left_out_where_a_class_is_missing():
    assert "auc" not in classification_metrics(np.array([0, 0]), PROBABILITIES[:2])


def test_per_class_table_counts_samples():
    rows = per_class_table(LABELS, PROBABILITIES.argmax(1), ["no", "yes"])
    assert [(row["class"], row["samples"]) for row in rows] == [("no", 2), ("yes", 2)]
    assert rows[0]["recall"] == 0.5


def test_calibration_error_of_two_bins():
    """Confidences 0.6, 0.7 (both wrong) and 0.9, 1.0 (both right): gaps 0.65 and 0.05."""
    probabilities = np.array([[0.6, 0.4], [0.7, 0.3], [0.9, 0.1], [1.0, 0.0]])
    labels = np.array([1, 1, 0, 0])
    error = expected_calibration_error(labels, probabilities, bins=5)
    bins = {3: (0.6 + 0.7, 0, 2), 4: (1.9, 2, 2)}
    assert int(0.6 * 5) == 3  # both wrong ones fall into [0.6, 0.8)
    by_hand = sum(abs(right - confidence) for confidence, right, _ in bins.values()) / 4
    assert error == pytest.approx(by_hand)


def test_perfect_calibration_has_no_error():
    probabilities = np.tile([0.75, 0.25], (4, 1))
    assert expected_calibration_error(np.array([0, 0, 0, 1]), probabilities) == pytest.approx(0)


def test_regression_figures():
    """Errors 1 and -3: squares 1 and 9, targets 2 and 6 about their mean 4 spread 8."""
    figures = regression_metrics(np.array([[2.0], [6.0]]), np.array([[3.0], [3.0]]))
    assert figures["rmse"] == pytest.approx(np.sqrt(5))
    assert figures["mae"] == pytest.approx(2)
    assert figures["r2"] == pytest.approx(1 - 10 / 8)


def test_multi_label_figures():
    targets = np.array([[1, 0], [1, 1], [0, 0]])
    probabilities = np.array([[0.9, 0.2], [0.8, 0.4], [0.7, 0.1]])
    figures = multi_label_metrics(targets, probabilities)
    assert figures["label_accuracy"] == pytest.approx(4 / 6)
    assert figures["exact_match"] == pytest.approx(1 / 3)
    assert figures["micro_f1"] == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    assert figures["macro_f1"] == pytest.approx((4 / 5 + 0) / 2)
    assert figures["auc"] == pytest.approx(1.0)
