"""Exponential moving average: a mean of weights that forgets the old ones."""

from typing import Any

import keras
from keras import ops

from kerasdl.optimizers._checks import check_fraction
from kerasdl.optimizers.at_rest import select
from kerasdl.optimizers.displaced import DisplacedWrapper


@keras.saving.register_keras_serializable(package="kerasdl")
class ExponentialMovingAverage(DisplacedWrapper):
    """The exponentially weighted mean of the weights that an inner optimizer visits.

    After update `t` of the inner optimizer, with its weights `w_t`, the mean is

    `a_t = sum_i m^(t - i) w_i / sum_i m^(t - i)`,  i = 1, …, t,  `m = momentum`

    so that it needs no warm-up: `a_1 = w_1`, and the first weights are forgotten like any others.
    The inner optimizer trains on, undisturbed. The weights meant are the mean: they are what the
    model holds after `fit`, and inside `fit` with `kerasdl.callbacks.WeightsAtRest`; see
    `RestingOptimizer` for what plain `fit` gives without it.

    A mean of weights has other activations than any of them: where the model has batch
    normalization and the mean is a long one, call `kerasdl.optimizers.recalibrate_normalization`
    after training.

    Memory: one slot per variable beside the inner optimizer's.

    Args:
        optimizer: Any Keras optimizer, its name or its config. All options are set there.
        momentum: In [0, 1); the mean is of about the last `1 / (1 - momentum)` updates.

    Raises:
        UserError: If an argument is out of its range, if `optimizer` has `use_ema=True` or scales
            the loss, or if an option of the inner optimizer is given here.

    Differs from: `use_ema=True` of every Keras optimizer, whose mean starts at the initial weights
    without correction, is not what validation sees, and from which a second `fit` goes on.

    Example:
        >>> optimizer = kerasdl.optimizers.ExponentialMovingAverage("adam", momentum=0.99)
        >>> model.compile(optimizer, loss="mse")

    Reference: Polyak & Juditsky, 1992, https://doi.org/10.1137/0330046; the correction as in Kingma
    & Ba, 2015, section 7.2, https://arxiv.org/abs/1412.6980
    """

    def __init__(
        self,
        optimizer: Any,
        momentum: float = 0.999,
        name: str = "exponential_moving_average",
        **kwargs: Any,
    ) -> None:
        check_fraction("momentum", momentum)
        super().__init__(optimizer, name, **kwargs)
        self.momentum = momentum

    def build(self, variables: list[keras.Variable]) -> None:
        """Builds the inner optimizer, the means and the sum of their weights."""
        if self.built:
            return
        super().build(variables)
        self.total = self.add_variable(
            shape=(), dtype="float32", aggregation="only_first_replica", name="total"
        )

    def meant(self, index: int, variable: keras.Variable) -> Any:
        """The mean, or the variable itself before the first update."""
        return select(ops.greater(self.total, 0.0), self.others[index], variable)

    def after_update(self, updated: Any) -> None:
        """Takes the new weights into the mean; `total` is 1 - momentum^t."""
        share = 1.0 - self.momentum
        total = ops.add(ops.multiply(self.total, self.momentum), share)
        for index, variable in self.points():
            mean = self.meant(index, variable)
            part = ops.cast(ops.divide(share, total), variable.dtype)
            step = ops.multiply(ops.subtract(variable, mean), part)
            other = self.others[index]
            self.assign(other, select(updated, ops.add(mean, step), other))
        self.assign(self.total, select(updated, total, self.total))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "momentum": self.momentum}
