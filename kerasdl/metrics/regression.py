"""Figures of a regression, in the target's own unit."""

import numpy as np

from kerasdl.errors import require


def regression_metrics(targets: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """RMSE, MAE and R², each the mean over outputs.

    Args:
        targets: `(N, outputs)`.
        predicted: `(N, outputs)`.
    """
    require("sklearn", "train", "evaluating a regression")
    from sklearn import metrics

    targets, predicted = targets.astype("float64"), predicted.astype("float64")
    return {
        "rmse": float(metrics.root_mean_squared_error(targets, predicted)),
        "mae": float(metrics.mean_absolute_error(targets, predicted)),
        "r2": float(metrics.r2_score(targets, predicted)) if len(targets) > 1 else float("nan"),
    }
