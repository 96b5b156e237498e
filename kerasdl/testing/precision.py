"""Running a component in another precision, and putting things back afterwards."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import keras

_FLOATS = ("float16", "bfloat16", "float32", "float64")
_Component = TypeVar("_Component")


@contextlib.contextmanager
def precision(policy: str) -> Iterator[None]:
    """Sets the global dtype policy, and `floatx` to what the policy stores variables in."""
    floatx, before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(keras.DTypePolicy(policy).variable_dtype)
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(before)


def converted(component: _Component, dtype: str) -> _Component:
    """A copy of an unbuilt or built component whose every float dtype is `dtype`.

    The copy is made from the component's config and has fresh weights; a functional model's copy
    is built, a layer's is not.
    """
    config = keras.saving.serialize_keras_object(component)
    config.pop("build_config", None)
    known = {type(component).__name__: type(component)}
    with precision(dtype):
        return keras.saving.deserialize_keras_object(
            _replace_dtypes(config, dtype), custom_objects=known
        )


def _replace_dtypes(node: Any, dtype: str) -> Any:
    if isinstance(node, Mapping):
        if node.get("class_name") == "DTypePolicy":
            return {**node, "config": {"name": dtype}}
        return {
            key: dtype if key == "dtype" and value in _FLOATS else _replace_dtypes(value, dtype)
            for key, value in node.items()
        }
    if isinstance(node, list | tuple):
        return type(node)(_replace_dtypes(entry, dtype) for entry in node)
    return node
