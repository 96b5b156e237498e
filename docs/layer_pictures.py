"""The pictures of docs/components/layers.md, for docs/pictures.py."""

from typing import Any

from kerasdl import layers  # above Keras: it chooses the backend
from kerasdl.plots.figure import COLOURS, new_figure, tidy

# isort: split
import keras
import numpy as np
from keras import ops
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.patches import FancyBboxPatch

WIDTH = 8.0
BLUE, RED, YELLOW, GREEN = COLOURS[:4]
GREY, DARK = "#8a8f94", "#30363b"
_FILLS = {
    "Conv2D": (BLUE, "white"),
    "BatchNormalization": ("#dbe7ec", DARK),
    "Activation": ("#f6dfe2", DARK),
    "SqueezeExcitation": ("#fbecd0", DARK),
    "StochasticDepth": ("#e0ece5", DARK),
}


def draw_attention() -> Any:
    """Which step sees which, from the layer itself; and what positions do to a score."""
    figure = new_figure(WIDTH, 4.3)
    above, below = figure.subfigures(2, 1, height_ratios=(1, 1.15))
    shown = (
        ("causal=True", {"causal": True}, None, 0),
        ("window=4", {"window": 4}, None, 0),
        ("causal, window=4", {"causal": True, "window": 4}, None, 0),
        ("causal, lengths=[8]", {"causal": True}, [8], 0),
        ("alibi, head 1 of 4", {"causal": True, "positions": "alibi"}, None, 0),
        ("alibi, head 2 of 4", {"causal": True, "positions": "alibi"}, None, 1),
    )
    shades = LinearSegmentedColormap.from_list("shades", ["#eef2f4", BLUE])
    for axes, (title, options, lengths, head) in zip(above.subplots(1, 6), shown, strict=True):
        weights = _weights(lengths, **options)[head]
        axes.imshow(weights / weights.max(axis=1, keepdims=True), cmap=shades, vmin=0, vmax=1)
        axes.set_title(title, size=7, family="monospace", pad=4)
        axes.set(xticks=np.arange(11) + 0.5, yticks=np.arange(11) + 0.5)
        axes.set(xticklabels=[], yticklabels=[])
        axes.grid(color="white", linewidth=0.8)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_xlabel("key", size=8.5)
    above.axes[0].set_ylabel("query", size=8.5)
    left, right = below.subplots(1, 2)
    _draw_alibi(tidy(left))
    _draw_rotary(tidy(right))
    for axes in (left, right):
        axes.set_xlabel("steps between query and key", size=9)
        axes.tick_params(labelsize=8)
        axes.title.set_size(9.5)
    return figure


def _draw_alibi(axes: Any) -> None:
    distance = np.arange(129)
    bias = ops.convert_to_numpy(layers.alibi_bias(4, np.array([0]), distance))[0, :, 0]
    for head, line in enumerate(bias):
        color = (BLUE, RED, YELLOW, GREEN)[head]
        axes.plot(distance, line, color=color, linewidth=1.8, label=f"head {head + 1} of 4")
    axes.set(xlim=(0, 128), ylim=(-8, 0.2), title="alibi: what is added to a score")
    axes.legend(fontsize=7.5, frameon=False, loc="lower left", bbox_to_anchor=(0.26, -0.03))


def _weights(lengths: list[int] | None, **options: Any) -> np.ndarray:
    """Weights of 4 heads whose queries and keys are all zero, so that only positions count."""
    layer = layers.MultiHeadAttention(4, kernel_initializer="zeros", **options)
    given = None if lengths is None else np.array(lengths)
    _, weights = layer(np.ones((1, 12, 8), "float32"), lengths=given, return_weights=True)
    return ops.convert_to_numpy(weights)[0]


def _draw_rotary(axes: Any) -> None:
    for base, color in ((10_000.0, BLUE), (100.0, RED)):
        ones = np.ones((1, 129, 1, 64), "float32")
        turned = ops.convert_to_numpy(layers.RotaryPositions(base=base)(ones))[0, :, 0]
        axes.plot(turned @ turned[0] / 64, color=color, linewidth=1.8, label=f"base={base:g}")
    axes.axhline(0, color=GREY, linewidth=0.7)
    axes.set(xlim=(0, 128), ylim=(-0.4, 1.05))
    axes.set_title("rotary: product of two equal vectors of 64 features")
    axes.legend(fontsize=8, frameon=False)


def draw_stochastic_depth() -> Any:
    """Draws of the layer: blocks kept for 48 examples, and the share kept by depth."""
    depth, examples, last = 24, 48, 0.5
    rates = last * np.arange(1, depth + 1) / depth
    branches = [layers.StochasticDepth(float(rate), seed=n) for n, rate in enumerate(rates)]
    ones = np.ones((4000, 1), "float32")
    kept = np.concatenate([branch(ones, training=True) for branch in branches], axis=1) > 0
    figure = new_figure(WIDTH, 2.9)
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    left.imshow(kept[:examples].T, cmap=ListedColormap(["#f1e3d3", BLUE]), aspect="auto")
    left.set(xlabel="example of a batch", ylabel="residual block", xticks=[], yticks=(0, 11, 23))
    left.set_yticklabels((1, 12, 24))
    left.set_title("which branches run (blue) in one step", size=10)
    left.spines[:].set_visible(False)
    blocks = np.arange(1, depth + 1)
    tidy(right).plot(blocks, 1 - rates, color=GREY, linewidth=1.5, label="1 - rate")
    right.plot(blocks, kept.mean(axis=0), ".", color=BLUE, label="kept, of 4000 examples")
    right.set(xlabel="residual block", ylim=(0, 1.05), xlim=(0, 25))
    right.set_title("share of examples", size=10)
    right.legend(fontsize=8.5, frameon=False, loc="lower left")
    for cell in (left, right):
        cell.tick_params(labelsize=8)
    return figure


def draw_blocks() -> Any:
    """Residual blocks, box by box as the layers themselves are built."""
    shown = {
        "BasicBlock(64)": (layers.BasicBlock(64), 64),
        "BottleneckBlock(256)": (layers.BottleneckBlock(256), 256),
        "ResNeXtBlock(256)": (layers.ResNeXtBlock(256), 256),
        "PreActivationBlock(64)": (layers.PreActivationBlock(64), 64),
        "BasicBlock(128, stride=2,\nsqueeze=16, …)": (
            layers.BasicBlock(128, stride=2, squeeze=16, stochastic_depth=0.1),
            64,
        ),
    }
    figure = new_figure(WIDTH, 3.6)
    widths = (1, 1, 1, 1, 1.45)
    for axes, (title, (block, channels)) in zip(
        figure.subplots(1, 5, width_ratios=widths), shown.items(), strict=True
    ):
        block.build((None, 32, 32, channels))
        _draw_block(axes, block)
        axes.set_title(title, size=7, family="monospace", pad=2, y=0.98, va="bottom")
    return figure


def _draw_block(axes: Any, block: Any) -> None:
    """From `x` at the top down to the sum and what follows it."""
    axes.axis("off")
    axes.set(xlim=(-1.1, 3.3 if block.shortcut else 1.6), ylim=(-11.1, 0.7))
    axes.text(0, 0.1, "x", ha="center", size=9, style="italic")
    below_first = _draw_boxes(axes, block.first, 0.0, 0.0)
    end = _draw_boxes(axes, block.branch, 0.0, below_first) - 0.55
    fork = below_first if block.shortcut else 0.0  # the input itself, or a projection
    side = 2.2 if block.shortcut else 1.35
    line = {"color": GREY, "linewidth": 1.4, "zorder": 0, "solid_joinstyle": "round"}
    axes.plot([0, side, side, 0], [fork - 0.12, fork - 0.12, end, end], **line)
    axes.plot([0, 0], [end + 0.55, end], **line)
    middle = (fork + end + 1.2 * len(block.shortcut)) / 2
    _draw_boxes(axes, block.shortcut, side, middle)
    axes.plot(0, end, "o", color="white", markeredgecolor=DARK, markersize=11)
    axes.text(0, end, "+", ha="center", va="center", size=10)
    _draw_boxes(axes, block.last, 0.0, end - 0.2)


def _draw_boxes(axes: Any, parts: list[keras.layers.Layer], x: float, y: float) -> float:
    """The layers as boxes below `y`, and where the line that joins them ends."""
    for part in parts:
        kind = type(part).__name__
        if kind not in _FILLS:  # padding belongs to the convolution after it
            continue
        fill, ink = _FILLS[kind]
        box = FancyBboxPatch(
            (x - 0.95, y - 1.05), 1.9, 0.75, boxstyle="round,pad=0.02,rounding_size=0.12"
        )
        box.set(facecolor=fill, edgecolor="none")
        axes.add_patch(box)
        axes.plot([x, x], [y, y - 0.3], color=GREY, linewidth=1.4, zorder=0)
        axes.text(x, y - 0.69, _label(part), ha="center", va="center", size=7, color=ink)
        y -= 1.1
    return y


def _label(part: Any) -> str:
    if isinstance(part, keras.layers.Conv2D):
        size = f"{part.kernel_size[0]} × {part.kernel_size[1]}, {part.filters}"
        return size + (f" / {part.groups}" if part.groups > 1 else "")
    if isinstance(part, keras.layers.Activation):
        return part.activation.__name__
    names = {
        "BatchNormalization": "norm",
        "SqueezeExcitation": "squeeze",
        "StochasticDepth": "stoch. depth",
    }
    return names[type(part).__name__]
