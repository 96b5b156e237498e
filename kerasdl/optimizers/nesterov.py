"""Nesterov's accelerated gradient, with the weights meant apart from the look-ahead point."""

from typing import Any

import keras
from keras import ops

from kerasdl.backend.dense import dense
from kerasdl.optimizers._checks import check_fraction, checked_rate
from kerasdl.optimizers.at_rest import RestingOptimizer, select


@keras.saving.register_keras_serializable(package="kerasdl")
class Nesterov(RestingOptimizer):
    """Nesterov's accelerated gradient: the gradient is taken at the look-ahead point.

    With velocity `V` (zero at first), weights `w`, loss `L` and `a = learning_rate`:

    `V = momentum * V + a * grad L(w - momentum * V);  w = w - V`

    In training the model's variables hold the look-ahead point `w - momentum * V`, since that is
    where the gradient is wanted; the arithmetic is then that of `keras.optimizers.SGD` with
    `nesterov=True`. At rest they hold `w`. Who moves them and when: `RestingOptimizer`. Use
    `kerasdl.callbacks.WeightsAtRest` where validation or checkpoints inside `fit` are to see `w`,
    or where `fit` is called more than once and every step is to be the one above.

    Constraints, weight decay (decoupled, `w = w - w * weight_decay * a` before the step) and
    averages (`use_ema`) are applied to `w`, not to the look-ahead point.

    Memory: one slot per variable. Cost: two additions per weight more than `SGD`.

    Args:
        learning_rate: Float, Keras schedule, or callable without arguments. Schedules count
            batches, also under `gradient_accumulation_steps`.
        momentum: The part of the velocity kept at each step, in [0, 1).
        **kwargs: What `keras.Optimizer` takes.

    Raises:
        UserError: If `momentum` is not in [0, 1) or `learning_rate` is negative.

    Differs from: `keras.optimizers.SGD(nesterov=True)`, `torch.optim.SGD(nesterov=True)` and
    `optax.sgd(nesterov=True)`, which leave the look-ahead point in the model after training, and
    decay and constrain that point. PyTorch and optax also keep the rate out of the velocity.

    Example:
        >>> model.compile(kerasdl.optimizers.Nesterov(0.01), loss="mse")
        >>> model.fit(x, y, callbacks=[kerasdl.callbacks.WeightsAtRest()])

    Reference: Sutskever et al., 2013, section 2, https://proceedings.mlr.press/v28/sutskever13.html
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.9,
        name: str = "nesterov",
        **kwargs: Any,
    ) -> None:
        check_fraction("momentum", momentum)
        super().__init__(learning_rate=checked_rate(learning_rate), name=name, **kwargs)
        self.momentum = momentum

    def build(self, variables: list[keras.Variable]) -> None:
        """Creates one velocity per variable."""
        if self.built:
            return
        super().build(variables)
        self.velocities = self.add_optimizer_variables(variables, "velocity")

    def apply(self, grads: list[Any], trainable_variables: Any = None) -> None:
        """One step: from the look-ahead point to the weights, the update there, and ahead again."""
        if trainable_variables is not None:
            trainable_variables = list(trainable_variables)
            self.build(trainable_variables)
        self.to_rest()
        super().apply([dense(g) for g in grads], trainable_variables)
        self.to_training()

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step of the weights; `variable` holds them, not the look-ahead point."""
        rate = ops.cast(learning_rate, variable.dtype)
        gradient = ops.cast(gradient, variable.dtype)
        velocity = self.velocities[self._get_variable_index(variable)]
        kept = ops.multiply(velocity, ops.cast(self.momentum, variable.dtype))
        self.assign(velocity, ops.add(kept, ops.multiply(gradient, rate)))
        self.assign_sub(variable, velocity)

    def move_to_rest(self, index: int, variable: keras.Variable, moving: Any) -> None:
        """Back from the look-ahead point."""
        self.assign_add(variable, self._lead(index, variable, moving))

    def move_to_training(self, index: int, variable: keras.Variable, moving: Any) -> None:
        """Ahead, to the point where the next gradient is taken."""
        self.assign_sub(variable, self._lead(index, variable, moving))

    def _lead(self, index: int, variable: keras.Variable, moving: Any) -> Any:
        velocity = self.velocities[index]
        ahead = ops.multiply(velocity, ops.cast(self.momentum, variable.dtype))
        return select(moving, ahead, ops.zeros_like(ahead))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "momentum": self.momentum}
