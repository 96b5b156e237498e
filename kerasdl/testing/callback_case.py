"""What the checks of a callback look at: a small model's training with it."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np

from kerasdl.errors import UserError
from kerasdl.testing.seeding import seeded
from kerasdl.testing.training import count_calls, jit_compile

EPOCHS, BATCHES = 2, 4
_BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


@dataclass(frozen=True)
class CallbackRun:
    """One training with a fresh callback.

    Args:
        model: The model as training left it.
        callback: The callback, used once.
        history: What `fit` returned.
        traces: How often the model had been traced at the start of each epoch and at the end.
        model_readings: How often hooks of batches read `callback.model`.
    """

    model: keras.Model
    callback: keras.callbacks.Callback
    history: keras.callbacks.History
    traces: list[int]
    model_readings: int


class CallbackCase:
    """A callback and a small model to train; the arguments are those of `check_callback`."""

    def __init__(
        self,
        make: Callable[[], keras.callbacks.Callback],
        *,
        make_model: Callable[[], keras.Model] | None = None,
    ) -> None:
        self.make, self._make_model = make, make_model or _classifier
        generator = np.random.default_rng(0)
        self.x = generator.normal(size=(4 * BATCHES, 3)).astype("float32")
        self.y = generator.integers(0, 2, size=(4 * BATCHES,))
        self.new()

    def describe(self) -> str:
        """Class."""
        return type(self.new()).__name__

    def new(self) -> keras.callbacks.Callback:
        """A fresh callback."""
        callback = self.make()
        if not isinstance(callback, keras.callbacks.Callback):
            raise UserError(
                f"`make` must return a keras.callbacks.Callback. Received: {callback!r}"
            )
        return callback

    def model(self) -> keras.Model:
        """A fresh compiled model, the same each time."""
        with seeded():
            return self._make_model()

    def fit(self, model: keras.Model, *callbacks: keras.callbacks.Callback) -> Any:
        """Two epochs of four batches with validation, in the same order each time."""
        return model.fit(
            self.x,
            self.y,
            batch_size=4,
            epochs=EPOCHS,
            shuffle=False,
            validation_data=(self.x, self.y),
            callbacks=list(callbacks),
            verbose=0,
        )

    @cached_property
    def run(self) -> CallbackRun:
        """The training that checks share."""
        model, callback, traces = self.model(), self.new(), []
        counter = count_calls(model.layers[-1])
        record = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: traces.append(counter[0])
        )
        with _watched(callback) as readings:
            try:
                history = self.fit(model, callback, record)
            except Exception as error:
                if readings[0]:
                    raise AssertionError(
                        f"fit failed after {readings[0]} readings of `self.model` in hooks of "
                        f"training batches: {error}"
                    ) from error
                raise
        return CallbackRun(model, callback, history, [*traces, counter[0]], readings[0])


@contextlib.contextmanager
def _watched(callback: keras.callbacks.Callback) -> Iterator[list[int]]:
    """Counts readings of `callback.model` while a hook of a training batch runs."""
    own, readings, inside = type(callback), [0], [0]

    class Watched(own):  # type: ignore[valid-type, misc]
        @property
        def model(self) -> Any:
            readings[0] += inside[0]
            return own.model.__get__(self)

    def entered(hook: Callable[..., Any]) -> Callable[..., Any]:
        def run(batch: int, logs: Any = None) -> Any:
            inside[0] = 1
            try:
                return hook(batch, logs)
            finally:
                inside[0] = 0

        return run

    before = dict(vars(callback))
    for name in _BATCH_HOOKS:
        if overrides(callback, name):
            setattr(callback, name, entered(getattr(callback, name)))
    callback.__class__ = Watched
    try:
        yield readings
    finally:
        callback.__class__ = own
        for name in _BATCH_HOOKS:
            vars(callback).pop(name, None)
            if name in before:
                setattr(callback, name, before[name])


def overrides(callback: keras.callbacks.Callback, name: str) -> bool:
    """Whether a callback, or the instance, has a hook of its own."""
    hook = getattr(callback, name)
    return getattr(hook, "__func__", hook) is not getattr(keras.callbacks.Callback, name)


def _classifier() -> keras.Model:
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(4, "relu", name="hidden")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(hidden))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss, metrics=["accuracy"], jit_compile=jit_compile())
    return model
