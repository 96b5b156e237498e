"""The base of the schedules: a factor over steps that composes."""

import inspect
from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.schedules._checks import check_factor
from kerasdl.schedules.epochs import Epochs

Length = int | Epochs
"""Steps, or epochs until `resolve` is called."""


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Base of schedules that compose: a factor by which a learning rate is multiplied.

    - `0.001 * schedule`: the rates. Without a number before it, the highest rate is 1.
    - `first >> second`: `second` begins where `first` ends, at its step and at its factor:
      `y(t) = first(t)` for `t < n`, then `y(t) = first(n) * second(t - n)`, with `n` the length
      of `first`. Since every part but a warm-up begins with factor 1, the whole has no jumps.
    - After its last step a schedule keeps its last value.

    A step is one call of the optimizer, counted from 0. Under gradient accumulation Keras counts
    every batch as a step, not every update.

    Values are float32 (float64 where that is Keras's `floatx`), exact in the step up to 2**24.
    There is no branch on the step, so a schedule is part of a compiled step on every backend.

    A subclass keeps its constructor's arguments under their names (config, `repr` and `resolve`
    read them there), sets `length` (`None`: it never ends) and implements `factor` and, if it can
    end, `last`.

    Differs from: `keras.optimizers.schedules`, whose schedules hold absolute rates and do not
    compose; PyTorch's `SequentialLR` and `optax.join_schedules`, where every part names its own
    absolute rates and the rate may jump from part to part.
    """

    length: Length | None = None

    def factor(self, elapsed: Any) -> Any:
        """The factor after `elapsed` steps: a floating tensor within 0 and the length."""
        raise TypeError(f"{type(self).__name__} must define `factor`.")

    @property
    def last(self) -> float:
        """The factor at the end."""
        raise TypeError(f"{type(self).__name__} must define `last`.")

    @property
    def endless(self) -> bool:
        """Whether it goes on for ever."""
        return self.length is None

    @property
    def steps(self) -> int | None:
        """Its length in steps; `None` if it is endless.

        Raises:
            UserError: If the length is still in epochs.
        """
        return None if self.length is None else in_steps("length", self.length)

    def __call__(self, step: Any) -> Any:
        """The rate at a step."""
        elapsed = ops.maximum(as_float(step), 0.0)
        if not self.endless:
            elapsed = ops.minimum(elapsed, float(self.steps))
        return self.factor(elapsed)

    def __rshift__(self, other: Any) -> "Schedule":
        from kerasdl.schedules.chain import Chain

        if not isinstance(other, keras.optimizers.schedules.LearningRateSchedule):
            return NotImplemented
        return Chain([self, other])

    def __rrshift__(self, other: Any) -> "Schedule":
        from kerasdl.schedules.chain import Chain

        return Chain([other, self])

    def __mul__(self, scale: Any) -> "Schedule":
        from kerasdl.schedules.scaled import Scaled

        check_factor("scale", scale, zero=True)
        return Scaled(self, scale)

    __rmul__ = __mul__

    def resolve(self, steps_per_epoch: int) -> "Schedule":
        """The same schedule with every length in steps.

        Raises:
            UserError: If `steps_per_epoch` is not a positive integer.
        """
        if isinstance(steps_per_epoch, bool) or not isinstance(steps_per_epoch, int):
            raise UserError(_STEPS_RULE.format(steps_per_epoch))
        if steps_per_epoch < 1:
            raise UserError(_STEPS_RULE.format(steps_per_epoch))

        def resolved(value: Any) -> Any:
            if isinstance(value, Epochs):
                return value.in_steps(steps_per_epoch)
            if isinstance(value, Schedule):
                return value.resolve(steps_per_epoch)
            return [resolved(v) for v in value] if isinstance(value, list | tuple) else value

        return type(self)(**{name: resolved(value) for name, value in self.arguments().items()})

    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments, as they were given."""
        names = [
            name
            for name, parameter in inspect.signature(type(self).__init__).parameters.items()
            if name != "self" and parameter.kind is not parameter.VAR_KEYWORD
        ]
        return {name: getattr(self, name) for name in names}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, ready for a file."""
        return {name: _serialized(value) for name, value in self.arguments().items()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Schedule":
        """The reverse of `get_config`."""
        return cls(**{name: _deserialized(value) for name, value in config.items()})

    def __repr__(self) -> str:
        shown = []
        for name, parameter in inspect.signature(type(self).__init__).parameters.items():
            if name == "self" or getattr(self, name) == parameter.default:
                continue
            value = repr(getattr(self, name))
            shown.append(f"{name}={value}" if shown else value)
        return f"{type(self).__name__}({', '.join(shown)})"


_STEPS_RULE = "`steps_per_epoch` must be an integer >= 1. Received: steps_per_epoch={!r}"


def in_steps(name: str, length: Length) -> int:
    """A length as steps.

    Raises:
        UserError: If it is in epochs.
    """
    if isinstance(length, Epochs):
        raise UserError(
            f"`{name}` must be in steps when the schedule is used: call "
            f"`schedule.resolve(steps_per_epoch)` first. Received: {name}={length!r}"
        )
    return length


def as_float(step: Any) -> Any:
    """A step as a floating tensor in which steps are exact, whatever the policy."""
    dtype = "float64" if keras.config.floatx() == "float64" else "float32"
    return ops.cast(ops.convert_to_tensor(step), dtype)


def _serialized(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_serialized(entry) for entry in value]
    if isinstance(value, Epochs | keras.optimizers.schedules.LearningRateSchedule):
        return keras.saving.serialize_keras_object(value)
    return value


def _deserialized(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_deserialized(entry) for entry in value]
    if isinstance(value, dict) and "class_name" in value:
        return keras.saving.deserialize_keras_object(value)
    return value
