"""Sharpness-aware minimization."""

from typing import Any

import keras
from keras import ops

from kerasdl.backend import second_backward
from kerasdl.errors import UserError
from kerasdl.optimizers._checks import check_flag, check_positive

LEAST_NORM = 1e-12


def sam(model: keras.Model, rho: float = 0.05, adaptive: bool = False) -> keras.Model:
    """Makes `model.fit` minimize the worst loss near the weights (sharpness-aware minimization).

    For each batch, with weights `w`, loss `L` and the norm over all trainable weights:

    `g = grad L(w);  e = rho * g / norm(g);  step with grad L(w + e), taken at w`

    With `adaptive=True` the neighbourhood is scaled by the size of each weight:
    `e = rho * w**2 * g / norm(w * g)`.

    The step itself is the compiled optimizer's, whichever it is, with all that it does to
    gradients. Loss and metrics that `fit` reports are those at `w`, as without SAM; dropout draws
    the same masks in both passes, and the moving statistics of normalization layers are those of
    the pass at `w`. Under gradient accumulation each batch has its own `e`.

    Call it any time after the model is built; `compile`, `fit`, `evaluate` and `predict` stay as
    they are. It is part of the training, not of the model: a saved and loaded model trains plainly
    until `sam` is called on it. `without_sam(model)` undoes it.

    Cost: two forward and two backward passes for each step.

    Args:
        model: Any Keras model whose training step is Keras's own.
        rho: Radius of the neighbourhood, positive.
        adaptive: Whether the neighbourhood follows the sizes of the weights.

    Returns:
        The same model.

    Raises:
        UserError: If `rho` is not positive, or `model` is not a Keras model or has a training step
            of its own.

    Differs from: `optax.contrib.sam` in its default form, which takes the two gradients on two
    batches.

    Example:
        >>> model.compile("sgd", loss="mse")
        >>> kerasdl.optimizers.sam(model, rho=0.05).fit(x, y)

    Reference: Foret et al., 2021, Algorithm 1, https://arxiv.org/abs/2010.01412; adaptive: Kwon
    et al., 2021, https://arxiv.org/abs/2102.11600
    """
    check_positive("rho", rho)
    check_flag("adaptive", adaptive)
    if not isinstance(model, keras.Model):
        raise UserError(f"`model` must be a Keras model. Received: model={model!r}")

    def displacement(weights: list[Any], gradients: list[Any]) -> list[Any]:
        if not adaptive:
            return _of_length(rho, gradients)
        sizes = [ops.abs(w) for w in weights]
        steps = _of_length(rho, [ops.multiply(s, g) for s, g in zip(sizes, gradients, strict=True)])
        return [ops.multiply(s, step) for s, step in zip(sizes, steps, strict=True)]

    return second_backward.install(model, displacement)


def without_sam(model: keras.Model) -> keras.Model:
    """Makes `model.fit` train plainly again; see `sam`."""
    return second_backward.remove(model)


def _of_length(length: float, tensors: list[Any]) -> list[Any]:
    """The tensors, scaled to a common norm of `length`."""
    squares = [ops.sum(ops.square(ops.cast(t, "float32"))) for t in tensors]
    norm = ops.sqrt(ops.sum(ops.stack(squares)))
    factor = ops.divide(length, ops.maximum(norm, LEAST_NORM))
    return [ops.multiply(t, ops.cast(factor, t.dtype)) for t in tensors]
