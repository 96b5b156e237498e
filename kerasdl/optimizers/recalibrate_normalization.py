"""Batch normalization statistics for weights that were never trained as they are."""

from collections.abc import Iterable, Iterator
from typing import Any

import keras

from kerasdl.errors import UserError


def recalibrate_normalization(model: keras.Model, batches: Iterable[Any]) -> int:
    """Sets the moving statistics of every `BatchNormalization` to their mean over `batches`.

    For weights made by averaging (`StochasticWeightAveraging`), whose activations are not those of
    the training that the statistics were gathered in. Weights are not changed. Each batch counts
    alike, so give batches of one size.

    Args:
        model: A built model, at rest.
        batches: Inputs as `model` takes them, one batch after the other.

    Returns:
        How many layers were recalibrated; none where the model has no `BatchNormalization`.

    Raises:
        UserError: If there is a layer to recalibrate and `batches` is empty.

    Differs from: `torch.optim.swa_utils.update_bn`, equal for batches of one size but for the
    variance, where Keras's is that of the batch and PyTorch's the unbiased one.

    Example:
        >>> recalibrate_normalization(model, (x[i : i + 64] for i in range(0, len(x), 64)))

    Reference: Izmailov et al., 2018, section 3.2, https://arxiv.org/abs/1803.05407
    """
    layers = [
        layer
        for layer in _layers_within(model, set())
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    ]
    momenta = [layer.momentum for layer in layers]
    count = 0
    try:
        for count, batch in enumerate(batches if layers else (), start=1):
            for layer in layers:
                layer.momentum = 1 - 1 / count  # the first batch replaces what was there
            model(batch, training=True)
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
    if layers and not count:
        raise UserError("`batches` must have at least one batch. Received: none")
    return len(layers)


def _layers_within(layer: keras.layers.Layer, seen: set[int]) -> Iterator[keras.layers.Layer]:
    """The layer and all that it holds in its attributes, at any depth."""
    seen.add(id(layer))
    yield layer
    for held in keras.tree.flatten([*vars(layer).values(), getattr(layer, "layers", [])]):
        if isinstance(held, keras.layers.Layer) and id(held) not in seen:
            yield from _layers_within(held, seen)
