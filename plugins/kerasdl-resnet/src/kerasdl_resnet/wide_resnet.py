"""Wide ResNet."""

import keras

from kerasdl import building, layers
from kerasdl.plugin import Config, Spec
from kerasdl_resnet import parts


def build(config: Config, spec: Spec) -> keras.Model:
    """A 3x3 convolution, three stages of wide pre-activation blocks, average, head of logits.

    `6n + 4` layers with weights, those of the shortcuts counted; 16 channels after the first,
    `16 k`, `32 k` and `64 k` in the stages. `dropout` is inside the blocks, between the
    convolutions. `stage1` to `stage3` name the stages' sums, before the last norm and activation.
    """
    outputs = spec.output_count
    blocks = parts.blocks_of_depth(config.depth, 4, "wide-resnet")
    inputs, x = building.image_inputs(spec)
    x = parts.stem(x, "small", 16, normalized=False)
    x = parts.residual_stages(
        x,
        (blocks,) * 3,
        lambda stage, **given: layers.PreActivationBlock(
            16 * config.widening * 2**stage,
            dropout=config.dropout,
            zero_last_scale=config.zero_last_scale,
            **given,
        ),
        config.stochastic_depth,
    )
    x = parts.normalized_activation(x, "last")
    return parts.finished(inputs, x, outputs, 0.0, "wide_resnet")
