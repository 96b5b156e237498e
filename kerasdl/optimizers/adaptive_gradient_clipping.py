"""Clipping of each unit's gradient relative to its weights."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasdl.backend.dense import dense
from kerasdl.optimizers._checks import check_positive
from kerasdl.optimizers._patterns import check_found, check_patterns, found
from kerasdl.optimizers.wrapper import OptimizerWrapper

LEAST_NORM = 1e-6


@keras.saving.register_keras_serializable(package="kerasdl")
class AdaptiveGradientClipping(OptimizerWrapper):
    """Clips each unit's gradient to a fraction of the norm of that unit's weights.

    With a unit's weights `w` and gradient `g`, before the inner optimizer sees `g`:

    `limit = clipping * max(norm(w), epsilon);  if norm(g) > limit:  g = g * limit / norm(g)`

    A unit of a kernel is one index of its last axis, which is Keras's axis of outputs in `Dense`
    and in convolutions (in transposed ones, of inputs); a bias, a gain or a scalar is one unit.

    Under gradient accumulation of the inner optimizer the gradient of each batch is clipped, not
    their mean.

    Args:
        optimizer: Any Keras optimizer, its name or its config. All options are set there.
        clipping: The largest norm of a gradient relative to that of the weights.
        epsilon: The least norm of weights that is reckoned with, so that zero weights can learn.
        exclude: Regular expressions; a variable whose path one of them is found in is not clipped.
            Each must be found in some path. The paper leaves out the last layer.

    Raises:
        UserError: If `clipping` or `epsilon` is not positive, a pattern is not a regular expression
            or is found in no path, `optimizer` scales the loss, or an option of it is given here.

    Differs from: `optax.adaptive_grad_clip`, which takes the first axis alone for the inputs of a
    kernel of three axes; equal for two and four. Keras's `clipnorm` does not look at the weights.

    Example:
        >>> optimizer = kerasdl.optimizers.AdaptiveGradientClipping("sgd", exclude=["head/"])

    Reference: Brock et al., 2021, section 4.1, https://arxiv.org/abs/2102.06171
    """

    def __init__(
        self,
        optimizer: Any,
        clipping: float = 0.01,
        epsilon: float = 1e-3,
        exclude: Sequence[str] = (),
        name: str = "adaptive_gradient_clipping",
        **kwargs: Any,
    ) -> None:
        check_positive("clipping", clipping)
        check_positive("epsilon", epsilon)
        check_patterns("exclude", exclude)
        super().__init__(optimizer, name, **kwargs)
        self.clipping = clipping
        self.epsilon = epsilon
        self.exclude = exclude

    def build(self, variables: list[keras.Variable]) -> None:
        """Builds the inner optimizer, and checks that each pattern excludes something."""
        if self.built:
            return
        check_found("exclude", self.exclude, [variable.path for variable in variables])
        super().build(variables)

    def apply(self, grads: list[Any], trainable_variables: Any = None) -> None:
        """One step of the inner optimizer with clipped gradients."""
        variables = self.prepared(trainable_variables)
        clipped = [self._clip(dense(g), v) for g, v in zip(grads, variables, strict=True)]
        self.optimizer.apply(clipped, variables)

    def _clip(self, gradient: Any, variable: keras.Variable) -> Any:
        if gradient is None or getattr(variable, "overwrite_with_gradient", False):
            return gradient
        if found(self.exclude, variable.path):
            return gradient
        # A constant loss scale is taken out by the inner optimizer, after this.
        scale = self.clipping * (self.loss_scale_factor or 1.0)
        limit = ops.multiply(ops.maximum(_unit_norm(variable), self.epsilon), scale)
        limit = ops.cast(limit, gradient.dtype)
        norm = _unit_norm(gradient)
        shrunk = ops.multiply(gradient, ops.divide(limit, ops.maximum(norm, LEAST_NORM)))
        return ops.where(ops.greater(norm, limit), shrunk, gradient)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"clipping": self.clipping, "epsilon": self.epsilon, "exclude": list(self.exclude)}
        return {**super().get_config(), **own}


def _unit_norm(tensor: Any) -> Any:
    axes = tuple(range(len(tensor.shape) - 1)) if len(tensor.shape) > 1 else None
    return ops.sqrt(ops.sum(ops.square(tensor), axis=axes, keepdims=True))
