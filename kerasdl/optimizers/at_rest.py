"""Weights at rest: one protocol for optimizers that train at one point and mean another."""

from collections.abc import Iterator
from typing import Any

import keras
from keras import ops


class RestingOptimizer(keras.Optimizer):
    """Base of optimizers whose training point differs from the weights meant.

    The model's variables hold one of two points: the point that training continues from
    (Nesterov's look-ahead, Lookahead's fast weights) or the weights meant (at rest). The optimizer
    variable `at_rest`, saved with the others, says which. `to_rest()` and `to_training()` move
    between the two; a move in the direction that the variables already are in changes nothing, so
    that it can be repeated, and there is no branch in it, so that it can be part of a compiled
    step.

    What is kept while the weights rest is the displacement `training point - weights meant`.
    So weights that somebody else writes while they rest (`set_weights`, `EarlyStopping` with
    `restore_best_weights`) are not lost: training continues from them, displaced alike. Going to
    rest and back gives the training point again up to the rounding of one addition and one
    subtraction, and further round trips change nothing more.

    Who moves, in `model.fit`:

    - the optimizer itself, at the end of `fit` (Keras calls `finalize_variable_values`): after
      `fit`, the model evaluates, predicts and is saved with the weights meant, whatever the
      callbacks;
    - `kerasdl.callbacks.WeightsAtRest`: to rest before validation and before what other callbacks
      do at the end of an epoch (put it first), to training before an epoch.

    Plain `fit` without that callback: Keras gives an optimizer no hook before validation, at the
    end of an epoch or at the start of a later `fit`. There, validation and checkpoints *inside*
    `fit` see the training point, and the first step of every `fit` after the first has its
    gradient taken at the weights meant, not at the training point; the update itself still starts
    from the training point, so that many short calls do not drift. In a loop of `train_on_batch`
    nobody moves: call `to_rest()` before looking; the next batch moves back by itself.

    A subclass implements `move_to_rest` and `move_to_training` for one variable, calls
    `super().build(variables)`, and leaves the variables at the training point after `apply`.

    Differs from: Keras's own ways. `SGD(nesterov=True)` and `ScheduleFreeAdamW` leave the training
    point in the model; `use_ema=True` overwrites the weights at the end of each `fit`, and training
    goes on from the average.

    Reference: why round trips change nothing more: Goldberg, 1991, theorem 5,
    https://doi.org/10.1145/103162.103163
    """

    at_rest: keras.Variable

    def build(self, variables: list[keras.Variable]) -> None:
        """Creates the flag; a fresh optimizer rests (its displacement is zero)."""
        super().build(variables)
        self.at_rest = self.add_variable(
            shape=(),
            initializer="ones",
            dtype="float32",  # an int32 scalar on a GPU is kept on the host by TensorFlow
            aggregation="only_first_replica",
            name="at_rest",
        )

    def move_to_rest(self, index: int, variable: keras.Variable, moving: Any) -> None:
        """Moves one variable to the weights meant where the scalar `moving` is true."""
        raise TypeError(f"{type(self).__name__} must define `move_to_rest`.")

    def move_to_training(self, index: int, variable: keras.Variable, moving: Any) -> None:
        """Moves one variable to the training point where the scalar `moving` is true."""
        raise TypeError(f"{type(self).__name__} must define `move_to_training`.")

    def to_rest(self) -> None:
        """Makes the model's variables hold the weights meant."""
        if self.built:
            self._move(self.move_to_rest, ops.equal(self.at_rest, 0.0))
            self.assign(self.at_rest, ops.ones((), "float32"))

    def to_training(self) -> None:
        """Makes the model's variables hold the point that training continues from."""
        if self.built:
            self._move(self.move_to_training, ops.equal(self.at_rest, 1.0))
            self.assign(self.at_rest, ops.zeros((), "float32"))

    def finalize_variable_values(self, var_list: list[keras.Variable]) -> None:
        """Called by Keras at the end of `fit`: the model is left at rest."""
        self.to_rest()
        super().finalize_variable_values(var_list)

    def _move(self, move: Any, moving: Any) -> None:
        for index, variable in enumerate(self._trainable_variables):
            if not getattr(variable, "overwrite_with_gradient", False):
                move(index, variable, moving)


def select(condition: Any, chosen: Any, other: Any) -> Any:
    """`chosen` where the scalar `condition` is true; either may be a variable."""
    return ops.where(condition, ops.convert_to_tensor(chosen), ops.convert_to_tensor(other))


def resting_optimizers(optimizer: keras.Optimizer | None) -> Iterator[RestingOptimizer]:
    """The outermost resting optimizers in `optimizer`, through any wrappers around them."""
    if isinstance(optimizer, RestingOptimizer):
        yield optimizer
        return
    for name in ("inner_optimizer", "optimizer", "optimizers", "members"):
        for inner in keras.tree.flatten(getattr(optimizer, name, None)):
            if isinstance(inner, keras.Optimizer):
                yield from resting_optimizers(inner)


def to_rest(optimizer: keras.Optimizer | None) -> None:
    """Makes the variables that `optimizer` trains hold the weights meant.

    Does nothing for an optimizer that trains where it means to be, nor for `None`.
    """
    for resting in resting_optimizers(optimizer):
        resting.to_rest()


def to_training(optimizer: keras.Optimizer | None) -> None:
    """Makes the variables that `optimizer` trains hold the point to train from; see `to_rest`."""
    for resting in resting_optimizers(optimizer):
        resting.to_training()
