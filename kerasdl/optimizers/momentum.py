"""Gradient descent with heavy-ball momentum."""

from typing import Any

import keras
from keras import ops

from kerasdl.backend.dense import dense
from kerasdl.optimizers._checks import check_flag, check_fraction, checked_rate


@keras.saving.register_keras_serializable(package="kerasdl")
class Momentum(keras.Optimizer):
    """Gradient descent with momentum (the heavy ball).

    With velocity `V` (zero at first), gradient `g` and `a = learning_rate`:

    `V = momentum * V + a * g;  w = w - V`                (`rate_in_velocity=True`)
    `V = momentum * V + g;      w = w - a * V`            (`rate_in_velocity=False`)

    At a constant rate the two give the same weights. When the rate changes, the first keeps the
    steps already in the velocity as large as they were taken; the second rescales them at once.

    Args:
        learning_rate: Float, Keras schedule, or callable without arguments. Schedules count
            batches, also under `gradient_accumulation_steps`.
        momentum: The part of the velocity kept at each step, in [0, 1).
        rate_in_velocity: Which of the two forms.
        **kwargs: What `keras.Optimizer` takes: `weight_decay` (decoupled:
            `w = w - w * weight_decay * a` before the step), clipping, averages, accumulation, …

    Raises:
        UserError: If `momentum` is not in [0, 1), `rate_in_velocity` is not a bool or
            `learning_rate` is negative.

    Differs from: `keras.optimizers.SGD(momentum=…)`, whose velocity is `-V` and which has the first
    form only. `torch.optim.SGD` and `optax.sgd` have the second form only, and PyTorch's
    `weight_decay` is added to the gradient.

    Example:
        >>> model.compile(kerasdl.optimizers.Momentum(0.1, momentum=0.9), loss="mse")

    Reference: Polyak, 1964, https://doi.org/10.1016/0041-5553(64)90137-5
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.9,
        rate_in_velocity: bool = True,
        name: str = "momentum",
        **kwargs: Any,
    ) -> None:
        check_fraction("momentum", momentum)
        check_flag("rate_in_velocity", rate_in_velocity)
        super().__init__(learning_rate=checked_rate(learning_rate), name=name, **kwargs)
        self.momentum = momentum
        self.rate_in_velocity = rate_in_velocity

    def build(self, variables: list[keras.Variable]) -> None:
        """Creates one velocity per variable."""
        if self.built:
            return
        super().build(variables)
        self.velocities = self.add_optimizer_variables(variables, "velocity")

    def apply(self, grads: list[Any], trainable_variables: Any = None) -> None:
        """One step for all variables."""
        super().apply([dense(g) for g in grads], trainable_variables)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step for one variable."""
        rate = ops.cast(learning_rate, variable.dtype)
        gradient = ops.cast(gradient, variable.dtype)
        velocity = self.velocities[self._get_variable_index(variable)]
        kept = ops.multiply(velocity, ops.cast(self.momentum, variable.dtype))
        if self.rate_in_velocity:
            self.assign(velocity, ops.add(kept, ops.multiply(gradient, rate)))
            self.assign_sub(variable, velocity)
        else:
            self.assign(velocity, ops.add(kept, gradient))
            self.assign_sub(variable, ops.multiply(velocity, rate))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {"momentum": self.momentum, "rate_in_velocity": self.rate_in_velocity}
        return {**super().get_config(), **config}
