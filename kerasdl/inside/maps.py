"""Feature maps, and the layers that have them."""

from typing import Any

import keras
import numpy as np
from keras import ops

from kerasdl.errors import UserError
from kerasdl.inside._tap import tapped
from kerasdl.inside.inner import inner_layers

BATCH = 32

_POOLING = (
    keras.layers.AveragePooling2D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.MaxPooling2D,
)


def feature_maps(model: keras.Model, layer: str, x: np.ndarray) -> np.ndarray:
    """What a layer gives for images: a map of each channel.

    Nothing in the model changes; dropout and noise are off.

    Args:
        model: A functional model.
        layer: Name of the layer, which may stand in a model inside.
        x: Images as the model takes them; a run's model takes raw ones.

    Returns:
        `(N, h, w, C)` in float32, channels last whatever the layer's own order.

    Raises:
        UserError: If the layer has no maps, or the images do not fit the model.

    Example:
        >>> import numpy as np
        >>> inputs = keras.Input((6, 6, 1))
        >>> x = keras.layers.Conv2D(4, 3, name="conv")(inputs)
        >>> model = keras.Model(inputs, keras.layers.GlobalMaxPooling2D()(x))
        >>> feature_maps(model, "conv", np.ones((2, 6, 6, 1))).shape
        (2, 4, 4, 4)
    """
    x = as_images(model, x)
    with tapped(find_layer(model, layer)) as tap:
        parts = []
        for begin in range(0, len(x), BATCH):
            model(ops.convert_to_tensor(x[begin : begin + BATCH]), training=False)
            parts.append(as_array(tap.take()))
    return channels_last(np.concatenate(parts), data_format(model, layer))


def map_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers with feature maps: outputs of four axes, from the first convolution on."""
    layers = inner_layers(model)
    first = next((place for place, layer in enumerate(layers) if convolves(layer)), len(layers))
    return [layer for layer in layers[first:] if _output_rank(layer) == 4]


def first_maps(model: keras.Model) -> str:
    """Name of the layer that ends the first convolution: its activation, where it is a layer.

    Raises:
        UserError: If the model has no convolution.
    """
    first, *others = _some_map_layers(model)
    for layer in others:
        if convolves(layer) or layer.output.shape != first.output.shape:
            break
        first = layer
        if hasattr(layer, "activation"):
            break
    return first.name


def last_maps(model: keras.Model) -> str:
    """Name of the last layer with feature maps that no pooling has shrunk since a convolution.

    A map of a single value shows no place: such layers only count where there are no others.

    Raises:
        UserError: If the model has no convolution.
    """
    layers = _some_map_layers(model)
    kept, pooled = [], False
    for layer in layers:
        pooled = isinstance(layer, _POOLING) or (pooled and not convolves(layer))
        if not pooled:
            kept.append(layer)
    wide = [layer for layer in kept if _places(model, layer) != 1]
    return (wide or kept or layers)[-1].name


def find_layer(model: keras.Model, layer: str) -> keras.layers.Layer:
    """The layer with feature maps of this name.

    Raises:
        UserError: If there is none; names those there are.
    """
    layers = _some_map_layers(model)
    for found in layers:
        if found.name == layer:
            return found
    names = ", ".join(found.name for found in layers)
    raise UserError(f"`layer` must be one with feature maps: {names}. Received: layer={layer!r}")


def data_format(model: keras.Model, layer: str | None = None) -> str:
    """Where the channels are in a layer's output, or in the model's inputs.

    Read from the layer, or the last one before it that says so; for inputs from the first.
    """
    found = None
    for candidate in inner_layers(model):
        found = getattr(candidate, "data_format", None) or found
        if candidate.name == layer or (layer is None and found):
            break
    return found or keras.config.image_data_format()


def channels_last(x: np.ndarray, order: str) -> np.ndarray:
    """`(N, h, w, C)` from an array in the order named."""
    return np.moveaxis(x, 1, -1) if order == "channels_first" else x


def as_array(tensor: Any) -> np.ndarray:
    """A tensor of any floating type as a float32 array."""
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


def convolves(layer: keras.layers.Layer) -> bool:
    """Whether a layer holds kernels of images: `(height, width, channels, filters)`."""
    return any(len(weight.shape) == 4 for weight in layer.weights)


def as_images(model: keras.Model, x: Any) -> np.ndarray:
    """`x` as an array.

    Raises:
        UserError: If it is no batch of images as the model takes them.
    """
    x, shape = np.asarray(x), model.input_shape
    fits = (
        isinstance(shape, tuple)
        and len(shape) == 4
        and x.ndim == 4
        and len(x)
        and all(size in (None, given) for size, given in zip(shape, x.shape, strict=True))
    )
    if not fits:
        raise UserError(
            "`x` must be a batch of at least one image as the model takes it. "
            f"Expected (batch, height, width, channels) = {shape}. Received: {x.shape}"
        )
    return x


def _some_map_layers(model: keras.Model) -> list[keras.layers.Layer]:
    layers = map_layers(model)
    if not layers:
        raise UserError(
            f"the model {model.name!r} has no convolution, and so no feature maps and no Grad-CAM"
        )
    return layers


def _output_rank(layer: keras.layers.Layer) -> int:
    output = getattr(layer, "output", None)  # in a model with a `call` of its own it has none
    return len(output.shape) if isinstance(output, keras.KerasTensor) else 0


def _places(model: keras.Model, layer: keras.layers.Layer) -> int | None:
    """Height times width of a layer's maps; None where the model takes images of any size."""
    shape = layer.output.shape
    sides = shape[2:] if data_format(model, layer.name) == "channels_first" else shape[1:3]
    return None if None in sides else sides[0] * sides[1]
