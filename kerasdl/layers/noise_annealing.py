"""What the noise layers share: a strength that may follow a schedule, and the draws."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError

Strength = float | keras.optimizers.schedules.LearningRateSchedule


class AnnealedNoise:
    """Mix-in of a layer that draws noise in training, its strength constant or scheduled.

    A schedule is any Keras learning-rate schedule, read at the number of training calls made so
    far. That number and the state of the random numbers are variables of the layer, so both are
    saved with a checkpoint and advance inside compiled steps.
    """

    def set_noise(self, name: str, strength: Any, seed: int | None) -> None:
        """Checks the strength called `name`, keeps it and makes the generator."""
        if isinstance(strength, dict):
            strength = keras.saving.deserialize_keras_object(strength)
        if isinstance(strength, int | float):
            if isinstance(strength, bool) or not strength >= 0:
                raise UserError(f"`{name}` must be at least 0. Received: {name}={strength!r}")
        elif not isinstance(strength, keras.optimizers.schedules.LearningRateSchedule):
            raise UserError(
                f"`{name}` must be a number or a keras.optimizers.schedules.LearningRateSchedule. "
                f"Received: {name}={strength!r}"
            )
        setattr(self, name, strength)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self._strength_name = name

    def build_noise(self) -> None:
        """Creates the counter of training calls."""
        self.training_calls = self.add_weight(
            shape=(),
            dtype="int32",
            initializer="zeros",
            trainable=False,
            name="training_calls",
        )

    def next_strength(self, dtype: str) -> Any:
        """The strength of this training call; counts the call."""
        strength = getattr(self, self._strength_name)
        if not isinstance(strength, int | float):
            strength = strength(ops.convert_to_tensor(self.training_calls))
        self.training_calls.assign_add(1)
        return ops.cast(strength, dtype)

    def gaussian(self, shape: Any, dtype: str) -> Any:
        """Standard normal draws."""
        return keras.random.normal(shape, dtype=dtype, seed=self.seed_generator)

    def noise_config(self) -> dict[str, Any]:
        """The strength and the seed, for `get_config`."""
        strength = getattr(self, self._strength_name)
        if not isinstance(strength, int | float):
            strength = keras.saving.serialize_keras_object(strength)
        return {self._strength_name: strength, "seed": self.seed}
