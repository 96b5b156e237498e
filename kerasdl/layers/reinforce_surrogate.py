"""REINFORCE as a loss that plain `fit` adds."""

from typing import Any

import keras
from keras import ops

from kerasdl.layers import _checks


@keras.saving.register_keras_serializable(package="kerasdl")
class ReinforceSurrogate(keras.layers.Layer):
    """Adds the loss whose gradient is REINFORCE's, with a moving baseline.

    In training it adds
    `-weight * mean((reward - b) * log_probability) - entropy_weight * mean(entropy)`,
    with `reward` and `b` held constant, and then moves the baseline,
    `b <- momentum * b + (1 - momentum) * mean(reward)`. The baseline used is the one from before
    this batch, so that the estimate stays unbiased. Outside training it adds nothing.

    The reward is a tensor of the graph: in a captioning model, which reads the sentence as input,
    the log-likelihood of that sentence.

    Shapes: `B` batch, `T` draws. `log_probability` and `entropy` `(B,)` or `(B, T)`; `reward`
    `(B,)`, for all draws of the example together, or `(B, T)`. With `T`, log-probabilities are
    summed over it and averaged over `B`. Output: the reward, unchanged.

    Masking: ignores masks; a draw that shall not count has log-probability 0.
    Cost: `B * T` values.

    Args:
        weight: Factor of the reward's part.
        entropy_weight: Factor of the entropy; positive keeps the draws varied.
        momentum: Of the baseline, in [0, 1).

    Call arguments:
        log_probability, reward: As above.
        entropy: As above, or None.

    Raises:
        UserError: If an argument is outside its range, or a shape does not fit.

    Differs from: nothing in Keras does this.

    Example:
        >>> draws, reward = keras.ops.zeros((4,)), keras.ops.ones((4,))
        >>> ReinforceSurrogate()(draws, reward, training=True).shape
        (4,)

    Reference: Williams, 1992; Xu et al., 2015, section 4.1, https://arxiv.org/abs/1502.03044
    """

    def __init__(
        self,
        weight: float = 1.0,
        entropy_weight: float = 0.0,
        momentum: float = 0.9,
        **kwargs: Any,
    ) -> None:
        # Rewards keep their own precision: no cast to a 16-bit compute dtype.
        super().__init__(autocast=False, **kwargs)
        _checks.at_least_zero("weight", weight)
        _checks.at_least_zero("entropy_weight", entropy_weight)
        _checks.rate("momentum", momentum)
        self.weight = weight
        self.entropy_weight = entropy_weight
        self.momentum = momentum

    def build(self, log_probability_shape: Any, reward_shape: Any) -> None:
        """Creates the baseline."""
        draws = "B" if len(log_probability_shape) == 1 else "B, T"
        _checks.axes("log_probability", log_probability_shape, draws)
        _checks.axes("reward", reward_shape, "B" if len(reward_shape) == 1 else draws)
        self.baseline = self.add_weight(
            (),
            initializer="zeros",
            trainable=False,
            dtype=self.variable_dtype,  # wide under every policy
            autocast=False,
            name="baseline",
        )

    def call(
        self,
        log_probability: Any,
        reward: Any,
        entropy: Any = None,
        training: bool | None = None,
    ) -> Any:
        """Returns `reward`; adds the surrogate loss in training."""
        if training:
            constant = ops.stop_gradient(ops.cast(reward, self.baseline.dtype))
            advantage = constant - self.baseline
            self.add_loss(self._surrogate(log_probability, advantage, entropy))
            moved = self.momentum * self.baseline + (1.0 - self.momentum) * ops.mean(constant)
            self.baseline.assign(moved)
        return reward

    def _surrogate(self, log_probability: Any, advantage: Any, entropy: Any) -> Any:
        log_probability = ops.cast(log_probability, advantage.dtype)
        if len(advantage.shape) < len(log_probability.shape):
            advantage = ops.expand_dims(advantage, -1)
        loss = -self.weight * _mean_of_sums(advantage * log_probability)
        if entropy is None or not self.entropy_weight:
            return loss
        return loss - self.entropy_weight * _mean_of_sums(ops.cast(entropy, advantage.dtype))

    def compute_output_spec(
        self,
        log_probability: Any,
        reward: Any,
        entropy: Any = None,
        training: bool | None = None,
    ) -> Any:
        """The reward's shape and dtype."""
        return keras.KerasTensor(reward.shape, dtype=reward.dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "weight": self.weight,
            "entropy_weight": self.entropy_weight,
            "momentum": self.momentum,
        }


def _mean_of_sums(values: Any) -> Any:
    return ops.mean(ops.sum(values, axis=-1) if len(values.shape) == 2 else values)
