"""Adam as in the paper's Algorithm 1."""

import math
from typing import Any

import keras
from keras import ops

from kerasdl.backend.dense import dense
from kerasdl.optimizers._checks import check_flag, check_fraction, check_positive, checked_rate


@keras.saving.register_keras_serializable(package="kerasdl")
class Adam(keras.Optimizer):
    """Adam with bias-corrected moments and epsilon outside the root (Algorithm 1 of the paper).

    With gradient `g`, step `t` (from 1), `a = learning_rate`, and `m`, `v` zero at first:

    `m = beta_1 * m + (1 - beta_1) * g;      m_hat = m / (1 - beta_1**t)`
    `v = beta_2 * v + (1 - beta_2) * g**2;   v_hat = v / (1 - beta_2**t)`
    `w = w - a * m_hat / (sqrt(v_hat + epsilon_root) + epsilon)`

    With `amsgrad=True`, `v_hat = max(v so far) / (1 - beta_2**t)`. With `weight_decay`, decoupled
    from the moments (AdamW): `w = w - w * weight_decay * a` before the step.

    Args:
        learning_rate: Float, Keras schedule, or callable without arguments. Schedules count
            batches, also under `gradient_accumulation_steps`.
        beta_1: Decay rate of the first moment, in [0, 1).
        beta_2: Decay rate of the second moment, in [0, 1).
        epsilon: Added outside the root, at least 0.
        epsilon_root: Added inside the root, at least 0. A positive value keeps the update
            differentiable where the gradient is zero.
        amsgrad: Whether the second moment may only grow.
        **kwargs: What `keras.Optimizer` takes.

    Raises:
        UserError: If a decay rate is not in [0, 1), an epsilon or the rate is negative, or
            `amsgrad` is not a bool.

    Differs from: `keras.optimizers.Adam`, whose `epsilon` (1e-7) is the paper's "epsilon hat": it
    is added to `sqrt(v)` before the bias correction, which at step `t` is as large as
    `epsilon / sqrt(1 - beta_2**t)` here, about 30 times at the first step; and whose
    `1 - beta_2**t` is rounded in float32 before the subtraction (an error of 7e-6 in the first
    step; here it is taken by `expm1`). Equal step for step to `torch.optim.Adam(amsgrad=…)`,
    `torch.optim.AdamW` and, without `amsgrad`, to `optax.adam(eps_root=…)` and `optax.adamw`;
    optax's AMSGrad takes the maximum after the bias correction, so that early second moments stay.
    Keras's on TensorFlow squares each lookup of an embedding's row by itself, here as everywhere
    else their sum.

    Example:
        >>> model.compile(kerasdl.optimizers.Adam(1e-3, weight_decay=0.01), loss="mse")

    Reference: Kingma and Ba, 2015, https://arxiv.org/abs/1412.6980; AMSGrad: Reddi et al., 2018,
    https://openreview.net/forum?id=ryQu7f-RZ; decoupled decay: Loshchilov and Hutter, 2019,
    https://arxiv.org/abs/1711.05101
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        epsilon_root: float = 0.0,
        amsgrad: bool = False,
        name: str = "adam",
        **kwargs: Any,
    ) -> None:
        check_fraction("beta_1", beta_1)
        check_fraction("beta_2", beta_2)
        check_flag("amsgrad", amsgrad)
        check_positive("epsilon", epsilon, zero=True)
        check_positive("epsilon_root", epsilon_root, zero=True)
        super().__init__(learning_rate=checked_rate(learning_rate), name=name, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.epsilon_root = epsilon_root
        self.amsgrad = amsgrad

    def build(self, variables: list[keras.Variable]) -> None:
        """Creates both moments per variable, and the largest second moment under AMSGrad."""
        if self.built:
            return
        super().build(variables)
        names = ["first_moment", "second_moment"]
        self.first_moments, self.second_moments = self.add_optimizer_variables(variables, names)
        if self.amsgrad:
            self.largest = self.add_optimizer_variables(variables, "largest_second_moment")

    def apply(self, grads: list[Any], trainable_variables: Any = None) -> None:
        """One step for all variables."""
        super().apply([dense(g) for g in grads], trainable_variables)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step for one variable."""
        gradient = ops.cast(gradient, variable.dtype)
        index = self._get_variable_index(variable)
        first = self._move_average(self.first_moments[index], gradient, self.beta_1)
        second = self._move_average(self.second_moments[index], ops.square(gradient), self.beta_2)
        if self.amsgrad:
            self.assign(self.largest[index], ops.maximum(self.largest[index], second))
            second = self.largest[index]
        second = ops.divide(second, self._correction(self.beta_2, variable.dtype))
        scale = ops.add(ops.sqrt(ops.add(second, self.epsilon_root)), self.epsilon)
        rate = ops.divide(
            ops.cast(learning_rate, variable.dtype), self._correction(self.beta_1, variable.dtype)
        )
        self.assign_sub(variable, ops.divide(ops.multiply(first, rate), scale))

    def _move_average(self, average: keras.Variable, value: Any, beta: float) -> keras.Variable:
        self.assign_add(average, ops.multiply(ops.subtract(value, average), 1.0 - beta))
        return average

    def _correction(self, beta: float, dtype: str) -> Any:
        """`1 - beta**t`, without the cancellation that the plain form has for small `t`."""
        step = ops.cast(self.iterations + 1, "float32")
        logarithm = math.log(beta) if beta > 0 else -math.inf
        return ops.cast(ops.negative(ops.expm1(ops.multiply(step, logarithm))), dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "epsilon_root": self.epsilon_root,
            "amsgrad": self.amsgrad,
        }
        return {**super().get_config(), **config}
