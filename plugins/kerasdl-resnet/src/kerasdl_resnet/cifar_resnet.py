"""ResNet for small images."""

import keras

from kerasdl import building, layers
from kerasdl.plugin import Config, Spec
from kerasdl_resnet import parts


def build(config: Config, spec: Spec) -> keras.Model:
    """A 3x3 convolution, three stages of basic blocks, average, head of logits.

    Section 4.2 of the paper, and figure 7's networks: `6n + 2` layers with weights, shortcuts
    without parameters. `stage1` to `stage3` name the stages' outputs.
    """
    outputs = spec.output_count
    blocks = parts.blocks_of_depth(config.depth, 2, "cifar-resnet")
    inputs, x = building.image_inputs(spec)
    x = parts.stem(x, "small", config.width, normalized=True)
    x = parts.residual_stages(
        x,
        (blocks,) * 3,
        lambda stage, **given: layers.BasicBlock(
            config.width * 2**stage,
            projection=config.shortcut == "projection",
            zero_last_scale=config.zero_last_scale,
            **given,
        ),
        config.stochastic_depth,
    )
    return parts.finished(inputs, x, outputs, config.dropout, "cifar_resnet")
