"""The arguments of a layer's call, as arrays that can be re-batched, cast and made symbolic."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerasdl.errors import UserError
from kerasdl.testing.numerics import dtype_of, is_floating

_NOT_DATA = {"self", "training", "mask"}


class Arguments:
    """Positional and keyword arguments of a layer, with a batch axis in every array.

    Args:
        layer: Only its `call` signature is read.
        inputs: An array: `layer(x)`. A tuple: `layer(a, b)`. A list: `layer(a, b)` if `call`
            requires that many arguments, else `layer([a, b])`. A dictionary: `layer(**inputs)` if
            its names are arguments of `call`, else `layer(inputs)`.
        mask: Passed as `mask=`; a dictionary is passed as keyword arguments.
        call_kwargs: More keyword arguments. An array whose first axis is the batch is batched
            like the inputs; everything else is passed as it is.

    Raises:
        UserError: If there is no input, or the batch sizes differ.
    """

    def __init__(
        self,
        layer: keras.layers.Layer,
        inputs: Any,
        mask: Any = None,
        call_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        inputs = keras.tree.map_structure(np.asarray, inputs)
        positional, keywords = _split(layer, inputs)
        if isinstance(mask, Mapping):
            keywords |= {name: np.asarray(value, bool) for name, value in mask.items()}
        elif mask is not None:
            keywords["mask"] = keras.tree.map_structure(lambda entry: np.asarray(entry, bool), mask)
        self._structure = [positional, {**keywords, **(call_kwargs or {})}]
        leaves = keras.tree.flatten(self._structure)
        # A flattened dictionary comes in the order of its names, not as it was written.
        ordered = list(inputs.values()) if isinstance(inputs, Mapping) else inputs
        self.inputs = keras.tree.flatten(ordered)
        self.batch_size = _batch_size(self.inputs)
        self._is_data = [_has_batch(leaf, self.batch_size) for leaf in leaves]
        self._leaves = leaves
        self.arrays = [leaf for leaf, data in zip(leaves, self._is_data, strict=True) if data]

    def call(self, layer: Any, tensors: Sequence[Any], **more: Any) -> Any:
        """`layer(...)` with `tensors` in the place of the arrays, in the order of `arrays`."""
        tensors = iter(tensors)
        leaves = [
            next(tensors) if data else leaf
            for leaf, data in zip(self._leaves, self._is_data, strict=True)
        ]
        positional, keywords = keras.tree.pack_sequence_as(self._structure, leaves)
        return layer(*positional, **{**more, **keywords})

    def tensors(self, arrays: Sequence[np.ndarray] | None = None) -> list[Any]:
        """The arrays as backend tensors, floats in `floatx`."""
        return [
            keras.ops.convert_to_tensor(array, dtype=standard_dtype(array))
            for array in (self.arrays if arrays is None else arrays)
        ]

    def symbolic(self) -> list[keras.KerasTensor]:
        """A `keras.Input` of unknown batch size for each array."""
        return [keras.Input(array.shape[1:], dtype=standard_dtype(array)) for array in self.arrays]

    def batch(self, size: int) -> list[np.ndarray]:
        """The arrays with `size` samples, repeated from the start where there are fewer."""
        rows = np.arange(size) % self.batch_size
        return [array[rows] for array in self.arrays]

    def shapes(self) -> str:
        """The inputs' shapes and dtypes, for messages."""
        return ", ".join(f"{standard_dtype(array)} {array.shape}" for array in self.inputs)


def _split(layer: keras.layers.Layer, inputs: Any) -> tuple[list[Any], dict[str, Any]]:
    if isinstance(inputs, Mapping):
        by_name = set(inputs) <= set(inspect.signature(layer.call).parameters)
        return ([], dict(inputs)) if by_name else ([inputs], {})
    if isinstance(inputs, tuple):
        return list(inputs), {}
    if isinstance(inputs, list) and _required_arguments(layer) >= max(2, len(inputs)):
        return list(inputs), {}
    return [inputs], {}


def _required_arguments(layer: keras.layers.Layer) -> int:
    parameters = inspect.signature(layer.call).parameters.values()
    return sum(
        entry.default is entry.empty
        and entry.kind is entry.POSITIONAL_OR_KEYWORD
        and entry.name not in _NOT_DATA
        for entry in parameters
    )


def _batch_size(inputs: Sequence[np.ndarray]) -> int:
    sizes = {array.shape[:1] for array in inputs}
    if len(sizes) != 1 or sizes == {()}:
        shapes = [array.shape for array in inputs]
        raise UserError(f"`inputs` must share a first axis, the batch. Received: shapes {shapes}")
    return sizes.pop()[0]


def _has_batch(leaf: Any, size: int) -> bool:
    return isinstance(leaf, np.ndarray) and leaf.shape[:1] == (size,)


def standard_dtype(array: Any) -> str:
    """The dtype an array is given to Keras in: `floatx` for floats, 32 bits for integers."""
    array = np.asarray(array)
    if is_floating(array):
        return keras.config.floatx()
    return {"int64": "int32", "uint64": "uint32"}.get(dtype_of(array), dtype_of(array))
