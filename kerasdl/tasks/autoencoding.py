"""Inputs given back."""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdl import plots
from kerasdl.data import Data, Form, Samples
from kerasdl.errors import UserError
from kerasdl.inside import inner_layers, inner_model
from kerasdl.losses.standardized import StandardizedLoss
from kerasdl.tasks.task import Evaluation, Task

CODE = "code"
"""Name of the layer that an encoder ends in."""


class Autoencoding(Task):
    """The input as target; the loss is taken in unit scale, outputs are in the input's own unit.

    Unit scale is [0, 1] over the range of a pixel for images, and for arrays deviations from the
    training mean, feature by feature (the last axis). An architecture gives its outputs in it.
    """

    monitor = "val_rmse"
    monitor_mode = "min"
    ignores_mirroring = False

    def head(self, outputs: Any, data: Data) -> Any:
        """From unit scale to the input's unit.

        Raises:
            UserError: If the outputs have not the shape of the inputs.
        """
        if tuple(outputs.shape[1:]) != data.inputs.shape:
            raise UserError(
                f"an autoencoder's outputs must have the shape of its inputs, {data.inputs.shape}. "
                f"Received: {tuple(outputs.shape[1:])}"
            )
        mean, scale = _unit_scale(data)
        if data.inputs.kind == "images":
            layer = keras.layers.Rescaling(scale[0], mean[0], name="raw_range", dtype="float32")
            return layer(outputs)
        layer = keras.layers.Normalization(
            mean=mean,
            variance=[value**2 for value in scale],
            invert=True,
            name="raw_range",
            dtype="float32",
        )
        return layer(outputs)

    def loss(self, loss: Any, model: keras.Model, data: Data) -> keras.losses.Loss:
        """Mean squared error, or the loss asked for, in unit scale."""
        return StandardizedLoss(loss or keras.losses.MeanSquaredError(), *_unit_scale(data))

    def targets(self, samples: Samples, loss: keras.losses.Loss, data: Data) -> np.ndarray:
        """The inputs as they are, in float32."""
        return samples.x.astype("float32")

    def metrics(self, loss: keras.losses.Loss, data: Data) -> list[keras.metrics.Metric]:
        """RMSE in the input's unit."""
        return [keras.metrics.RootMeanSquaredError(name="rmse")]

    def evaluate(
        self, samples: Samples, outputs: np.ndarray, model: keras.Model, data: Data
    ) -> Evaluation:
        """MSE in unit scale; RMSE and MAE in the input's unit; share of the variance explained.

        The last is `1 - squares of errors / squares of deviations from the split's mean`, in unit
        scale: what principal components are measured by too.
        """
        x = samples.x.astype("float32")
        _, scale = _unit_scale(data)
        errors = outputs.astype("float32") - x
        unit = np.asarray(scale, dtype="float32")
        mse = _mean_square(errors / unit)
        spread = _mean_square((x - x.mean(axis=0, dtype="float64").astype("float32")) / unit)
        return Evaluation(
            {
                "mse": mse,
                "rmse": _mean_square(errors) ** 0.5,
                "mae": float(np.abs(errors).mean(dtype="float64")),
                "explained_variance": 1.0 - mse / spread if spread > 0 else float("nan"),
            }
        )

    def present(
        self, outputs: Any, model: keras.Model, form: Form, names: list[str], inputs: np.ndarray
    ) -> list[dict[str, Any]]:
        """The error of each reconstruction, in the input's unit."""
        rows = []
        for index, (name, output) in enumerate(zip(names, outputs, strict=True)):
            error = output.astype("float64") - inputs[index]
            figures = {"rmse": np.sqrt(np.square(error).mean()), "largest": np.abs(error).max()}
            rows.append({"input": name} | {key: float(value) for key, value in figures.items()})
        return rows

    def pictures(
        self, samples: Samples, outputs: np.ndarray, model: keras.Model, data: Data, folder: Path
    ) -> list[Path]:
        """Inputs above outputs for images; the codes on a plane where the model has a `code`."""
        drawn: list[Path | None] = []
        if data.inputs.kind == "images":
            drawn.append(plots.reconstructions(samples.x, outputs, folder / "reconstructions.png"))
        if any(layer.name == CODE for layer in inner_layers(model)):
            codes = np.asarray(
                inner_model(model, CODE).predict(samples.x, batch_size=256, verbose=0)
            )
            drawn.append(
                plots.embedding(
                    codes.reshape(len(codes), -1),
                    folder / "embedding.png",
                    _labels(samples),
                    data.classes or (),
                )
            )
        return [path for path in drawn if path is not None]


def _unit_scale(data: Data) -> tuple[list[float], list[float]]:
    """What to subtract from raw values, and what to divide by, for each feature or for all."""
    x = data.train.x
    if data.inputs.kind == "images":
        low, high = data.inputs.value_range or (float(x.min()), float(x.max()))
        return [float(low)], [float(high - low) or 1.0]
    rows = x.reshape(-1, x.shape[-1]).astype("float64")
    scale = rows.std(axis=0)
    return rows.mean(axis=0).tolist(), np.where(scale > 0, scale, 1.0).tolist()


def _mean_square(values: np.ndarray) -> float:
    return float(np.square(values).mean(dtype="float64"))


def _labels(samples: Samples) -> np.ndarray | None:
    """The class of each sample, where the data has one."""
    y = samples.y
    return y if y is not None and y.ndim == 1 and np.issubdtype(y.dtype, np.integer) else None
