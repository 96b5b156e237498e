"""Stochastic attention over the regions of an image."""

from typing import Any

import keras
from keras import ops

from kerasdl.layers import _checks
from kerasdl.layers._tensors import masked_softmax, wide
from kerasdl.layers.additive_attention import AdditiveAttention


@keras.saving.register_keras_serializable(package="kerasdl")
class HardImageAttention(keras.layers.Layer):
    """One region of an image, drawn by a query: "hard" attention.

    `p[t] = softmax_l(v . tanh(W query[t] + U features[l]))`. In training a region
    `s[t] ~ Categorical(p[t])` is drawn and `y[t] = features[s[t]]`; no gradient passes through the
    draw. What trains `v`, `W` and `U` is REINFORCE: give `log p[t, s[t]]` and the entropy, which
    the layer returns, to `ReinforceSurrogate` with a reward. With `expectation_rate > 0` that share
    of the draws is replaced by the mean `sum_l p[t, l] features[l]`, which lowers the variance;
    there the log-probability returned is 0. In inference: the region of the highest probability.

    Shapes: `B` batch, `T` words, `H` and `W` the regions' grid, `L = H * W` regions, `Q` and `C`
    features. Query `(B, T, Q)` or `(B, Q)`; features `(B, H, W, C)` or `(B, L, C)`. Output a tuple:
    context `(B, T, C)`, log-probability `(B, T)`, entropy of `p` in nats `(B, T)`, or the same
    without `T`; and with `return_weights` the probabilities `(B, T, L)`.

    Masking: ignores masks; every region is real.
    Cost: `B * T * L * units` intermediate values.

    Args:
        units: Width of the scoring network.
        expectation_rate: Share of the draws replaced by the mean, in training.
        inference: `"argmax"`, `"sample"` or `"expectation"` outside training.
        seed: Of the draws.

    Call arguments:
        query, features: As above.
        return_weights: Whether the probabilities are the fourth output.

    Raises:
        UserError: If an argument is outside its range, or a shape does not fit.

    Differs from: `SoftImageAttention`, which returns the mean and needs no reward.

    Example:
        >>> query, features = keras.ops.ones((2, 5)), keras.ops.ones((2, 3, 3, 8))
        >>> context, log_probability, entropy = HardImageAttention(4)(query, features)
        >>> context.shape
        (2, 8)

    Reference: Xu et al., 2015, section 4.1, https://arxiv.org/abs/1502.03044; Williams, 1992
    """

    def __init__(
        self,
        units: int,
        expectation_rate: float = 0.0,
        inference: str = "argmax",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _checks.positive("units", units)
        _checks.rate("expectation_rate", expectation_rate)
        _checks.one_of("inference", inference, ("argmax", "sample", "expectation"))
        self.units = units
        self.expectation_rate = expectation_rate
        self.inference = inference
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.attention = AdditiveAttention(units, dtype=self.dtype_policy, name="attention")

    def build(self, query_shape: Any, features_shape: Any) -> None:
        """Creates the scoring network."""
        grid = "B, H, W, C" if len(features_shape) == 4 else "B, L, C"
        _checks.axes("features", features_shape, grid)
        self.attention.build(query_shape, (features_shape[0], None, features_shape[-1]))

    def call(
        self,
        query: Any,
        features: Any,
        return_weights: bool = False,
        training: bool | None = None,
    ) -> tuple[Any, ...]:
        """Context, log-probability of the draw, entropy, and on request the probabilities."""
        single = len(query.shape) == 2
        rows = ops.expand_dims(query, 1) if single else query
        shape = ops.shape(features)
        regions = ops.reshape(features, (shape[0], -1, shape[-1]))
        probabilities, log_probabilities = self._distribution(rows, regions)
        choice = self._choose(probabilities, log_probabilities, training)
        context = ops.matmul(ops.cast(choice, self.compute_dtype), regions)
        # A mixed row (the mean) is no draw: it has no log-probability.
        fixed = ops.stop_gradient(choice)
        drawn = ops.cast(ops.max(fixed, axis=-1) == 1.0, fixed.dtype)
        log_probability = drawn * ops.sum(fixed * log_probabilities, axis=-1)
        entropy = -ops.sum(probabilities * log_probabilities, axis=-1)
        outputs = (context, log_probability, entropy)
        outputs += (probabilities,) if return_weights else ()
        return tuple(ops.squeeze(output, 1) for output in outputs) if single else outputs

    def _distribution(self, query: Any, regions: Any) -> tuple[Any, Any]:
        scores = self.attention.scores(query, self.attention.prepare(regions))
        scores = ops.cast(scores, wide(scores.dtype))
        return masked_softmax(scores), ops.log_softmax(scores, axis=-1)

    def _choose(self, probabilities: Any, log_probabilities: Any, training: bool | None) -> Any:
        mode = "sample" if training else self.inference
        if mode == "expectation":
            return probabilities
        regions = ops.shape(probabilities)[-1]
        if mode == "argmax":
            return ops.one_hot(
                ops.argmax(probabilities, axis=-1), regions, dtype=probabilities.dtype
            )
        rows = ops.reshape(ops.stop_gradient(log_probabilities), (-1, regions))
        drawn = keras.random.categorical(rows, 1, dtype="int32", seed=self.seed_generator)
        choice = ops.one_hot(drawn, regions, dtype=probabilities.dtype)
        choice = ops.reshape(choice, ops.shape(probabilities))
        if not (training and self.expectation_rate):
            return choice
        uniform = keras.random.uniform(ops.shape(probabilities)[:-1], seed=self.seed_generator)
        return ops.where(
            ops.expand_dims(uniform < self.expectation_rate, -1), probabilities, choice
        )

    def compute_output_spec(
        self,
        query: Any,
        features: Any,
        return_weights: bool = False,
        training: bool | None = None,
    ) -> tuple[Any, ...]:
        """Shapes and dtypes of the outputs."""
        leading = query.shape[:-1]
        context = keras.KerasTensor((*leading, features.shape[-1]), dtype=self.compute_dtype)
        dtype = wide(self.compute_dtype)
        outputs = (context, *(keras.KerasTensor(leading, dtype=dtype) for _ in range(2)))
        if not return_weights:
            return outputs
        sizes = features.shape[1:-1]
        regions = None if None in sizes else sizes[0] * (sizes[1] if len(sizes) == 2 else 1)
        return (*outputs, keras.KerasTensor((*leading, regions), dtype=dtype))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "expectation_rate": self.expectation_rate,
            "inference": self.inference,
            "seed": self.seed,
        }
