"""How many multiplications a model makes, counted by its layers."""

import math
from typing import Any

import keras

from kerasdl.callbacks._recording import Call, recorded_calls
from kerasdl.layers.multi_head_attention import MultiHeadAttention
from kerasdl.layers.multi_head_cross_attention import MultiHeadCrossAttention

_ATTENTION = (
    keras.layers.MultiHeadAttention,
    keras.layers.GroupQueryAttention,
    MultiHeadAttention,
    MultiHeadCrossAttention,
)


def forward_flops(model: keras.Model, batch: Any) -> float:
    """Floating-point operations of a forward pass, in the products of matrices alone.

    Counted as `2 * size of a kernel * positions it is applied to`, for every layer with weights of
    two or more axes (dense, convolution, recurrent, attention; embeddings only look up), and for
    attention, besides, `4 * queries * keys * width` for scores and mixture. The model is only
    traced with the shapes of `batch`, not run.

    Args:
        model: A built model.
        batch: A batch of inputs, or anything of the same structure with shapes.
    """
    symbols = keras.tree.map_structure(
        lambda x: keras.KerasTensor(x.shape, keras.backend.standardize_dtype(x.dtype)), batch
    )
    with recorded_calls() as calls:
        _Around(model).compute_output_spec(symbols)
    loops = tuple(f"{call.layer.path}/" for call in calls if _is_recurrent(call.layer))
    # What is inside a loop over time is traced once, and counted with the loop.
    outer = [call for call in calls if not str(call.layer.path).startswith(loops)]
    return float(sum(map(_products, outer)) + sum(map(_attention, outer)))


class _Around(keras.layers.Layer):
    """Makes Keras trace a model by calling its layers, functional or not."""

    def __init__(self, model: keras.Model) -> None:
        super().__init__()
        self.inner = [model]  # in a list of its own: the layer does not own the model

    def call(self, x: Any) -> Any:
        return self.inner[0](x)


def _products(call: Call) -> int:
    """Of the weights that a layer itself holds."""
    layer = call.layer
    if isinstance(layer, keras.layers.Embedding | keras.Model):
        return 0
    if _is_recurrent(layer):
        return 2 * _kernels(layer.variables) * math.prod(call.arguments[0].shape[:2])
    if isinstance(layer, keras.layers.EinsumDense):
        return _einsum(layer.equation, call.arguments[0].shape, layer.kernel.shape)
    own = [v for v in layer.variables if v.path.rpartition("/")[0] == layer.path]
    transposed = type(layer).__name__.endswith("Transpose")
    shape = call.arguments[0].shape if transposed else _first_shape(call.outputs)
    first = getattr(layer, "data_format", None) == "channels_first"
    positions = (shape[0], *shape[2:]) if first and len(shape) > 2 else shape[:-1]
    return 2 * _kernels(own) * math.prod(positions)


def _is_recurrent(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.RNN) or hasattr(layer, "directions")


def _kernels(variables: list[keras.Variable]) -> int:
    return sum(math.prod(v.shape) for v in variables if len(v.shape) > 1)


def _einsum(equation: str, inputs: tuple[int, ...], kernel: tuple[int, ...]) -> int:
    letters, _, _ = equation.replace(" ", "").partition("->")
    left, _, right = letters.partition(",")
    if "..." in left:
        named = len(left.replace("...", ""))
        spread = math.prod(inputs[: len(inputs) - named])
        sizes = dict(zip(left.replace("...", ""), inputs[len(inputs) - named :], strict=True))
    else:
        spread, sizes = 1, dict(zip(left, inputs, strict=True))
    sizes |= dict(zip(right.replace("...", ""), kernel, strict=True))
    return 2 * spread * math.prod(sizes.values())


def _attention(call: Call) -> int:
    """Of scores and mixture."""
    if not isinstance(call.layer, _ATTENTION):
        return 0
    shapes = [x.shape for x in keras.tree.flatten(call.arguments) if hasattr(x, "shape")]
    (batch, queries, features), *others = [shape for shape in shapes if len(shape) == 3]
    keys = others[0][1] if others else queries
    heads = getattr(call.layer, "num_heads", None) or call.layer.num_query_heads
    names = ("key_dim", "head_dim", "head_size")
    size = next((getattr(call.layer, name) for name in names if getattr(call.layer, name, 0)), None)
    return 4 * batch * queries * keys * (heads * size if size else features)


def _first_shape(outputs: Any) -> tuple[int, ...]:
    return next(x.shape for x in keras.tree.flatten(outputs) if x is not None)
