"""Schedules one after another."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.schedules.schedule import Schedule, as_float

KerasSchedule = keras.optimizers.schedules.LearningRateSchedule


@keras.saving.register_keras_serializable(package="kerasdl")
class Chain(Schedule):
    """Schedules one after another; what `first >> second >> third` makes.

    `y(t) = L1 * … * L(i-1) * part_i(t - n1 - … - n(i-1))`, with `n` the length and `L` the last
    factor of a part, and `i` the part that step `t` lies in. A step on a border belongs to the
    later part.

    Args:
        parts: At least one schedule. All but the last must end. The last may be any
            `keras.optimizers.schedules.LearningRateSchedule`: it is asked for the steps since its
            beginning, and its values are factors like those of the others.

    Raises:
        UserError: If `parts` is empty, or a part before the last is endless or of Keras's own.

    Example:
        >>> schedule = 0.001 * (Warmup(100) >> Hold(400) >> Cosine(500, end=0.1))
        >>> [round(float(schedule(step)), 6) for step in (0, 50, 100, 500, 750, 1000)]
        [0.0, 0.0005, 0.001, 0.001, 0.00055, 0.0001]
    """

    def __init__(self, parts: Sequence[KerasSchedule]) -> None:
        flat: list[KerasSchedule] = []
        for part in parts:
            if not isinstance(part, KerasSchedule):
                raise UserError(f"`parts` must be schedules. Received: parts={parts!r}")
            flat += part.parts if isinstance(part, Chain) else [part]
        if not flat:
            raise UserError("`parts` must hold at least one schedule. Received: parts=[]")
        for part in flat[:-1]:
            if not isinstance(part, Schedule) or part.endless:
                raise UserError(
                    "`parts` must end, all but the last: give each a length (Keras's own schedules "
                    f"have none, so they can only be last). Received: {part!r} before the last"
                )
        self.parts = flat

    @property
    def endless(self) -> bool:
        """Whether its last part is."""
        return not isinstance(self.parts[-1], Schedule) or self.parts[-1].endless

    @property
    def steps(self) -> int | None:
        """The sum of the parts' lengths."""
        return None if self.endless else sum(part.steps for part in self.parts)

    @property
    def last(self) -> float:
        """The product of the parts' last factors."""
        product = 1.0
        for part in self.parts:
            product *= part.last
        return product

    def __call__(self, step: Any) -> Any:
        """The rate at a step."""
        step = ops.convert_to_tensor(step)
        dtype = keras.backend.standardize_dtype(step.dtype)
        value = as_float(self.parts[0](step))
        begin, carried = 0, 1.0
        for before, part in pairwise(self.parts):
            begin += before.steps
            carried *= before.last
            # Subtracted as integers: exact however long the training is.
            since = ops.maximum(ops.subtract(step, ops.cast(begin, dtype)), 0)
            here = ops.multiply(as_float(part(since)), carried)
            value = ops.where(ops.greater_equal(step, begin), here, value)
        return value

    def __repr__(self) -> str:
        return " >> ".join(map(repr, self.parts))
