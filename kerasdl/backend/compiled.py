"""Inference compiled once: `jax.jit`, `tf.function` with XLA where it can, and the plain function.

The plain route is the twin of the two others, and what PyTorch runs: its own compiler takes longer
than most generations do.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras

ROUTES = ("jax", "tensorflow", "plain")


def choose_route() -> str:
    """`"jax"` or `"tensorflow"` on these backends, `"plain"` on PyTorch."""
    backend = keras.backend.backend()
    return backend if backend in ROUTES else "plain"


class Compiled:
    """A function of tensors that reads a model's variables, compiled once for each shape.

    The variables are read anew at each call, so the model may be trained in between. What the
    function assigns to them is discarded on JAX and must not be relied on elsewhere.

    Args:
        function: Takes and returns nested tensors; its structure depends on shapes alone.
        variables: Every variable that the function reads. One left out is a constant on JAX.
        donated: Numbers of arguments whose memory JAX may reuse for the result; they cannot be
            used after the call.
        route: One of `ROUTES`; None chooses.

    Example:
        >>> scale = keras.Variable(2.0)
        >>> double = Compiled(lambda x: x * scale, [scale])
        >>> float(double(keras.ops.ones(()))), float(double(keras.ops.zeros(())))
        (2.0, 0.0)
        >>> double.compilations
        1
    """

    def __init__(
        self,
        function: Callable[..., Any],
        variables: Sequence[keras.Variable],
        donated: Sequence[int] = (),
        route: str | None = None,
    ) -> None:
        self.compilations = 0
        self.route = route or choose_route()
        routes = {"jax": _with_jax, "tensorflow": _with_tensorflow, "plain": _plain}

        def counted(*arguments: Any) -> Any:
            # The body of a compiled function runs when it is traced, and then no more.
            self.compilations += self.route != "plain"
            return function(*arguments)

        self._call = routes[self.route](counted, list(variables), tuple(donated))

    def __call__(self, *arguments: Any) -> Any:
        """The function's result."""
        return self._call(*arguments)


def _with_jax(
    function: Callable[..., Any], variables: list[keras.Variable], donated: tuple[int, ...]
) -> Callable[..., Any]:
    import jax

    def pure(values: list[Any], *arguments: Any) -> Any:
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return function(*arguments)

    jitted = jax.jit(pure, donate_argnums=tuple(number + 1 for number in donated))
    return lambda *arguments: jitted([variable.value for variable in variables], *arguments)


def _with_tensorflow(
    function: Callable[..., Any], _variables: list[keras.Variable], _donated: tuple[int, ...]
) -> Callable[..., Any]:
    import tensorflow as tf

    use = [tf.function(function, jit_compile=True, autograph=False)]
    refused = (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError)

    def call(*arguments: Any) -> Any:
        try:
            return use[0](*arguments)
        except refused:
            if len(use) == 2:
                raise
        # XLA lacks some operations; what is wrong without it too is raised here.
        use[:] = [tf.function(function, autograph=False), None]
        return use[0](*arguments)

    return call


def _plain(
    function: Callable[..., Any], _variables: list[keras.Variable], _donated: tuple[int, ...]
) -> Callable[..., Any]:
    if keras.backend.backend() != "torch":
        return function
    import torch

    return torch.no_grad()(function)
