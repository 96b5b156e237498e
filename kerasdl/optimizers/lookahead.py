"""Lookahead: slow weights that follow an optimizer's fast ones."""

from typing import Any

import keras
from keras import ops

from kerasdl.optimizers._checks import check_count, check_share
from kerasdl.optimizers.at_rest import select
from kerasdl.optimizers.displaced import DisplacedWrapper


@keras.saving.register_keras_serializable(package="kerasdl")
class Lookahead(DisplacedWrapper):
    """Slow weights that take a step toward an inner optimizer's fast weights every few updates.

    After each `sync_period` updates of the inner optimizer, with fast weights `f`, slow weights
    `s` (both the initial weights at first):

    `s = s + slow_step * (f - s);  f = s`

    The inner optimizer keeps its state over a synchronization. The weights meant are the slow ones:
    they are what the model holds after `fit`, and inside `fit` with
    `kerasdl.callbacks.WeightsAtRest`; see `RestingOptimizer` for what plain `fit` gives without it.

    Memory: one slot per variable beside the inner optimizer's.

    Args:
        optimizer: Any Keras optimizer, its name or its config. All options (rate, clipping,
            decay, accumulation, …) are set there.
        sync_period: Updates between two synchronizations. Accumulated batches count once.
        slow_step: How far the slow weights go toward the fast ones, in (0, 1].

    Raises:
        UserError: If an argument is out of its range, if `optimizer` has `use_ema=True` or scales
            the loss, or if an option of the inner optimizer is given here.

    Differs from: `optax.lookahead`, which keeps two sets of parameters for the user to choose from
    and returns no single model.

    Example:
        >>> model.compile(kerasdl.optimizers.Lookahead(keras.optimizers.Adam(1e-3)), loss="mse")

    Reference: Zhang et al., 2019, Algorithm 1, https://arxiv.org/abs/1907.08610
    """

    def __init__(
        self,
        optimizer: Any,
        sync_period: int = 6,
        slow_step: float = 0.5,
        name: str = "lookahead",
        **kwargs: Any,
    ) -> None:
        check_count("sync_period", sync_period)
        check_share("slow_step", slow_step)
        super().__init__(optimizer, name, **kwargs)
        self.sync_period = sync_period
        self.slow_step = slow_step

    def after_update(self, updated: Any) -> None:
        """Synchronizes where it is time."""
        due = ops.equal(ops.mod(self.iterations, self.sync_period), 0)
        due = ops.logical_and(updated, due)
        for index, fast in self.points():
            slow = self.others[index]
            step = ops.multiply(ops.subtract(fast, slow), ops.cast(self.slow_step, fast.dtype))
            synchronized = ops.add(slow, step)
            self.assign(slow, select(due, synchronized, slow))
            self.assign(fast, select(due, synchronized, fast))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {"sync_period": self.sync_period, "slow_step": self.slow_step}
        return {**super().get_config(), **config}
