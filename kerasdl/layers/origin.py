"""Where a model comes from, carried by the model itself."""

from typing import Any

import keras

_NARROW = ("float16", "bfloat16")


@keras.saving.register_keras_serializable(package="kerasdl")
class Origin(keras.layers.Layer):
    """Ends an architecture: widens 16-bit outputs to float32 and remembers where it comes from.

    `y = cast(x, float32)` for float16 and bfloat16, `y = x` for everything else.

    The origin is part of the layer's config, so it stays in the file when plain Keras saves the
    model again, and can be read without loading the model.

    Shapes: any; output as input.

    Masking: passes the mask on.

    Args:
        origin: JSON-able mapping: architecture, config, task, distribution, version, hash.
        widen: Whether 16-bit floats become float32; not inside a model.

    Differs from: `keras.layers.Identity`, which keeps the dtype: under mixed precision the
        outputs here are float32, as a loss wants them.

    Example:
        >>> Origin({"architecture": "mlp"})(keras.ops.ones((2, 3))).shape
        (2, 3)
    """

    def __init__(self, origin: dict[str, Any], widen: bool = True, **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)
        self.origin = origin
        self.widen = widen
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Returns `inputs`, in float32 if they are 16-bit floats."""
        return keras.ops.cast(inputs, "float32") if self._widens(inputs) else inputs

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        """The input's shape, and the dtype that `call` gives."""
        return keras.KerasTensor(inputs.shape, "float32" if self._widens(inputs) else inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "origin": self.origin, "widen": self.widen}

    def _widens(self, inputs: Any) -> bool:
        return self.widen and keras.backend.standardize_dtype(inputs.dtype) in _NARROW
