"""What checks look at: a model about to be trained, and its data."""

import contextlib
import functools
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdl.backend.draws import own_draws
from kerasdl.backend.gradients import as_pure, compiled, value_and_gradients
from kerasdl.data import Batches, Data
from kerasdl.tasks import Task

_LOOKED_AT = 32
"""Batches that are looked at for the commonest shape."""


@dataclass(eq=False)
class Subject:
    """A compiled model about to be trained, with its data, and what several checks ask of them.

    Checks may train the model inside `untouched`, which puts everything back. All batches have one
    shape, the commonest, so that little is compiled.

    Args:
        model: Compiled and untrained; its optimizer has one learning rate, a number.
        data: What it is trained on.
        task: Of the data.
        batches: The training samples.
        png: Where the picture of the learning rates goes; None for none.
        seconds: The longest that a check trains, without the first step.
    """

    model: keras.Model
    data: Data
    task: Task
    batches: Batches
    png: Path | None = None
    seconds: float = 15.0

    def stream(self) -> Iterator[tuple[Any, Any, Any]]:
        """Training batches `(x, y, weights)` in their order, without end."""
        while True:
            for index in range(self.batches.steps):
                batch = self.batches.batch(index)
                if _shapes(batch) == self._shape:
                    yield (*batch, None, None)[:3]
            self.batches.epoch += 1

    @functools.cached_property
    def _shape(self) -> Any:
        first = range(min(_LOOKED_AT, self.batches.steps))
        counts = Counter(_shapes(self.batches.batch(index)) for index in first)
        return counts.most_common(1)[0][0]

    @functools.cached_property
    def first(self) -> tuple[Any, Any, Any]:
        """The first batch."""
        self.batches.epoch = 0
        return next(self.stream())

    def some(self, count: int) -> list[tuple[Any, Any, Any]]:
        """The first batches."""
        self.batches.epoch = 0
        stream = self.stream()
        return [next(stream) for _ in range(min(count, self.batches.steps))]

    def loss(self, batch: tuple[Any, Any, Any], training: bool, values: Any = None) -> float:
        """The loss of a batch without penalties, with the variables as they are or at `values`."""
        route = self._training_loss if training else self._inference_loss
        if values is None:
            values = [variable.value for variable in self.model.variables]
        return float(keras.ops.convert_to_numpy(route(values, *_tensors(batch))))

    def data_loss(self, batch: tuple[Any, Any, Any], training: bool) -> Any:
        """The same as a tensor, to be traced."""
        x, y, weights = batch
        outputs = self.model(x, training=training)
        return self.model.loss(y, outputs, sample_weight=weights)

    @functools.cached_property
    def _training_loss(self) -> Any:
        return self._route(True)

    @functools.cached_property
    def _inference_loss(self) -> Any:
        return self._route(False)

    def _route(self, training: bool) -> Any:
        @compiled
        def pure(values: Any, x: Any, y: Any, weights: Any) -> Any:
            batch = x, y, weights
            return as_pure(lambda: self.data_loss(batch, training), self.model.variables)(values)

        return pure

    @functools.cached_property
    def gradients(self) -> list[np.ndarray]:
        """Gradients of the first batch's loss, as in a step; zeros where there is none."""
        batch = _tensors(self.first)
        variables = self.model.trainable_variables
        _, found = value_and_gradients(
            lambda: self.data_loss(batch, True), variables, jit_compile=True
        )
        return [
            np.zeros(tuple(variable.shape), "float32")
            if gradient is None
            else np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(gradient, "float32")))
            for gradient, variable in zip(found, variables, strict=True)
        ]

    def step(self, batch: tuple[Any, Any, Any]) -> float:
        """Trains on a batch; the loss before the step, with penalties."""
        self.model.reset_metrics()  # else Keras gives the mean over the steps so far
        x, y, weights = batch
        logs = self.model.train_on_batch(x, y, sample_weight=weights, return_dict=True)
        return float(logs["loss"])

    @contextlib.contextmanager
    def untouched(self) -> Iterator[list[Any]]:
        """Puts weights, optimizer, rate and draws back afterwards; gives the weights."""
        optimizer = self.model.optimizer
        optimizer.build(self.model.trainable_variables)
        variables = [*self.model.variables, *optimizer.variables]
        before = [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in variables]
        rate = self.rate
        weights = before[: len(self.model.variables)]
        with own_draws():
            yield [keras.ops.convert_to_tensor(value) for value in weights]
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
        self.rate = rate
        self.model.reset_metrics()

    @property
    def rate(self) -> float:
        """The learning rate."""
        return float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))

    @rate.setter
    def rate(self, value: float) -> None:
        self.model.optimizer.learning_rate = value


class Clock:
    """Seconds since the first step, in which things are compiled, was done."""

    def __init__(self) -> None:
        self.started: float | None = None

    def tick(self) -> float:
        """Called after each step."""
        if self.started is None:
            self.started = time.perf_counter()
        return time.perf_counter() - self.started


def _shapes(batch: Any) -> Any:
    return tuple(entry.shape for entry in keras.tree.flatten(batch))


def _tensors(batch: Any) -> Any:
    return keras.tree.map_structure(
        lambda entry: None if entry is None else keras.ops.convert_to_tensor(entry),
        batch,
    )
