"""Figures of forecasts."""

import numpy as np

_PIECE = 512  # windows


def forecasting_metrics(
    targets: np.ndarray, predicted: np.ndarray, scale: np.ndarray
) -> dict[str, float]:
    """MSE and MAE on standardized values, RMSE and MAE in the series' unit.

    Shapes: `targets` and `predicted` `(N, horizon, outputs)`; `scale` `(outputs,)`.

    Args:
        targets: What came.
        predicted: What was forecast.
        scale: Standard deviation of each series in training: errors are divided by it.
    """
    sums = np.zeros(4)
    for begin in range(0, len(targets), _PIECE):
        here = slice(begin, begin + _PIECE)
        errors = predicted[here].astype("float64") - targets[here]
        unit = errors / scale
        sums += [np.square(unit).sum(), np.abs(unit).sum(), np.square(errors).sum(), 0]
        sums[3] += np.abs(errors).sum()
    mse, mae, square, absolute = (sums / targets.size).tolist()
    return {"mse": mse, "mae": mae, "rmse": square**0.5, "unit_mae": absolute}
