"""Wrappers that mean other weights than the inner optimizer trains."""

from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from kerasdl.backend.dense import dense
from kerasdl.errors import UserError
from kerasdl.optimizers.at_rest import RestingOptimizer, select, to_rest, to_training
from kerasdl.optimizers.wrapper import OptimizerWrapper


class DisplacedWrapper(OptimizerWrapper, RestingOptimizer):
    """Base of `Lookahead` and `StochasticWeightAveraging`.

    One slot per variable, `others`: while training, the weights meant (the variable holds the inner
    optimizer's); at rest, the displacement `inner weights - weights meant` (the variable holds the
    weights meant). The inner optimizer may itself be a resting one: its weights are then what it
    means, not where it trains.

    A subclass implements `after_update` and, where the slot alone does not say it, `meant`.
    """

    def __init__(self, optimizer: Any, name: str, **kwargs: Any) -> None:
        super().__init__(optimizer, name, **kwargs)
        if getattr(self.optimizer, "use_ema", False):
            raise UserError(
                f"`optimizer` must not average weights itself, since {type(self).__name__} says "
                "which weights are meant. Received: an optimizer with use_ema=True"
            )

    def build(self, variables: list[keras.Variable]) -> None:
        """Builds the inner optimizer and one slot per variable."""
        if self.built:
            return
        super().build(variables)
        self.others = self.add_optimizer_variables(variables, "other_point")

    def apply(self, grads: list[Any], trainable_variables: Any = None) -> None:
        """One step of the inner optimizer, then `after_update`."""
        variables = self.prepared(trainable_variables)
        RestingOptimizer.to_training(self)  # the inner optimizer moves by itself, in its `apply`
        before = ops.add(self.iterations, 0)
        self.optimizer.apply([dense(g) for g in grads], variables)
        to_rest(self.optimizer)
        self.after_update(ops.not_equal(self.iterations, before))
        to_training(self.optimizer)

    def after_update(self, updated: Any) -> None:
        """Called after each batch; `updated` is false where gradients were only accumulated."""
        raise TypeError(f"{type(self).__name__} must define `after_update`.")

    def meant(self, index: int, variable: keras.Variable) -> Any:
        """The weights meant, while the variable holds the inner optimizer's."""
        return self.others[index]

    def points(self) -> Iterator[tuple[int, keras.Variable]]:
        """Index and variable of all that is trained by updates."""
        for index, variable in enumerate(self._trainable_variables):
            if self.others[index] is not None:
                yield index, variable

    def to_rest(self) -> None:
        """From the inside out: the inner optimizer's point, then this one's."""
        to_rest(self.optimizer)
        super().to_rest()

    def to_training(self) -> None:
        """From the outside in."""
        super().to_training()
        to_training(self.optimizer)

    def finalize_variable_values(self, var_list: list[keras.Variable]) -> None:
        """Called by Keras at the end of `fit`: the model is left at rest."""
        self.to_rest()

    def move_to_rest(self, index: int, variable: keras.Variable, moving: Any) -> None:
        """Exchanges the inner weights for the weights meant; their difference is kept."""
        other, meant = self.others[index], self.meant(index, variable)
        kept = select(moving, ops.subtract(variable, meant), other)
        self.assign(variable, select(moving, meant, variable))
        self.assign(other, kept)

    def move_to_training(self, index: int, variable: keras.Variable, moving: Any) -> None:
        """Exchanges the weights meant for the inner weights."""
        other = self.others[index]
        inner = select(moving, ops.add(variable, other), variable)
        self.assign(other, select(moving, variable, other))
        self.assign(variable, inner)
