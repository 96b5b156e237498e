"""A few samples, learned by heart."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerasdl.testing.numerics import is_floating
from kerasdl.testing.training import jit_compile

SAMPLES, STEPS = 10, 300
LEARNED = 0.1
"""Share of the first loss that ten samples learned by heart leave at most."""
_VALUES = ("tabular-regression", "forecasting", "autoencoding")


@dataclass(frozen=True, slots=True)
class Lesson:
    """Samples with targets that can be told from them, and how the outputs are measured.

    Classes are drawn for whole samples; at each place of a text the class is told by the token
    there, so that a model that sees no later token can learn it too. Values are drawn, or for
    autoencoding the input itself.
    """

    inputs: list[np.ndarray]
    target: np.ndarray
    weight: np.ndarray | None
    loss: keras.losses.Loss


def lesson(model: keras.Model, inputs: list[np.ndarray], task: str | None) -> Lesson:
    """What a model with one floating output is to learn."""
    shape = (len(inputs[0]), *model.output.shape[1:])
    generator = np.random.default_rng(1)
    text = inputs[-1] if inputs[-1].dtype.kind == "i" and inputs[-1].ndim == 2 else None
    if task == "autoencoding":
        scaled = inputs[0] - inputs[0].min()
        inputs = [scaled / scaled.max()]
        return Lesson(inputs, inputs[0], None, keras.losses.MeanSquaredError())
    if task in _VALUES or task is None or task == "multi-label-classification" or shape[-1] == 1:
        known = tuple(inputs[-1].shape[1] if size is None else size for size in shape)
        values = generator.normal(size=known).astype("float32")
        return Lesson(inputs, values, None, keras.losses.MeanSquaredError())
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    if len(shape) == 2 or text is None:
        known = tuple(inputs[-1].shape[1] if size is None else size for size in shape[:-1])
        labels = generator.integers(0, shape[-1], size=known)
        return Lesson(inputs, labels, None, loss)
    told = generator.permutation(int(text.max()) + 1) % shape[-1]
    return Lesson(inputs, told[text], (text != 0).astype("float32"), loss)


def can_learn(model: keras.Model) -> bool:
    """Whether a model has the one floating output that a lesson is about."""
    return isinstance(model.output, keras.KerasTensor) and is_floating(model.output)


def by_heart(
    model: keras.Model, lesson: Lesson, learning_rate: float, steps: int = STEPS
) -> tuple[list[float], float]:
    """Compiled steps of Adam on all samples at once.

    Returns:
        The loss of each step, and the loss at inference after the last as a share of that before
        the first.
    """
    model.compile(keras.optimizers.Adam(learning_rate), lesson.loss, jit_compile=jit_compile())
    packed = keras.tree.pack_sequence_as(model.input, lesson.inputs)
    data: tuple[Any, ...] = (packed, lesson.target, lesson.weight)
    before = _loss(model, data)
    losses = []
    for _ in range(steps):
        model.reset_metrics()  # else Keras gives the mean over the steps so far
        losses.append(float(model.train_on_batch(*data)))
    return losses, _loss(model, data) / before


def _loss(model: keras.Model, data: tuple[Any, ...]) -> float:
    model.reset_metrics()
    return float(model.test_on_batch(*data))
