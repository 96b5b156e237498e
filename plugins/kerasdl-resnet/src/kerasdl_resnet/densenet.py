"""DenseNet, for large and for small images."""

from typing import Any

import keras

from kerasdl import building, layers
from kerasdl.plugin import Config, Spec
from kerasdl_resnet import parts


def build(config: Config, spec: Spec) -> keras.Model:
    """Stem, densely connected blocks with transitions between them, average, head of logits.

    Table 1 of the paper. `stage1`, `stage2`, … name the blocks' outputs, before the transitions and
    the last norm and activation.
    """
    outputs = spec.output_count
    inputs, x = building.image_inputs(spec)
    x = parts.stem(x, config.stem, 2 * config.growth, normalized=True)
    x = _stages(x, config.blocks, config)
    return parts.finished(inputs, x, outputs, 0.0, "densenet")


def build_bc(config: Config, spec: Spec) -> keras.Model:
    """A 3x3 convolution and three densely connected blocks of equal depth.

    Section 3 of the paper, "DenseNet-BC": `6n + 4` layers with weights, `n` pairs of a 1x1 and a
    3x3 convolution in each block, `2 * growth` channels before the first. `stage1` to `stage3`
    name the blocks' outputs.
    """
    outputs = spec.output_count
    blocks = (parts.blocks_of_depth(config.depth, 4, "densenet-bc"),) * 3
    inputs, x = building.image_inputs(spec)
    # The first block begins with a norm; the stem needs none, as no pooling comes between.
    x = parts.stem(x, "small", 2 * config.growth, normalized=False)
    x = _stages(x, blocks, config)
    return parts.finished(inputs, x, outputs, 0.0, "densenet_bc")


def _stages(x: Any, blocks: tuple[int, ...], config: Config) -> Any:
    parts.check_blocks(blocks)
    for stage, depth in enumerate(blocks, 1):
        if stage > 1:
            parts.check_size(x, f"transition{stage - 1}")
            transition = layers.DenseTransition(
                config.compression, name=f"transition{stage - 1}", **parts.LAST
            )
            x = transition(x)
        block = layers.DenseBlock(
            depth, config.growth, dropout=config.dropout, name=f"stage{stage}", **parts.LAST
        )
        x = block(x)
    return parts.normalized_activation(x, "last")
