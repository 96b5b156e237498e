"""Multilayer perceptron."""

from typing import Any

import keras

from kerasdl import building
from kerasdl.errors import UserError
from kerasdl.plugin import Config, Spec
from kerasdl_mlp.masked_dense import MaskedDense, zero_one_matrix

# Of the averages that inference uses; with Keras's 0.99 a short training ends before they settle.
_MOMENTUM = 0.9


def build(config: Config, spec: Spec) -> keras.Model:
    """Blocks of dense layer, normalization, activation and dropout, then the head.

    The input is flattened first. The head gives logits, or real values, unless the config's
    `output_activation` says otherwise.
    """
    outputs = spec.output_count
    masks = _masks(config)
    inputs, x = building.flat_inputs(spec)
    if config.input_dropout:
        x = keras.layers.Dropout(config.input_dropout, name="input_dropout")(x)
    for number, (width, mask) in enumerate(zip(config.widths, masks, strict=False), 1):
        x = _block(x, f"hidden{number}", width, mask, config)
    head = _dense(
        "head",
        outputs,
        masks[-1],
        config,
        activation=building.activation(config.output_activation, "output_activation"),
    )
    return keras.Model(inputs, head(x), name="mlp")


def _block(x: Any, name: str, width: int, mask: Any, config: Config) -> Any:
    batch = config.normalization == "batch"
    # Batch normalization subtracts what a bias before it would add.
    x = _dense(name, width, mask, config, use_bias=not batch)(x)
    if batch:
        x = keras.layers.BatchNormalization(momentum=_MOMENTUM, name=f"{name}_norm")(x)
    elif config.normalization == "layer":
        x = keras.layers.LayerNormalization(name=f"{name}_norm")(x)
    function = building.activation(config.activation)
    x = keras.layers.Activation(function, name=f"{name}_activation")(x)
    if config.dropout:
        x = keras.layers.Dropout(config.dropout, name=f"{name}_dropout")(x)
    return x


def _dense(name: str, units: int, mask: Any, config: Config, **kwargs: Any) -> keras.layers.Layer:
    kwargs |= {
        "name": name,
        "kernel_initializer": building.initializer(config.kernel_initializer, "kernel_initializer"),
        "bias_initializer": building.initializer(config.bias_initializer, "bias_initializer"),
    }
    if mask is None:
        return keras.layers.Dense(units, **kwargs)
    return MaskedDense(units, mask, **kwargs)


def _masks(config: Config) -> list[Any]:
    layers = len(config.widths) + 1
    if config.masks is None:
        return [None] * layers
    if len(config.masks) != layers:
        raise UserError(
            f"`masks` must have an entry (a matrix, or [] for none) for each of the {layers} dense "
            f"layers, the head included. Received: {len(config.masks)} entries"
        )
    for number, mask in enumerate(config.masks):
        if mask:
            zero_one_matrix(mask, f"masks[{number}]")
    return [mask or None for mask in config.masks]
