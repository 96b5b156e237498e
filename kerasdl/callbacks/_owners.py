"""Whose a learning rate is."""

from collections.abc import Iterator
from typing import Any

import keras


def owners_of(optimizer: Any) -> Iterator[keras.Optimizer]:
    """The optimizers that have a learning rate of their own."""
    if type(optimizer).learning_rate is keras.Optimizer.learning_rate:
        yield optimizer
        return
    for name in ("inner_optimizer", "optimizer", "optimizers"):
        for inner in keras.tree.flatten(getattr(optimizer, name, None)):
            if isinstance(inner, keras.Optimizer):
                yield from owners_of(inner)


def rate_names(optimizer: Any) -> list[str]:
    """The names that Keras's own callbacks log the rates of `owners_of` under."""
    owners = list(owners_of(optimizer))
    if len(owners) == 1:
        return ["learning_rate"]
    return [f"learning_rate_{owner.name}" for owner in owners]


def learning_rates(optimizer: Any) -> dict[str, float]:
    """The rates at the present step by their names."""
    rates = [float(keras.ops.convert_to_numpy(o.learning_rate)) for o in owners_of(optimizer)]
    return dict(zip(rate_names(optimizer), rates, strict=True))
