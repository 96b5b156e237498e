"""Noise on targets: Gaussian on numbers, flips on labels."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.layers import _checks
from kerasdl.layers.noise_annealing import AnnealedNoise, Strength


@keras.saving.register_keras_serializable(package="kerasdl")
class NoiseOnTargets(AnnealedNoise, keras.layers.Layer):
    """Noise on targets in training, with a strength that may be annealed.

    Real targets: `y + strength(t) * n`, `n` standard normal. Labels, where `num_classes` is given:
    with probability `strength(t)` another class, each equally likely. `t` counts the training
    calls. Negative labels (those to ignore) stay.

    In plain `fit`, targets reach the loss from the data and no layer of the model sees them. So
    put this layer into the data, where it is called with `training=True`, or into a model whose
    targets are an input.

    Shapes: any; the output has the shape and the type of the input.

    Masking: passes the mask of its input on.

    Args:
        strength: At least 0: a number, or a Keras learning-rate schedule of it. The standard
            deviation for real targets, a probability for labels.
        num_classes: Number of classes, at least 2, if targets are integer labels.
        seed: Seed of the draws.

    Raises:
        ValueError: For arguments out of range, labels that are not integers, or integer targets
            without `num_classes`.

    Differs from: label smoothing, which is what random flips of strength `s` amount to on
        average, at `label_smoothing = s * num_classes / (num_classes - 1)`, without the variance.

    Example:
        >>> noise = NoiseOnTargets(0.1, num_classes=10)
        >>> noise(np.array([3, 1, 4]), training=True).shape
        (3,)

        In the `__getitem__` of a `keras.utils.PyDataset`:
        `return x, keras.ops.convert_to_numpy(self.noise(y, training=True))`.

    Reference: Xie et al., 2016, https://arxiv.org/abs/1605.00055 (labels)
    """

    def __init__(
        self,
        strength: Strength,
        num_classes: int | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        # targets keep their type under mixed precision
        super().__init__(**{"autocast": False, **kwargs})
        self.supports_masking = True
        self.set_noise("strength", strength, seed)
        if num_classes is not None:
            _checks.positive("num_classes", num_classes)
            if num_classes < 2:
                raise UserError(f"`num_classes` must be at least 2. Received: {num_classes=}")
            if isinstance(strength, int | float) and strength > 1:
                raise UserError(f"`strength` must be in [0, 1] for labels. Received: {strength=}")
        self.num_classes = num_classes

    def build(self, input_shape: Any) -> None:
        """Creates the counter of training calls."""
        self.build_noise()

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The targets with noise in training, the targets themselves otherwise."""
        self._check(inputs)
        if not training:
            return inputs
        if self.num_classes is not None:
            return self._flipped(inputs)
        noise = self.gaussian(ops.shape(inputs), inputs.dtype)
        return inputs + self.next_strength(inputs.dtype) * noise

    def _check(self, inputs: Any) -> None:
        dtype = keras.backend.standardize_dtype(inputs.dtype)
        if keras.backend.is_int_dtype(dtype) == (self.num_classes is None):
            raise UserError(
                "targets must be floating point, or integer labels with `num_classes` given. "
                f"Received: {dtype=!s}, num_classes={self.num_classes}"
            )

    def _flipped(self, labels: Any) -> Any:
        shape = ops.shape(labels)
        chance = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)
        steps = keras.random.randint(
            shape, 1, self.num_classes, dtype="int32", seed=self.seed_generator
        )
        others = ops.mod(ops.cast(labels, "int32") + steps, self.num_classes)
        flip = ops.logical_and(chance < self.next_strength("float32"), labels >= 0)
        return ops.where(flip, ops.cast(others, labels.dtype), labels)

    def compute_output_spec(self, inputs: Any, training: bool = False) -> Any:
        """Shape and type of the input."""
        self._check(inputs)
        return keras.KerasTensor(inputs.shape, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), **self.noise_config(), "num_classes": self.num_classes}
