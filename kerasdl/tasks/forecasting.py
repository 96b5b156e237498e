"""The next steps of series."""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdl import metrics as figures
from kerasdl import plots
from kerasdl.data import Data, Form, Samples
from kerasdl.errors import UserError
from kerasdl.losses.standardized import StandardizedLoss
from kerasdl.tasks.task import Evaluation, Task


class Forecasting(Task):
    """Windows `(N, context, columns)` in, `(N, horizon, outputs)` out, in the series' units.

    An architecture gives its outputs in standard deviations from the training mean; the loss and
    the figures `mse` and `mae` are taken in them too, as the literature does.
    """

    monitor = "val_loss"
    monitor_mode = "min"
    ignores_mirroring = False

    def head(self, outputs: Any, data: Data) -> Any:
        """From standard deviations to the series' units.

        Raises:
            UserError: If the outputs have another shape than `(horizon, outputs)`.
        """
        shape = (data.horizon, data.outputs)
        if tuple(outputs.shape[1:]) != shape:
            raise UserError(
                f"a forecast must have the shape (horizon, outputs) = {shape}. "
                f"Received: {tuple(outputs.shape[1:])}"
            )
        mean, scale = _statistics(data)
        layer = keras.layers.Normalization(
            mean=mean,
            variance=[value**2 for value in scale],
            invert=True,
            name="target",
            dtype="float32",
        )
        return layer(outputs)

    def loss(self, loss: Any, model: keras.Model, data: Data) -> keras.losses.Loss:
        """Mean squared error, or the loss asked for, on standardized values."""
        return StandardizedLoss(loss or keras.losses.MeanSquaredError(), *_statistics(data))

    def targets(self, samples: Samples, loss: keras.losses.Loss, data: Data) -> np.ndarray:
        """The steps that came."""
        return samples.y

    def metrics(self, loss: keras.losses.Loss, data: Data) -> list[keras.metrics.Metric]:
        """RMSE in the series' units."""
        return [keras.metrics.RootMeanSquaredError(name="rmse")]

    def evaluate(
        self, samples: Samples, outputs: np.ndarray, model: keras.Model, data: Data
    ) -> Evaluation:
        """MSE and MAE on standardized values, RMSE and MAE in units; the same of a naive forecast.

        The naive forecast is the last value that was seen, at every step.
        """
        scale = np.asarray(_statistics(data)[1])
        found = figures.forecasting_metrics(samples.y, outputs, scale)
        last = samples.x[:, -1:, _places(data)]
        naive = figures.forecasting_metrics(
            samples.y, np.broadcast_to(last, samples.y.shape), scale
        )
        table = []
        for place, name in enumerate(data.target_names):
            here = slice(place, place + 1)
            own = figures.forecasting_metrics(samples.y[..., here], outputs[..., here], scale[here])
            table.append({"series": name} | own)
        return Evaluation({**found, "naive_mse": naive["mse"], "naive_mae": naive["mae"]}, table)

    def present(
        self,
        outputs: np.ndarray,
        model: keras.Model,
        form: Form,
        names: list[str],
        inputs: np.ndarray,
    ) -> list[dict[str, Any]]:
        """A row for each step ahead."""
        return [
            {"input": name, "step": step + 1}
            | {label: float(value) for label, value in zip(form.labels, row, strict=True)}
            for name, forecast in zip(names, outputs, strict=True)
            for step, row in enumerate(forecast)
        ]

    def pictures(
        self,
        samples: Samples,
        outputs: np.ndarray,
        model: keras.Model,
        data: Data,
        folder: Path,
    ) -> list[Path]:
        """Forecasts beside what came, and the error by how far ahead it is."""
        seen = samples.x[:, :, _places(data)]
        return [
            plots.forecasts(seen, samples.y, outputs, data.target_names, folder / "forecasts.png")
        ]


def _places(data: Data) -> list[int]:
    names = [column.name for column in data.inputs.columns]
    return [names.index(name) for name in data.target_names]


def _statistics(data: Data) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each target's training rows."""
    rows = data.series[:, _places(data)].astype("float64")
    scale = rows.std(axis=0)
    return rows.mean(axis=0).tolist(), np.where(scale > 0, scale, 1.0).tolist()
