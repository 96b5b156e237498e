"""The records that a data source gives: samples, and what a builder and a reader must know."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kerasdl.data.form import Form
from kerasdl.data.inputs import Inputs
from kerasdl.data.plans import SeriesPlan, TextPlan
from kerasdl.data.text_form import TextForm
from kerasdl.plugin.types import Spec

AUTOENCODING = "autoencoding"
CONTIGUOUS_TASKS = ("language-modelling", "forecasting")
"""Those whose samples follow each other, so that what is held out must be the end."""
SINGLE_LABEL_TASKS = ("image-classification", "tabular-classification", "text-classification")


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Inputs and targets of equal length.

    Shapes: `x` `(count, *inputs.shape)`. `y` `(count,)` int32 class numbers; `(count, outputs)`
    float32 values (regression) or 0/1 (multi-label); `(count, horizon, outputs)` float32
    (forecasting); `(count, length)` int32 labels or tokens, padded; `None` without targets. Before
    `prepare` texts are texts: arrays of strings, or of lists of words. `references`: the targets'
    texts as they were, `(count,)`, for figures that compare texts.
    """

    x: np.ndarray
    y: np.ndarray | None = None
    references: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.x)

    def take(self, indices: np.ndarray) -> "Samples":
        """The samples at `indices`, copied."""
        parts = (self.x, self.y, self.references)
        return Samples(*(None if part is None else part[indices] for part in parts))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Data:
    """A data source, read: what it gives of training, validation and test samples, and its form.

    Args:
        name: Name of the dataset, or of the file without its ending.
        task: One of kerasdl's own, or a plugin's.
        train: Training samples; all samples where the source has no split of its own.
        validation: As the source gives them, or `None`; `split` makes what is missing.
        test: Likewise.
        inputs: How a raw input looks and is read.
        classes: Names of the classes, for the classification tasks.
        outputs: Number of classes, labels, values to predict, or of tokens where those are.
        target_names: Names of the target columns, for regression and multi-label.
        source: Where the data comes from.
        license: As the source states it; empty if it states none.
        target: How targets that are texts become tokens.
        horizon: Steps to forecast.
        series: The training rows of a series, each once, `(rows, columns)`.
        plan: What `prepare` still has to do; None for data that is numbers already.
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
    target: TextForm | None = None
    horizon: int | None = None
    series: np.ndarray | None = None
    plan: TextPlan | SeriesPlan | None = None

    @property
    def parts(self) -> Mapping[str, Samples]:
        """The samples there are, by `train`, `validation`, `test`."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: samples for name, samples in named.items() if samples is not None}

    def form(self) -> Form:
        """What a run remembers of this data."""
        return Form(
            task=self.task,
            inputs=self.inputs,
            labels=tuple(self.classes or self.target_names),
            target=self.target,
        )

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
            target_vocab_size=self.target.vocab_size if self.target else None,
            target_context=self.target.context - 1 if self.target else None,
            horizon=self.horizon,
            characters=self.inputs.characters.vocab_size if self.inputs.characters else None,
            word_length=self.inputs.characters.context if self.inputs.characters else None,
        )

    def replace(self, **changes: Any) -> "Data":
        """A copy with some values changed."""
        return replace(self, **changes)
