"""Numbers to predict."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdl import metrics as figures
from kerasdl import plots
from kerasdl.data import Data, Form, Samples
from kerasdl.losses.standardized import StandardizedLoss
from kerasdl.tasks.examples import in_words
from kerasdl.tasks.task import Evaluation, Task

_EACH = 5


class Regression(Task):
    """Real targets; the loss is taken on standardized values, outputs are in the target's unit."""

    monitor = "val_rmse"
    monitor_mode = "min"

    def head(self, outputs: Any, data: Data) -> Any:
        """From standard deviations to the target's unit, by the training split's statistics."""
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
        mean, scale = _statistics(data)
        return StandardizedLoss(loss or keras.losses.MeanSquaredError(), mean, scale)

    def targets(self, samples: Samples, loss: keras.losses.Loss, data: Data) -> np.ndarray:
        """Float columns."""
        return _columns(samples).astype("float32")

    def metrics(self, loss: keras.losses.Loss, data: Data) -> list[keras.metrics.Metric]:
        """RMSE and MAE in the target's unit."""
        return [
            keras.metrics.RootMeanSquaredError(name="rmse"),
            keras.metrics.MeanAbsoluteError(name="mae"),
        ]

    def evaluate(
        self, samples: Samples, outputs: np.ndarray, model: keras.Model, data: Data
    ) -> Evaluation:
        """RMSE, MAE, R²; a row an output where there are several."""
        y = _columns(samples)
        table = []
        if y.shape[1] > 1:
            for index, name in enumerate(_names(data)):
                column = slice(index, index + 1)
                table.append(
                    {"output": name} | figures.regression_metrics(y[:, column], outputs[:, column])
                )
        return Evaluation(figures.regression_metrics(y, outputs), table)

    def present(
        self, outputs: Any, model: keras.Model, form: Form, names: list[str], inputs: np.ndarray
    ) -> list[dict[str, Any]]:
        """Each predicted value under its target's name."""
        return [
            {"input": name}
            | {label: float(value) for label, value in zip(form.labels, row, strict=True)}
            for name, row in zip(names, outputs, strict=True)
        ]

    def examples(
        self, samples: Samples, outputs: np.ndarray, model: keras.Model, data: Data
    ) -> list[dict[str, Any]]:
        """The largest errors of the first output, and some of the usual size."""
        y, name = _columns(samples)[:, 0], _names(data)[0]
        errors = outputs[:, 0].astype("float64") - y
        order = np.argsort(-np.abs(errors), kind="stable")
        middle = len(order) // 2
        return [
            in_words(data.form(), samples.x[index])
            | {
                f"true {name}": float(y[index]),
                "predicted": float(outputs[index, 0]),
                "error": float(errors[index]),
            }
            for index in dict.fromkeys([*order[:_EACH], *order[middle : middle + _EACH]])
        ]

    def pictures(
        self, samples: Samples, outputs: np.ndarray, model: keras.Model, data: Data, folder: Path
    ) -> list[Path]:
        """Predicted against true, and the errors' distribution."""
        y = _columns(samples)
        return [plots.residuals(y, outputs, _names(data), folder / "residuals.png")]


def _columns(samples: Samples) -> np.ndarray:
    return samples.y.reshape(len(samples), -1)


def _statistics(data: Data) -> tuple[list[float], list[float]]:
    y = _columns(data.train).astype("float64")
    scale = y.std(axis=0)
    return y.mean(axis=0).tolist(), np.where(scale > 0, scale, 1.0).tolist()


def _names(data: Data) -> Sequence[str]:
    return data.target_names or tuple(f"output {i}" for i in range(data.outputs))
