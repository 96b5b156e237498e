"""What every task answers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdl.data import Batches, Data, Form, Samples
from kerasdl.layers.origin import Origin

_BATCH = 256


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one split, a table where the task has one, and how figures were taken."""

    figures: dict[str, float]
    table: list[dict[str, Any]] = field(default_factory=list)
    notes: Mapping[str, str] = field(default_factory=dict)


class Task(ABC):
    """Joins data to a model: inputs, head, targets, loss, metrics, and the way back to words."""

    monitor: str
    """The validation metric that says which epoch was best."""
    monitor_mode: str
    """`max` or `min`."""
    ignores_mirroring = True
    """Whether the target of an image's mirror image is the image's own."""
    smooths_labels = False
    """Whether label smoothing means something here."""

    def entrance(self, data: Data) -> list[keras.KerasTensor]:
        """The inputs of a run's model; preprocessing goes onto the first."""
        return [keras.Input(data.inputs.shape, dtype=data.inputs.dtype, name="raw")]

    def head(self, outputs: Any, data: Data) -> Any:
        """What follows the architecture's outputs; nothing by default."""
        return outputs

    @abstractmethod
    def loss(self, loss: Any, model: keras.Model, data: Data) -> keras.losses.Loss:
        """The loss to compile with; `loss` is the user's choice, or None for the usual one."""

    def inputs(self, samples: Samples, form: Form) -> Any:
        """What the model takes."""
        return samples.x

    def targets(self, samples: Samples, loss: keras.losses.Loss, data: Data) -> np.ndarray:
        """Targets in the form that the loss wants."""
        return samples.y

    def batches(self, samples: Samples, loss: keras.losses.Loss, data: Data, **how: Any) -> Batches:
        """The samples for `fit`; `how` are arguments of `Batches`."""
        return Batches(self.inputs(samples, data.form()), self.targets(samples, loss, data), **how)

    @abstractmethod
    def metrics(self, loss: keras.losses.Loss, data: Data) -> list[keras.metrics.Metric]:
        """What is watched while training."""

    def outputs(self, samples: Samples, model: keras.Model, form: Form, flip: bool = False) -> Any:
        """What the model makes of samples; the other methods take it as it is.

        Args:
            samples: Targets are not needed.
            model: A run's model.
            form: Of the data.
            flip: Whether to take the mean over each image and its mirror image.
        """
        x = self.inputs(samples, form)
        views = (x, x[:, :, ::-1]) if flip else (x,)
        made = [np.asarray(model.predict(view, batch_size=_BATCH, verbose=0)) for view in views]
        return np.mean(made, axis=0) if flip else made[0]

    @abstractmethod
    def evaluate(
        self, samples: Samples, outputs: Any, model: keras.Model, data: Data
    ) -> Evaluation:
        """Figures from a split and the model's outputs for it."""

    @abstractmethod
    def present(
        self, outputs: Any, model: keras.Model, form: Form, names: list[str], inputs: np.ndarray
    ) -> list[dict[str, Any]]:
        """Each prediction in words and numbers."""

    @abstractmethod
    def pictures(
        self, samples: Samples, outputs: Any, model: keras.Model, data: Data, folder: Path
    ) -> list[Path]:
        """Draws what shows how good the predictions are."""

    def examples(
        self, samples: Samples, outputs: Any, model: keras.Model, data: Data
    ) -> list[dict[str, Any]]:
        """Some samples in words: what was expected, what was said; none by default.

        An entry `right` says whether it is, where that can be told.
        """
        return []


def output_activation(model: keras.Model) -> str:
    """Name of the last activation: `linear` where the model gives logits."""
    for layer in reversed(model.layers):
        if isinstance(layer, Origin | keras.layers.Normalization):
            continue
        if isinstance(layer, keras.Model):
            return output_activation(layer)
        activation = getattr(layer, "activation", None)
        return getattr(activation, "__name__", "linear") if activation is not None else "linear"
    return "linear"
