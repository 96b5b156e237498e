"""Stochastic weight averaging: the mean of the weights that an optimizer visits."""

from typing import Any

import keras
from keras import ops

from kerasdl.optimizers._checks import check_count
from kerasdl.optimizers.at_rest import select
from kerasdl.optimizers.displaced import DisplacedWrapper


@keras.saving.register_keras_serializable(package="kerasdl")
class StochasticWeightAveraging(DisplacedWrapper):
    """The equal-weight mean of the weights that an inner optimizer visits.

    After update `t` of the inner optimizer, with its weights `w`, the mean `a` and the number `n`
    of weights in it (0 at first):

    `if t > start and (t - start) % period == 0:  a = a + (w - a) / (n + 1);  n = n + 1`

    The inner optimizer trains on, undisturbed. The weights meant are the mean, or the inner
    optimizer's while the mean is empty: they are what the model holds after `fit`, and inside
    `fit` with `kerasdl.callbacks.WeightsAtRest`; see `RestingOptimizer` for what plain `fit` gives
    without it.

    A mean of weights has other activations than any of them: where the model has batch
    normalization, call `kerasdl.optimizers.recalibrate_normalization` after training.

    Memory: one slot per variable beside the inner optimizer's.

    Args:
        optimizer: Any Keras optimizer, its name or its config. All options are set there; a
            constant or cyclic learning rate is usual.
        start: Updates before the first that may be averaged, e.g. three quarters of all.
        period: Updates from one averaged set of weights to the next, e.g. those of one epoch.

    Raises:
        UserError: If an argument is out of its range, if `optimizer` has `use_ema=True` or scales
            the loss, or if an option of the inner optimizer is given here.

    Differs from: `use_ema=True` of every Keras optimizer, an exponential mean, which overwrites the
    weights at the end of each `fit`. `torch.optim.swa_utils.AveragedModel` keeps a second model.

    Example:
        >>> optimizer = kerasdl.optimizers.StochasticWeightAveraging("sgd", start=750, period=10)
        >>> model.compile(optimizer, loss="mse")

    Reference: Izmailov et al., 2018, Algorithm 1, https://arxiv.org/abs/1803.05407
    """

    def __init__(
        self,
        optimizer: Any,
        start: int = 0,
        period: int = 1,
        name: str = "stochastic_weight_averaging",
        **kwargs: Any,
    ) -> None:
        check_count("start", start, least=0)
        check_count("period", period)
        super().__init__(optimizer, name, **kwargs)
        self.start = start
        self.period = period

    def build(self, variables: list[keras.Variable]) -> None:
        """Builds the inner optimizer, the means and their count."""
        if self.built:
            return
        super().build(variables)
        self.averaged = self.add_variable(
            shape=(), dtype="float32", aggregation="only_first_replica", name="averaged"
        )

    def meant(self, index: int, variable: keras.Variable) -> Any:
        """The mean, or the variable itself while the mean is empty."""
        return select(ops.greater(self.averaged, 0.0), self.others[index], variable)

    def after_update(self, updated: Any) -> None:
        """Adds the weights to the mean where it is time."""
        since = ops.subtract(self.iterations, self.start)
        due = ops.logical_and(ops.greater(since, 0), ops.equal(ops.mod(since, self.period), 0))
        due = ops.logical_and(updated, due)
        count = ops.add(self.averaged, 1.0)
        for index, variable in self.points():
            mean = self.meant(index, variable)
            step = ops.divide(ops.subtract(variable, mean), ops.cast(count, variable.dtype))
            other = self.others[index]
            self.assign(other, select(due, ops.add(mean, step), other))
        self.assign(self.averaged, select(due, count, self.averaged))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "start": self.start, "period": self.period}
