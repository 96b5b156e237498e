"""What every task answers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdl.data import Data, Samples
from kerasdl.layers.origin import Origin


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one split, and a table where the task has one."""

    figures: dict[str, float]
    table: list[dict[str, Any]] = field(default_factory=list)


class Task(ABC):
    """Joins data to a model: head, targets, loss, metrics, and the way back to words."""

    monitor: str
    """The validation metric that says which epoch was best."""
    monitor_mode: str
    """`max` or `min`."""
    ignores_mirroring = True
    """Whether the target of an image's mirror image is the image's own."""

    def head(self, outputs: Any, data: Data) -> Any:
        """What follows the architecture's outputs; nothing by default."""
        return outputs

    @abstractmethod
    def loss(self, loss: Any, model: keras.Model, data: Data) -> keras.losses.Loss:
        """The loss to compile with; `loss` is the user's choice, or None for the usual one."""

    def targets(self, samples: Samples, loss: keras.losses.Loss, data: Data) -> np.ndarray:
        """Targets in the form that the loss wants."""
        return samples.y

    @abstractmethod
    def metrics(self, loss: keras.losses.Loss, data: Data) -> list[keras.metrics.Metric]:
        """What is watched while training."""

    @abstractmethod
    def evaluate(
        self, samples: Samples, outputs: np.ndarray, model: keras.Model, data: Data
    ) -> Evaluation:
        """Figures from a split and the model's outputs for it."""

    @abstractmethod
    def present(
        self,
        outputs: np.ndarray,
        model: keras.Model,
        classes: Sequence[str],
        names: Sequence[str],
        inputs: np.ndarray,
    ) -> list[dict[str, Any]]:
        """Each prediction in words and numbers."""

    @abstractmethod
    def pictures(
        self,
        samples: Samples,
        outputs: np.ndarray,
        model: keras.Model,
        data: Data,
        folder: Path,
    ) -> list[Path]:
        """Draws what shows how good the predictions are."""


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
