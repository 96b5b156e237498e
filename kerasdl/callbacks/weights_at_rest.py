"""The weights meant, wherever `fit` shows them to somebody."""

from typing import Any

import keras

from kerasdl.optimizers.at_rest import to_rest, to_training


class WeightsAtRest(keras.callbacks.Callback):
    """Lets validation and the other callbacks of `fit` see the weights that the optimizer means.

    For optimizers that train at one point and mean another (`kerasdl.optimizers.Nesterov`,
    `Lookahead`, `StochasticWeightAveraging`, alone or inside wrappers; see `RestingOptimizer`).
    With any other optimizer it does nothing.

    - before an epoch: the model's variables are moved to the point to train from;
    - before validation, `evaluate` or `predict` with this callback, and at the end of an epoch: to
      the weights meant, where they stay until the next epoch.

    Put it first in the list: callbacks before it see, at the end of an epoch without validation,
    the point to train from. What another callback writes into the weights while they rest is kept,
    and training goes on from there. It has no state and works on no batch, so it can stand in any
    number of `fit` calls.

    A file written in the middle of an epoch (`ModelCheckpoint(save_freq=100)`) holds the point to
    train from; after loading it, `kerasdl.optimizers.to_rest(model.optimizer)` gives the weights
    meant.

    Differs from: `keras.callbacks.SwapEMAWeights`, which is for `use_ema=True` and loses what is
    written into the weights meanwhile.

    Example:
        >>> model.compile(kerasdl.optimizers.Nesterov(0.01), loss="mse")
        >>> saving = keras.callbacks.ModelCheckpoint("best.keras", save_best_only=True)
        >>> model.fit(x, y, validation_split=0.1, callbacks=[WeightsAtRest(), saving])
    """

    async_safe = True  # nothing is done at the end of a batch

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """To the point to train from."""
        to_training(self._optimizer())

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """To the weights meant."""
        to_rest(self._optimizer())

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """To the weights meant."""
        to_rest(self._optimizer())

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """To the weights meant."""
        to_rest(self._optimizer())

    def _optimizer(self) -> keras.Optimizer | None:
        return getattr(self.model, "optimizer", None)
