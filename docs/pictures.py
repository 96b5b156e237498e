"""Draws the pictures of docs/components from the components themselves.

    python docs/pictures.py [NAME ...]

writes docs/images/NAME.png: all of them, or those named.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import kerasdl  # above Keras: it chooses the backend
import keras
import numpy as np
from kerasdl import layers, losses, optimizers, regularizers
from kerasdl.backend.gradients import value_and_gradients
from kerasdl.plots.figure import COLOURS, new_figure, tidy
from kerasdl.schedules import (
    Cosine,
    Exponential,
    Hold,
    InverseSquareRoot,
    Linear,
    OneCycle,
    Step,
    Warmup,
    WarmupStableDecay,
    schedule_values,
)
from keras import ops

IMAGES = Path(__file__).parent / "images"
WIDTH = 9.0  # inches; on the site a picture is 880 CSS pixels wide
DPI = 180
PALETTE = 96  # colours in a file: a quarter of the size, no difference to be seen
BLUE, RED, YELLOW, GREEN, VIOLET, BROWN = COLOURS
GREY = "#8a8f94"

ACTIVATIONS = {
    "activations_steps": (
        ["hard_threshold", "hard_sign", "sigmoid", "hard_sigmoid"],
        ["sparse_sigmoid", "tanh", "hard_tanh", "softsign"],
    ),
    "activations_rectifiers": (
        ["relu", "relu6", "leaky_relu", "elu"],
        ["celu", "selu", "softplus", "exponential"],
    ),
    "activations_smooth": (
        ["gelu", "silu", "hard_silu", "mish"],
        ["squareplus", "sparse_plus", "log_sigmoid", "linear"],
        ["hard_shrink", "soft_shrink", "tanh_shrink"],
    ),
}
STRAIGHT_THROUGH = {"hard_threshold": layers.hard_threshold, "hard_sign": layers.hard_sign}


def curve_and_slope(
    function: Callable[[Any], Any], x: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`function` at each of `x`, and its gradient there as the backend computes it."""
    variable = keras.Variable(x.astype("float32"))
    _, (slopes,) = value_and_gradients(lambda: ops.sum(function(variable.value)), [variable])
    return tuple(ops.convert_to_numpy(found) for found in (function(variable.value), slopes))


def activation(name: str) -> Callable[[Any], Any]:
    """The activation that `kerasdl-mlp` and Keras's layers know by this name."""
    return STRAIGHT_THROUGH.get(name) or keras.activations.get(name)


def draw_activations(rows: tuple[list[str], ...]) -> Any:
    """Each activation and its derivative, a panel each."""
    figure = new_figure(WIDTH, 1.62 * len(rows) + 0.35)
    axes = figure.subplots(len(rows), 4)
    for place, cell in enumerate(axes.flat):
        row, column = divmod(place, 4)
        if column < len(rows[row]):
            _draw_activation(tidy(cell), rows[row][column])
        else:
            cell.axis("off")
    _legend_above(figure, axes[0, 0].get_lines()[-2:], ["activation", _slope_label(rows)])
    return figure


def _slope_label(rows: tuple[list[str], ...]) -> str:
    dotted = any(name in STRAIGHT_THROUGH for row in rows for name in row)
    return "derivative (dotted: the gradient passed on instead)" if dotted else "derivative"


def _draw_activation(axes: Any, name: str) -> None:
    right, top = (8.0, 6.9) if name == "relu6" else (4.0, 2.5)
    low = -4.0 if name == "relu6" else -2.0
    x = np.linspace(-4, right, 1200)
    curve, slope = curve_and_slope(activation(name), x)
    style = ":" if name in STRAIGHT_THROUGH else "-"
    for level in ("axhline", "axvline"):
        getattr(axes, level)(0, color=GREY, linewidth=0.7)
    axes.plot(x, _broken(curve), color=BLUE, linewidth=2)
    axes.plot(x, _broken(slope), color=RED, linewidth=1.5, linestyle=style)
    axes.set(xlim=(-4, right), ylim=(low, top), aspect="equal" if right == 4 else "auto")
    axes.set_title(name, size=9.5, family="monospace", pad=3)
    axes.tick_params(labelsize=7.5)


def _broken(values: np.ndarray) -> np.ndarray:
    """The values with a gap at each jump, so that no line stands where there is no value."""
    jumps = np.flatnonzero(np.abs(np.diff(values)) > 0.1)
    broken = values.astype("float64")
    broken[jumps] = np.nan
    return broken


def draw_losses() -> Any:
    """Loss terms above, their gradients below: margins, errors, errors with a variance."""
    figure = new_figure(WIDTH, 5.2)
    axes = figure.subplots(2, 3, sharex="col")
    margin, error = np.linspace(-4, 4, 801), np.linspace(-4, 4, 800)
    columns = (
        ("two classes", r"margin $z_y - z_{other}$", margin, _margin_losses(), (-1.15, 0.35)),
        ("regression", "error", error, _error_losses(), (-4, 4)),
        ("Gaussian likelihood", "error", error, _likelihoods(), (-4, 4)),
    )
    for column, (title, label, x, curves, slopes) in enumerate(columns):
        for name, (function, color, style) in curves.items():
            value, slope = curve_and_slope(function, x)
            line = {"color": color, "linestyle": style, "linewidth": 1.8}
            axes[0, column].plot(x, value, label=name, **line)
            axes[1, column].plot(x, _broken(slope), **line)
        axes[0, column].set(ylim=(-0.1, 6.4), xlim=(-4, 4))
        axes[0, column].set_title(title, size=10)
        axes[0, column].legend(fontsize=7.5, frameon=False, loc="upper center")
        axes[1, column].set(ylim=slopes, xlabel=label)
    for row, label in enumerate(("loss", "gradient")):
        axes[row, 0].set_ylabel(label)
    for cell in axes.flat:
        tidy(cell).tick_params(labelsize=8)
    return figure


def _margin_losses() -> dict[str, tuple[Callable[[Any], Any], str, str]]:
    def of_logits(loss: keras.Loss) -> Callable[[Any], Any]:
        return lambda m: loss.call(np.zeros(m.shape, "int32"), ops.stack([m / 2, -m / 2], axis=-1))

    def of_score(loss: keras.Loss) -> Callable[[Any], Any]:
        return lambda m: loss.call(ops.ones_like(m)[:, None], m[:, None])

    return {
        "softmax cross-entropy": (of_logits(losses.SoftmaxCrossEntropy()), BLUE, "-"),
        "with label smoothing 0.2": (
            of_logits(losses.SoftmaxCrossEntropy(label_smoothing=0.2)),
            BLUE,
            "--",
        ),
        "one against all": (of_logits(losses.OneVsAllCrossEntropy()), GREEN, "-"),
        "perceptron": (of_score(losses.PerceptronLoss()), RED, "-"),
        "hinge (Keras)": (of_score(keras.losses.Hinge(reduction=None)), GREY, "--"),
    }


def _error_losses() -> dict[str, tuple[Callable[[Any], Any], str, str]]:
    def of_error(loss: keras.Loss) -> Callable[[Any], Any]:
        return lambda e: loss.call(ops.zeros_like(e)[:, None], e[:, None])

    return {
        "half squared error": (of_error(losses.HalfSquaredError()), BLUE, "-"),
        "Huber, delta 1 (Keras)": (of_error(keras.losses.Huber()), GREEN, "-"),
        "absolute error (Keras)": (of_error(keras.losses.MeanAbsoluteError()), YELLOW, "-"),
    }


def _likelihoods() -> dict[str, tuple[Callable[[Any], Any], str, str]]:
    def of_error(variance: float) -> Callable[[Any], Any]:
        loss = losses.GaussianNLL()
        return lambda e: loss.call(
            ops.zeros_like(e)[:, None], ops.stack([e, variance * ops.ones_like(e)], axis=-1)
        )

    colours = {0.25: VIOLET, 1.0: BLUE, 4.0: YELLOW}
    return {f"variance {v:g}": (of_error(v), color, "-") for v, color in colours.items()}


def draw_regularizers() -> Any:
    """Elimination beside L1 and L2: the penalty, its pull, and the weight that comes of it."""
    figure = new_figure(WIDTH, 2.95)
    axes = figure.subplots(1, 3)
    w = np.linspace(-4, 4, 1601)
    penalties = {
        "L2": (keras.regularizers.L2(1.0), GREY),
        "L1": (keras.regularizers.L1(0.65), YELLOW),
        "elimination": (regularizers.WeightElimination(strength=1.0, scale=1.0), RED),
    }
    for name, (penalty, color) in penalties.items():
        # a regularizer sums over a weight: each number is a weight of its own here
        value, pull = curve_and_slope(lambda x, p=penalty: ops.vectorized_map(p, x), w)
        line = {"color": color, "linewidth": 2, "label": name}
        axes[0].plot(w, value, **line)
        axes[1].plot(w, _broken(pull), **line)
        cost = 0.5 * np.square(w[:, None] - w) + value
        axes[2].plot(w, w[cost.argmin(axis=1)], **line)
    axes[2].plot(w, w, color=BLUE, linewidth=1, linestyle="--", label="no penalty")
    axes[0].set(ylim=(0, 3), title="penalty", xlabel=r"weight, in units of $\beta$")
    axes[1].set(ylim=(-2.1, 2.1), title="pull (gradient)", xlabel=r"weight, in units of $\beta$")
    axes[2].set(title="what is left of a weight", xlabel="weight that the data ask for")
    for cell in axes:
        tidy(cell).set_xlim(-4, 4)
        cell.title.set_size(10)
        cell.tick_params(labelsize=8)
    axes[2].set_ylim(-4, 4)
    axes[2].legend(fontsize=8, frameon=False, loc="upper left")
    return figure


def draw_schedules() -> Any:
    """One curve for each schedule."""
    shown = (
        Warmup(100) >> Hold(),
        Linear(1000),
        Cosine(1000, end=0.1),
        Step(200),
        Exponential(250),
        Warmup(100) >> InverseSquareRoot(100),
        OneCycle(1000),
        WarmupStableDecay(100, 700, 200),
        Warmup(100) >> Hold(400) >> Cosine(500, 0.1),
    )
    figure = new_figure(WIDTH, 5.0)
    axes = figure.subplots(3, 3, sharex=True, sharey=True)
    steps = np.arange(1001)
    for cell, schedule in zip(axes.flat, shown, strict=True):
        tidy(cell).plot(steps, schedule_values(schedule, steps), color=BLUE, linewidth=2)
        cell.set_title(str(schedule), size=8.5, family="monospace", pad=4)
        cell.set(xlim=(0, 1000), ylim=(0, 1.08), yticks=(0, 0.5, 1))
        cell.tick_params(labelsize=8)
    for cell in axes[-1]:
        cell.set_xlabel("step")
    for cell in axes[:, 0]:
        cell.set_ylabel("factor")
    return figure


_STRETCH = np.array([1.0, 12.0], "float32")


def _bowl(point: Any) -> Any:
    return 0.5 * ops.sum(_STRETCH * ops.square(point), axis=-1)


def _steps(optimizer: keras.optimizers.Optimizer, count: int) -> dict[str, np.ndarray]:
    """The points of a descent into the bowl: the weights meant, and where gradients were taken."""
    variable = keras.Variable(np.array([-3.0, 1.2], "float32"))
    optimizer.build([variable])
    meant, taken = [variable.numpy().copy()], []
    for _ in range(count):
        taken.append(ops.convert_to_numpy(variable.value).copy())
        _, gradients = value_and_gradients(lambda: _bowl(variable.value), [variable])
        optimizer.apply(gradients, [variable])
        optimizers.to_rest(optimizer)
        meant.append(ops.convert_to_numpy(variable.value).copy())
        optimizers.to_training(optimizer)
    return {"meant": np.array(meant), "taken": np.array(taken)}


def draw_optimizers() -> Any:
    """One step of Nesterov in arrows, and paths of four optimizers."""
    figure = new_figure(WIDTH, 3.3)
    left, right = figure.subplots(1, 2)
    _draw_look_ahead(left)
    _draw_paths(right)
    for cell in (left, right):
        cell.set(xticks=[], yticks=[])
        cell.spines[:].set_color("#c8ccd0")
    return figure


def _contours(axes: Any, x: tuple[float, float], y: tuple[float, float]) -> None:
    grid = np.stack(np.meshgrid(np.linspace(*x, 200), np.linspace(*y, 200)), axis=-1)
    heights = ops.convert_to_numpy(_bowl(grid.astype("float32")))
    axes.contour(*np.moveaxis(grid, -1, 0), heights**0.5, 14, colors="#d5dade", linewidths=0.8)
    axes.set(xlim=x, ylim=y)


def _draw_look_ahead(axes: Any) -> None:
    step, rate = 2, 0.03
    points = _steps(optimizers.Nesterov(rate, momentum=0.9), step + 1)
    start, end = points["meant"][step], points["meant"][step + 1]
    ahead = points["taken"][step]
    plain = start - rate * _STRETCH * start
    _contours(axes, (-2.98, -1.42), (-0.72, 0.72))
    arrows = (
        (start, ahead, BLUE, r"$-\beta V_{t-1}$"),
        (ahead, end, RED, r"$-\alpha \nabla L(\theta_{t-1} - \beta V_{t-1})$"),
        (start, plain, GREY, r"$-\alpha \nabla L(\theta_{t-1})$"),
        (start, end, GREEN, r"$-V_t$"),
    )
    for tail, head, color, label in arrows:
        shape = {"arrowstyle": "-|>", "color": color, "linewidth": 2, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", head, tail, arrowprops={**shape, "mutation_scale": 14})
        axes.plot([], [], color=color, linewidth=2, label=label)
    names = {r"$\theta_{t-1}$": start, "look-ahead point": ahead, r"$\theta_t$": end}
    for name, point in names.items():
        axes.plot(*point, "o", color="#30363b", markersize=4, zorder=5)
        axes.annotate(name, point, (6, -3), textcoords="offset points", size=9.5, va="top")
    axes.legend(fontsize=9, frameon=False, loc="upper right")
    axes.set_title("one step of Nesterov", size=10)


def _draw_paths(axes: Any) -> None:
    _contours(axes, (-3.3, 1.5), (-1.35, 1.5))
    runs = (
        ("SGD", keras.optimizers.SGD(0.03), GREY),
        ("Momentum", optimizers.Momentum(0.03, momentum=0.8), YELLOW),
        ("Nesterov", optimizers.Nesterov(0.03, momentum=0.8), RED),
        ("Adam", optimizers.Adam(0.2), BLUE),
    )
    for name, optimizer, color in runs:
        path = _steps(optimizer, 40)["meant"]
        axes.plot(*path.T, ".-", color=color, linewidth=1.4, markersize=4, label=name)
    axes.plot(0, 0, "+", color="#30363b", markersize=9, markeredgewidth=1.6, zorder=5)
    axes.legend(fontsize=8.5, frameon=False, loc="upper right", ncols=2)
    axes.set_title("40 steps into a long valley", size=10)


def draw_attention() -> Any:
    """Which step sees which, from the layer itself; and what rotary positions do to a product."""
    figure = new_figure(WIDTH, 4.9)
    grid = figure.add_gridspec(2, 4)
    shown = (
        ("causal=True", {"causal": True}, None, 0),
        ("window=4", {"window": 4}, None, 0),
        ("causal=True, window=4", {"causal": True, "window": 4}, None, 0),
        ("causal=True, lengths=[8]", {"causal": True}, [8], 0),
        ("alibi, head 1 of 4", {"causal": True, "positions": "alibi"}, None, 0),
        ("alibi, head 2 of 4", {"causal": True, "positions": "alibi"}, None, 1),
    )
    for place, (title, options, lengths, head) in enumerate(shown):
        axes = figure.add_subplot(grid[divmod(place, 4)])
        axes.imshow(_weights(lengths, **options)[head], cmap="GnBu", vmin=-0.06, vmax=0.9)
        axes.set_title(title, size=8.5, family="monospace", pad=4)
        axes.set(xticks=(0, 11), yticks=(0, 11), xticklabels=(1, 12), yticklabels=(1, 12))
        axes.tick_params(labelsize=7.5, length=0)
        axes.spines[:].set_visible(False)
        if place % 4 == 0:
            axes.set_ylabel("query step", size=9)
        axes.set_xlabel("key step", size=9, labelpad=-3)
    _draw_rotary(tidy(figure.add_subplot(grid[1, 2:])))
    return figure


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
    axes.set_xlabel("steps between query and key", size=9)
    axes.set_title("rotary: product of two equal vectors", size=9)
    axes.legend(fontsize=8.5, frameon=False)
    axes.tick_params(labelsize=8)


def draw_stochastic_depth() -> Any:
    """Draws of the layer: blocks kept for 48 examples, and the share kept by depth."""
    depth, examples, last = 24, 48, 0.5
    rates = last * np.arange(1, depth + 1) / depth
    branches = [layers.StochasticDepth(float(rate), seed=n) for n, rate in enumerate(rates)]
    ones = np.ones((4000, 1), "float32")
    kept = np.concatenate([branch(ones, training=True) for branch in branches], axis=1) > 0
    figure = new_figure(WIDTH, 2.9)
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    from matplotlib.colors import ListedColormap

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


def _legend_above(figure: Any, lines: Any, names: list[str]) -> None:
    figure.legend(lines, names, loc="outside upper center", ncols=2, frameon=False, fontsize=9)


PICTURES: dict[str, Callable[[], Any]] = {
    **{name: lambda rows=rows: draw_activations(rows) for name, rows in ACTIVATIONS.items()},
    "attention": draw_attention,
    "losses": draw_losses,
    "optimizers": draw_optimizers,
    "regularizers": draw_regularizers,
    "schedules": draw_schedules,
    "stochastic_depth": draw_stochastic_depth,
}


def draw(names: Iterable[str] = (), folder: Path = IMAGES) -> list[Path]:
    """Draws the pictures named, or all, and says where they are."""
    return [_save(PICTURES[name](), folder / f"{name}.png") for name in names or PICTURES]


def _save(figure: Any, path: Path) -> Path:
    from PIL import Image

    figure.savefig(path, dpi=DPI)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(PALETTE, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    return path


if __name__ == "__main__":
    for drawn in draw(sys.argv[1:]):
        print(f"{drawn} {drawn.stat().st_size / 1000:.0f} kB")
