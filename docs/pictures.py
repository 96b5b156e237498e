"""Draws the pictures of docs/components from the components themselves.

    python docs/pictures.py [NAME ...]

writes docs/images/NAME.png: all of them, or those named.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from kerasdl import layers, losses, optimizers, regularizers  # above Keras: chooses the backend
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

# isort: split
import keras
import numpy as np
from keras import ops
from layer_pictures import draw_attention, draw_blocks, draw_stochastic_depth
from PIL import Image

IMAGES = Path(__file__).parent / "images"
WIDTH = 8.0  # inches; on the site a picture is 750 to 880 CSS pixels wide
DPI = 200
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


def curve_and_slope(function: Callable[[Any], Any], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`function` at each of `x`, and its gradient there as the backend computes it."""
    variable = keras.Variable(x.astype("float32"))
    _, (slopes,) = value_and_gradients(lambda: ops.sum(function(variable.value)), [variable])
    return tuple(ops.convert_to_numpy(found) for found in (function(variable.value), slopes))


def activation(name: str) -> Callable[[Any], Any]:
    """The activation that `kerasdl-mlp` and Keras's layers know by this name."""
    return STRAIGHT_THROUGH.get(name) or keras.activations.get(name)


def draw_activations(rows: tuple[list[str], ...]) -> Any:
    """Each activation and its derivative, a panel each."""
    figure = new_figure(WIDTH, 1.48 * len(rows) + 0.35)
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
    right, low, top = (8.0, -0.3, 6.45) if name == "relu6" else (4.0, -2.0, 2.5)
    x = np.linspace(-4, right, 1200)
    curve, slope = curve_and_slope(activation(name), x)
    style = ":" if name in STRAIGHT_THROUGH else "-"
    for level in ("axhline", "axvline"):
        getattr(axes, level)(0, color=GREY, linewidth=0.7)
    axes.plot(x, _broken(curve), color=BLUE, linewidth=2)
    axes.plot(x, _broken(slope), color=RED, linewidth=1.5, linestyle=style)
    axes.set(xlim=(-4, right), ylim=(low, top), aspect="equal")
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
        axes[1, column].set(ylim=slopes, xlabel=label)
    for cell, place in ((axes[0, 0], "upper right"), (axes[0, 1], "upper center")):
        cell.legend(fontsize=7.5, frameon=False, loc=place)
    axes[1, 2].legend(*axes[0, 2].get_legend_handles_labels(), fontsize=8, frameon=False, loc=4)
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
        "smoothed by 0.2": (
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
        "half the square": (of_error(losses.HalfSquaredError()), BLUE, "-"),
        "Huber, delta 1 (Keras)": (of_error(keras.losses.Huber()), GREEN, "-"),
        "absolute (Keras)": (of_error(keras.losses.MeanAbsoluteError()), YELLOW, "-"),
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
    shown = {
        "Warmup(100) >> Hold()": Warmup(100) >> Hold(),
        "Linear(1000)": Linear(1000),
        "Cosine(1000, end=0.1)": Cosine(1000, end=0.1),
        "Step(200)": Step(200),
        "Exponential(250)": Exponential(250),
        "Warmup(100) >> InverseSquareRoot(100)": Warmup(100) >> InverseSquareRoot(100),
        "OneCycle(1000)": OneCycle(1000),
        "WarmupStableDecay(100, 700, 200)": WarmupStableDecay(100, 700, 200),
        "Warmup(100) >> Hold(400) >> Cosine(500)": Warmup(100) >> Hold(400) >> Cosine(500),
    }
    figure = new_figure(WIDTH, 5.0)
    axes = figure.subplots(3, 3, sharex=True, sharey=True)
    steps = np.arange(1000)
    for cell, (name, schedule) in zip(axes.flat, shown.items(), strict=True):
        tidy(cell).plot(steps, schedule_values(schedule, steps), color=BLUE, linewidth=2)
        cell.set_title(name, size=7.2, family="monospace", pad=4)
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


def _steps(
    optimizer: keras.optimizers.Optimizer, count: int, start: tuple[float, float] = (-3.0, 1.2)
) -> dict[str, np.ndarray]:
    """The points of a descent into the bowl: the weights meant, and where gradients were taken."""
    variable = keras.Variable(np.array(start, "float32"))
    optimizer.build([variable])
    meant, taken = [np.array(start)], []
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
    step, rate = 2, 0.045
    points = _steps(optimizers.Nesterov(rate, momentum=0.9), step + 1, start=(-2.6, 0.9))
    start, end = points["meant"][step], points["meant"][step + 1]
    ahead = points["taken"][step]
    heavy = ahead - rate * _STRETCH * start
    middle = (start + end + ahead + heavy) / 4
    _contours(axes, (middle[0] - 0.5, middle[0] + 0.7), (middle[1] - 0.58, middle[1] + 0.72))
    arrows = (
        (start, ahead, BLUE, r"$-\beta V_{t-1}$, the velocity"),
        (ahead, end, RED, r"$-\alpha \nabla L(\theta_{t-1} - \beta V_{t-1})$, the gradient there"),
        (ahead, heavy, GREY, r"$-\alpha \nabla L(\theta_{t-1})$, as Momentum takes it"),
        (start, end, GREEN, r"$-V_t$, the whole step"),
    )
    for tail, head, color, label in arrows:
        shape = {"arrowstyle": "-|>", "color": color, "linewidth": 2, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", head, tail, arrowprops={**shape, "mutation_scale": 14})
        axes.plot([], [], color=color, linewidth=2, label=label)
    names = ((r"$\theta_{t-1}$", start, -26), ("look-ahead point", ahead, -98))
    for name, point, offset in (*names, (r"$\theta_t$", end, 7)):
        axes.plot(*point, "o", color="#30363b", markersize=4, zorder=5)
        axes.annotate(name, point, (offset, -3), textcoords="offset points", size=9.5)
    axes.legend(fontsize=8.5, frameon=False, loc="upper right")
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


def _legend_above(figure: Any, lines: Any, names: list[str]) -> None:
    figure.legend(lines, names, loc="outside upper center", ncols=2, frameon=False, fontsize=9)


PICTURES: dict[str, Callable[[], Any]] = {
    **{name: lambda rows=rows: draw_activations(rows) for name, rows in ACTIVATIONS.items()},
    "attention": draw_attention,
    "blocks": draw_blocks,
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
    figure.savefig(path, dpi=DPI)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(PALETTE, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    return path


if __name__ == "__main__":
    for drawn in draw(sys.argv[1:]):
        print(f"{drawn} {drawn.stat().st_size / 1000:.0f} kB")
