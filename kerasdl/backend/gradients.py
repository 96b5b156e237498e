"""Gradients of a scalar function of Keras variables, the same call on every backend."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

from kerasdl.backend.draws import own_draws


def value_and_gradients(
    function: Callable[[], Any],
    variables: Sequence[keras.Variable],
    *,
    jit_compile: bool = False,
) -> tuple[Any, list[Any]]:
    """The value of `function()` and its gradient with respect to each variable.

    `function` reads the variables as Keras code does and returns a scalar tensor. It runs in a
    `keras.StatelessScope`: what it assigns (moving averages, seeds of layers) is discarded, so
    two calls give the same numbers, dropout included. It must not create variables.

    Args:
        function: Called without arguments; returns a scalar tensor of a floating dtype.
        variables: Floating variables, trainable or not.
        jit_compile: Whether XLA compiles the whole first, on JAX and TensorFlow. For a single call
            of a large function, which on JAX is slower operation by operation; every call compiles
            anew. Compiled, TensorFlow draws other random numbers.

    Returns:
        The value, and one tensor per variable in the order given. Where the value does not depend
        on a variable the entry is `None` on TensorFlow and PyTorch and zeros on JAX.

    Example:
        >>> weight = keras.Variable([1.0, 2.0])
        >>> value, (gradient,) = value_and_gradients(
        ...     lambda: keras.ops.sum(keras.ops.square(weight)), [weight])
        >>> float(value), [float(entry) for entry in gradient]
        (5.0, [2.0, 4.0])
    """
    routes = {"jax": _with_jax, "tensorflow": _with_tensorflow, "torch": _with_torch}
    pure = as_pure(function, variables)
    return routes[keras.backend.backend()](pure, list(variables), jit_compile)


def as_pure(
    function: Callable[[], Any], variables: Sequence[keras.Variable]
) -> Callable[[Sequence[Any]], Any]:
    """`pure(values)`: what `function()` returns with the variables standing at `values`.

    Changes no variable. Its cost is one forward pass; nothing is compiled.
    """
    variables = list(variables)

    def pure(values: Sequence[Any]) -> Any:
        mapping = list(zip(variables, values, strict=True))
        with keras.StatelessScope(state_mapping=mapping), own_draws():
            return function()

    return pure


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` of tensors, compiled by XLA on JAX and TensorFlow, as it is on PyTorch.

    PyTorch's own compiler takes longer than the functions meant here run.
    """
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(function, jit_compile=True, autograph=False)
    return function


def has_float64() -> bool:
    """Whether the backend computes in float64; JAX does where `JAX_ENABLE_X64` was set at start."""
    if keras.backend.backend() == "jax":
        import jax

        return bool(jax.config.jax_enable_x64)
    return True


def _with_jax(
    pure: Callable[..., Any], variables: list[keras.Variable], jit_compile: bool
) -> tuple[Any, list[Any]]:
    import jax

    route = jax.value_and_grad(pure)
    route = jax.jit(route) if jit_compile else route
    return route([variable.value for variable in variables])


def _with_tensorflow(
    pure: Callable[..., Any], variables: list[keras.Variable], jit_compile: bool
) -> tuple[Any, list[Any]]:
    import tensorflow as tf

    def route(values: list[Any]) -> tuple[Any, list[Any]]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            value = pure(values)
        # An embedding's gradient comes as rows with their indices.
        gradients = [
            entry if entry is None else tf.convert_to_tensor(entry)
            for entry in tape.gradient(value, values)
        ]
        return value, gradients

    return (compiled(route) if jit_compile else route)(
        [tf.convert_to_tensor(variable.value) for variable in variables]
    )


def _with_torch(
    pure: Callable[..., Any], variables: list[keras.Variable], _jit_compile: bool
) -> tuple[Any, list[Any]]:
    import torch

    values = [variable.value.detach().clone().requires_grad_() for variable in variables]
    with torch.enable_grad():
        value = pure(values)
    if not value.requires_grad:
        return value, [None] * len(values)
    gradients = torch.autograd.grad(value, values, allow_unused=True)
    return value.detach(), list(gradients)
