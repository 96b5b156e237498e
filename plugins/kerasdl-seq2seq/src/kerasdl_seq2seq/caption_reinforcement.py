"""REINFORCE for captions: each draw is rewarded by the word that it led to."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.layers import ReinforceSurrogate


@keras.saving.register_keras_serializable(package="kerasdl_seq2seq")
class CaptionReinforcement(keras.layers.Layer):
    """Passes logits on; in training adds the loss that teaches where to look.

    The draw at step `t` decides the logits of that step alone, so its reward is
    `r[t] = log softmax(logits[t])[previous[t+1]]`, the log-probability of the word that follows in
    the caption. A `ReinforceSurrogate` gets rewards and log-probabilities, scaled so that its loss
    is a mean over words, as cross-entropy is. Where the next word is not among the inputs (after
    the last one, and in padding) a draw does not count.

    Shapes: `B` batch, `T` steps, `V` vocabulary. Logits `(B, T, V)`, previous `(B, T)`,
    log-probability and entropy `(B, T)`. Output: the logits.

    Masking: ignores masks; token 0 of `previous` is padding.
    Cost: a log-softmax of the logits.

    Args:
        entropy_weight: Factor of the mean entropy, at least 0; positive keeps the draws varied.

    Raises:
        UserError: If `entropy_weight` is negative.

    Differs from: Xu et al. (2015), who give each draw the whole sentence's log-likelihood. There a
        draw changes all that follows, through the recurrence; here it does not.

    Example:
        >>> logits, draws = keras.ops.ones((2, 3, 5)), keras.ops.zeros((2, 3))
        >>> previous = keras.ops.array([[1, 4, 3], [1, 2, 0]])
        >>> CaptionReinforcement()(logits, previous, draws, draws).shape
        (2, 3, 5)

    Reference: Xu et al., 2015, section 4.1, https://arxiv.org/abs/1502.03044; Williams, 1992
    """

    def __init__(self, entropy_weight: float = 0.01, **kwargs: Any) -> None:
        super().__init__(**{"autocast": False, **kwargs})
        if not isinstance(entropy_weight, int | float) or not entropy_weight >= 0:
            raise UserError(
                f"`entropy_weight` must be at least 0. Received: entropy_weight={entropy_weight!r}"
            )
        self.entropy_weight = entropy_weight
        self.surrogate = ReinforceSurrogate(entropy_weight=entropy_weight, name="surrogate")

    def build(
        self, logits_shape: Any, previous_shape: Any, log_probability_shape: Any, entropy_shape: Any
    ) -> None:
        """Creates the baseline."""
        self.surrogate.build(log_probability_shape, log_probability_shape)

    def call(
        self,
        logits: Any,
        previous: Any,
        log_probability: Any,
        entropy: Any,
        training: bool | None = None,
    ) -> Any:
        """The logits."""
        if training:
            reward, scale = _rewards(logits, previous)
            self.surrogate(log_probability * scale, reward, entropy=entropy * scale, training=True)
        return logits

    def compute_output_spec(self, logits: Any, *others: Any, **more: Any) -> Any:
        """That of the logits."""
        return keras.KerasTensor(logits.shape, dtype=logits.dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "entropy_weight": self.entropy_weight}


def _rewards(logits: Any, previous: Any) -> tuple[Any, Any]:
    """Rewards `(B, T)`, and the scale of each draw: 0 where it does not count.

    Where a reward is not known the mean of the others stands, which leaves the baseline right.
    """
    logits = ops.cast(logits, keras.backend.result_type(logits.dtype, "float32"))
    following = ops.pad(previous[:, 1:], [[0, 0], [0, 1]])
    known = ops.cast(following != 0, logits.dtype)
    words = ops.expand_dims(following, -1)
    picked = ops.take_along_axis(ops.log_softmax(logits, axis=-1), words, axis=-1)[..., 0]
    count = ops.maximum(ops.sum(known), 1.0)
    mean = ops.sum(picked * known) / count
    reward = ops.where(known > 0, picked, mean)
    rows = ops.cast(ops.shape(previous)[0], logits.dtype)
    return reward, known * rows / count
