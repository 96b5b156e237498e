"""Figures of a classifier."""

from collections.abc import Sequence

import numpy as np

from kerasdl.errors import require
from kerasdl.metrics.calibration import expected_calibration_error


def classification_metrics(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Accuracy, macro precision, recall and F1, AUC (one against the rest), log loss, ECE.

    AUC is left out when a class is missing from `labels`, since it is not defined then.

    Args:
        labels: `(N,)` integers.
        probabilities: `(N, classes)`, rows sum to 1.
    """
    require("sklearn", "train", "evaluating a classifier")
    from sklearn import metrics

    predicted = probabilities.argmax(axis=1)
    classes = np.arange(probabilities.shape[1])
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        labels, predicted, labels=classes, average="macro", zero_division=0.0
    )
    figures = {
        "accuracy": metrics.accuracy_score(labels, predicted),
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "log_loss": metrics.log_loss(labels, probabilities.astype("float64"), labels=classes),
        "calibration_error": expected_calibration_error(labels, probabilities),
    }
    if len(np.unique(labels)) == len(classes):
        scores = probabilities[:, 1] if len(classes) == 2 else probabilities
        figures["auc"] = metrics.roc_auc_score(labels, scores, multi_class="ovr", labels=classes)
    return {name: float(value) for name, value in figures.items()}


def per_class_table(
    labels: np.ndarray, predicted: np.ndarray, classes: Sequence[str]
) -> list[dict[str, float | int | str]]:
    """One row a class: precision, recall, F1 and how many samples it has."""
    require("sklearn", "train", "evaluating a classifier")
    from sklearn import metrics

    columns = metrics.precision_recall_fscore_support(
        labels, predicted, labels=np.arange(len(classes)), zero_division=0.0
    )
    return [
        {
            "class": name,
            "precision": float(p),
            "recall": float(r),
            "f1": float(f),
            "samples": int(n),
        }
        for name, p, r, f, n in zip(classes, *columns, strict=True)
    ]
