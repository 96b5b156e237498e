"""The perceptron."""

from typing import Any

import keras

from kerasdl.layers.hard_threshold import hard_threshold


@keras.saving.register_keras_serializable(package="kerasdl")
class Perceptron(keras.layers.Dense):
    """Units with a hard threshold, which plain SGD trains by the perceptron rule.

    `y = H(x W + b)`, `H(a) = 1` if `a >= 0`, else 0. The gradient passes the threshold unchanged,
    so with the loss `0.5 * sum((t - y)**2)` a step of SGD with rate `r` is
    `W <- W + r x (t - y)`, `b <- b + r (t - y)`: only mistakes move the weights. On separable
    classes, one example at a time, it ends after finitely many mistakes. Under a mean over the
    batch, or without the half, only the rate differs.

    Shapes: `D` features, `U` units. Input `(..., D)`, output `(..., U)`.

    Masking: passes the mask on.
    Cost: one product, as `Dense`.

    Args:
        units: `U`.
        activation: `hard_threshold` (targets 0 and 1) or `hard_sign` (targets -1 and 1).
        kernel_initializer: Of `W`; zeros, as the rule starts.
        **kwargs: Those of `keras.layers.Dense`.

    Raises:
        ValueError: If `units` is not a positive integer.

    Differs from: `keras.layers.Dense` by activation and initializer.

    Example:
        >>> Perceptron(1)(keras.ops.ones((2, 3))).tolist()
        [[1.0], [1.0]]

    Reference: Rosenblatt, 1958
    """

    def __init__(
        self,
        units: int,
        activation: Any = hard_threshold,
        kernel_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units, activation=activation, kernel_initializer=kernel_initializer, **kwargs
        )
