"""The records that a data source gives: samples, and what a builder and a reader must know."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kerasdl.data.inputs import Inputs
from kerasdl.plugin.types import Spec

AUTOENCODING = "autoencoding"
DATA_TASKS = (
    "image-classification",
    "tabular-classification",
    "tabular-regression",
    "multi-label-classification",
    "text-classification",
    "language-modelling",
    AUTOENCODING,
)
SINGLE_LABEL_TASKS = ("image-classification", "tabular-classification", "text-classification")


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Inputs and targets of equal length.

    Shapes: `x` `(count, *inputs.shape)`. `y` `(count,)` int32 class numbers; `(count, outputs)`
    float32 values (regression) or 0/1 (multi-label); `(count, context)` int32 next characters
    (language modelling); `None` without targets.
    """

    x: np.ndarray
    y: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.x)

    def take(self, indices: np.ndarray) -> "Samples":
        """The samples at `indices`, copied."""
        return Samples(self.x[indices], None if self.y is None else self.y[indices])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Data:
    """A data source, read: what it gives of training, validation and test samples, and its form.

    Args:
        name: Name of the dataset, or of the file without its ending.
        task: One of `DATA_TASKS`, or a plugin's.
        train: Training samples; all samples where the source has no split of its own.
        validation: As the source gives them, or `None`; `split` makes what is missing.
        test: Likewise.
        inputs: How a raw input looks and is read.
        classes: Names of the classes, for the classification tasks.
        outputs: Number of classes, labels, or values to predict; of characters for a text.
        target_names: Names of the target columns, for regression and multi-label.
        source: Where the data comes from.
        license: As the source states it; empty if it states none.
    """

    name: str
    task: str
    train: Samples
    inputs: Inputs
    outputs: int
    validation: Samples | None = None
    test: Samples | None = None
    classes: tuple[str, ...] | None = None
    target_names: tuple[str, ...] = ()
    source: str = ""
    license: str = ""

    @property
    def parts(self) -> Mapping[str, Samples]:
        """The samples there are, by `train`, `validation`, `test`."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: samples for name, samples in named.items() if samples is not None}

    def spec(self) -> Spec:
        """What this data says to a builder of architectures."""
        return Spec(
            task=self.task,
            input_shape=self.inputs.shape,
            input_dtype=self.inputs.dtype,
            outputs=self.outputs,
            classes=self.classes,
            vocab_size=self.inputs.vocab_size,
            context=self.inputs.context,
        )

    def replace(self, **changes: Any) -> "Data":
        """A copy with some values changed."""
        return replace(self, **changes)
