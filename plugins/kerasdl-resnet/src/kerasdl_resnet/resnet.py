"""ResNet, with activations after (version 1) or before (version 2) the convolutions."""

import keras

from kerasdl import building, layers
from kerasdl.plugin import Config, Spec
from kerasdl_resnet import parts

_BLOCKS = {
    ("basic", 1): layers.BasicBlock,
    ("bottleneck", 1): layers.BottleneckBlock,
    ("basic", 2): layers.PreActivationBlock,
    ("bottleneck", 2): layers.PreActivationBottleneckBlock,
}
_EXPANSION = {"basic": 1, "bottleneck": 4}


def build(config: Config, spec: Spec) -> keras.Model:
    """Stem, stages of residual blocks with twice the channels each, average, head of logits.

    `stage1`, `stage2`, … name the stages' outputs; in version 2 those are the sums, before the norm
    and the activation that end the network. The stem's max pooling sees zeros around the image,
    which matters in version 2 alone, where no activation comes before it.
    """
    outputs = spec.output_count
    inputs, x = building.image_inputs(spec)
    x = parts.stem(x, config.stem, config.width, normalized=config.version == 1)
    block, expansion = _BLOCKS[config.block, config.version], _EXPANSION[config.block]
    x = parts.residual_stages(
        x,
        config.blocks,
        lambda stage, **given: block(
            config.width * expansion * 2**stage,
            squeeze=config.squeeze,
            zero_last_scale=config.zero_last_scale,
            **given,
        ),
        config.stochastic_depth,
    )
    if config.version == 2:
        x = parts.normalized_activation(x, "last")
    return parts.finished(inputs, x, outputs, config.dropout, "resnet")
