"""ResNeXt."""

import keras

from kerasdl import building, layers
from kerasdl.plugin import Config, Spec
from kerasdl_resnet import parts


def build(config: Config, spec: Spec) -> keras.Model:
    """ResNet's stem and stages, of blocks that add up many narrow paths.

    A block of stage `s` has `cardinality` paths of `path_width * 2**(s - 1)` channels and
    `4 * width * 2**(s - 1)` outputs. `stage1`, `stage2`, … name the stages' outputs.
    """
    outputs = spec.output_count
    inputs, x = building.image_inputs(spec)
    x = parts.stem(x, config.stem, config.width, normalized=True)
    x = parts.residual_stages(
        x,
        config.blocks,
        lambda stage, **given: layers.ResNeXtBlock(
            4 * config.width * 2**stage,
            cardinality=config.cardinality,
            width=config.cardinality * config.path_width * 2**stage,
            squeeze=config.squeeze,
            zero_last_scale=config.zero_last_scale,
            **given,
        ),
        config.stochastic_depth,
    )
    return parts.finished(inputs, x, outputs, config.dropout, "resnext")
