"""Figures of a model that answers several yes-or-no questions at once."""

import numpy as np

from kerasdl.errors import require


def multi_label_metrics(targets: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Share of labels right, of samples wholly right, micro and macro F1, macro AUC.

    AUC is over the labels that occur both as 0 and as 1; it is left out where there is none.

    Args:
        targets: `(N, labels)` of 0 and 1.
        probabilities: `(N, labels)` in [0, 1]; 0.5 and above counts as yes.
    """
    require("sklearn", "train", "evaluating a multi-label classifier")
    from sklearn import metrics

    targets = targets.astype(int)
    predicted = (probabilities >= 0.5).astype(int)
    figures = {
        "label_accuracy": float((targets == predicted).mean()),
        "exact_match": float((targets == predicted).all(axis=1).mean()),
        "micro_f1": metrics.f1_score(targets, predicted, average="micro", zero_division=0.0),
        "macro_f1": metrics.f1_score(targets, predicted, average="macro", zero_division=0.0),
    }
    both = (targets.min(axis=0) == 0) & (targets.max(axis=0) == 1)
    if both.any():
        aucs = [
            metrics.roc_auc_score(targets[:, i], probabilities[:, i]) for i in np.flatnonzero(both)
        ]
        figures["auc"] = float(np.mean(aucs))
    return {name: float(value) for name, value in figures.items()}
