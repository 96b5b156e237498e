"""Where in an image a class is seen."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasdl.backend.gradients import value_and_gradients
from kerasdl.data.resize import resized
from kerasdl.errors import UserError
from kerasdl.inside._tap import Tap, tapped, unsquashed
from kerasdl.inside.maps import (
    BATCH,
    as_array,
    as_images,
    channels_last,
    data_format,
    find_layer,
    last_maps,
)


def grad_cam(
    model: keras.Model,
    x: np.ndarray,
    classes: int | Sequence[int] | np.ndarray | None = None,
    layer: str | None = None,
) -> np.ndarray:
    """Grad-CAM: how much each place of an image speaks for a class.

    `relu(sum_k a_k * A_k)` with `A_k` the layer's maps and `a_k` the mean over their places of
    `d score / d A_k`, brought to the image's size (bilinear) and divided by its largest value.
    The score is the class's output before a softmax or sigmoid that ends the model.

    Nothing in the model changes; dropout and noise are off. Connections around the layer count:
    the gradient is that of the score with respect to what the layer gives.

    Cost: two forward passes and a backward one a batch.

    Args:
        model: A functional model with an output of `(N, classes)`.
        x: Images as the model takes them; a run's model takes raw ones.
        classes: Number of the class, one for all images or one each; the predicted one by default.
        layer: Name of a layer with feature maps; by default the last that no pooling follows
            without a convolution between.

    Returns:
        `(N, height, width)` in float32, from 0 to 1; zeros where nothing speaks for the class.

    Raises:
        UserError: If there is no such class or layer, the images do not fit, or the model has
            another output.

    Differs from: class activation mapping, which needs global average pooling and a dense layer
        at the end; there the two are equal but for a positive factor and the rectifier.

    Example:
        >>> import numpy as np
        >>> model = keras.Sequential([
        ...     keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, activation="relu"),
        ...     keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3)])
        >>> grad_cam(model, np.ones((2, 8, 8, 1)), classes=1).shape
        (2, 8, 8)

    Reference: Selvaraju et al., 2017, https://arxiv.org/abs/1610.02391
    """
    x = as_images(model, x)
    chosen = _class_numbers(classes, len(x), _class_count(model))
    layer = layer or last_maps(model)
    order = data_format(model, layer)
    maps = []
    with tapped(find_layer(model, layer)) as tap, unsquashed(model):
        for begin in range(0, len(x), BATCH):
            part = slice(begin, begin + BATCH)
            wanted = None if chosen is None else chosen[part]
            maps.append(_maps(model, tap, x[part], wanted, order))
    size = x.shape[2:] if data_format(model) == "channels_first" else x.shape[1:3]
    heat = resized(np.concatenate(maps)[..., None], tuple(size))[..., 0]
    highest = heat.max(axis=(1, 2), keepdims=True)
    return np.divide(heat, highest, out=np.zeros_like(heat), where=highest > 0)


def _maps(
    model: keras.Model, tap: Tap, x: np.ndarray, classes: np.ndarray | None, order: str
) -> np.ndarray:
    """The map of each image at the layer's size."""
    x = ops.convert_to_tensor(x)
    tap.offset = None
    outputs = model(x, training=False)
    given = tap.take()
    classes = ops.argmax(outputs, axis=-1) if classes is None else classes
    wanted = ops.one_hot(classes, outputs.shape[-1], dtype=outputs.dtype)
    gradients = _gradients(model, tap, x, given, wanted)
    activations = channels_last(as_array(given), order)
    slopes = channels_last(gradients, order).mean(axis=(1, 2), keepdims=True)
    return np.maximum((slopes * activations).sum(axis=-1), 0)


def _gradients(model: keras.Model, tap: Tap, x: Any, given: Any, wanted: Any) -> np.ndarray:
    # Images do not touch each other in inference: one sum has the gradients of all.
    dtype = keras.backend.standardize_dtype(given.dtype)
    tap.offset = keras.Variable(ops.zeros(given.shape, dtype), dtype=dtype, trainable=False)

    def score() -> Any:
        return ops.sum(model(x, training=False) * wanted)

    _, (gradients,) = value_and_gradients(score, [tap.offset])
    tap.take()
    return np.zeros(given.shape, "float32") if gradients is None else as_array(gradients)


def _class_count(model: keras.Model) -> int:
    shape = model.output_shape
    if not isinstance(shape, tuple) or len(shape) != 2:
        raise UserError(
            "Grad-CAM needs a model with an output of (batch, classes). "
            f"Received: {model.name!r} with {shape}"
        )
    return shape[1]


def _class_numbers(classes: Any, images: int, count: int) -> np.ndarray | None:
    if classes is None:
        return None
    numbers = np.asarray(classes)
    whole = np.issubdtype(numbers.dtype, np.integer) and numbers.shape in ((), (images,))
    if not whole or numbers.min() < 0 or numbers.max() >= count:
        raise UserError(
            f"`classes` must be a whole number from 0 to {count - 1}, or {images} of them, one for "
            f"each image. Received: classes={classes!r}"
        )
    return np.broadcast_to(numbers, (images,)).astype("int32")
