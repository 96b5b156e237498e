"""What the first layer of a network looks for."""

import math

import keras
import numpy as np
from keras import ops

from kerasdl.errors import UserError
from kerasdl.inside.inner import inner_layers


def first_filters(model: keras.Model) -> tuple[np.ndarray, str]:
    """The kernels of the first layer that sees the images, each in the form of an image.

    Those of a convolution; or a dense layer's, each unit's weights put back into the image's form.

    Args:
        model: A functional model.

    Returns:
        `(filters, height, width, channels)` in float32, and the layer's name.

    Raises:
        UserError: If the first layer with weights is neither.

    Example:
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(16, 5, name="c")])
        >>> kernels, name = first_filters(model)
        >>> kernels.shape, name
        ((16, 5, 5, 3), 'c')
    """
    image = model.input_shape[1:] if isinstance(model.input_shape, tuple) else ()
    for layer in inner_layers(model):
        kernel = next((weight for weight in layer.weights if len(weight.shape) > 1), None)
        if kernel is None:
            continue
        values = ops.convert_to_numpy(ops.cast(kernel, "float32"))
        if values.ndim == 4:
            return _convolution(values, layer), layer.name
        if len(image) == 3 and values.ndim == 2 and len(values) == math.prod(image):
            return values.T.reshape(-1, *image), layer.name
        break
    raise UserError(
        f"the model {model.name!r} has no first layer whose weights can be shown as images: a "
        "convolution, or a dense layer on the pixels of an image"
    )


def _convolution(values: np.ndarray, layer: keras.layers.Layer) -> np.ndarray:
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        # (height, width, channels, multiplier): a filter sees one channel
        return values.reshape(*values.shape[:2], -1).transpose(2, 0, 1)[..., None]
    return values.transpose(3, 0, 1, 2)
