"""Activations with two values."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerasdl")
def hard_threshold(x: Any) -> Any:
    """1 where `x >= 0`, else 0; the gradient passes unchanged (straight through).

    With half the squared error as loss, gradient descent then is the perceptron rule.

    Args:
        x: Tensor.

    Reference: Rosenblatt, 1958; Hinton, 2012; Bengio et al., 2013, https://arxiv.org/abs/1308.3432
    """
    x = ops.convert_to_tensor(x)
    return _with_gradient_of(ops.cast(x >= 0, x.dtype), x)


@keras.saving.register_keras_serializable(package="kerasdl")
def hard_sign(x: Any) -> Any:
    """1 where `x >= 0`, else -1; the gradient is that of `clip(x, -1, 1)`, 1 inside and 0 outside.

    Args:
        x: Tensor.

    Reference: Courbariaux et al., 2016, section 1.3, https://arxiv.org/abs/1602.02830
    """
    x = ops.convert_to_tensor(x)
    return _with_gradient_of(ops.cast(x >= 0, x.dtype) * 2 - 1, ops.clip(x, -1, 1))


def _with_gradient_of(value: Any, smooth: Any) -> Any:
    # In this order the value is exact: `smooth - smooth` is 0, whatever its size.
    return ops.stop_gradient(value) + (smooth - ops.stop_gradient(smooth))
