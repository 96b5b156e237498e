# ruff: noqa: I001, E402 (kerasdl is imported before Keras; a cell imports what it shows)
# %% [markdown]
# # Optimizers raced on a loss surface
#
# All training goes downhill on a surface whose height is the loss. Here the surfaces have two
# weights, so that the way down can be drawn: by one sample at a time or all at once, at rates too
# low and too high, with momentum, Nesterov's look-ahead, RMSprop and Adam. Then the same optimizers
# train a network on scanned digits, and schedules change the rate on the way.
#
# Run it yourself with `python tutorials/optimizers_raced.py`; `--fast` tries fewer rates and seeds.
# Pictures go to `runs/tutorials/optimizers_raced/`. Every figure below was printed by that run.

# %%
import sys
from pathlib import Path

import kerasdl  # before Keras: it chooses the backend
import keras
import numpy as np

from kerasdl import create_model
from kerasdl.callbacks import WeightsAtRest
from kerasdl.data import Batches, load, preprocessing, split
from kerasdl.optimizers import Adam, Momentum, Nesterov, to_rest, to_training
from kerasdl.plots.figure import COLOURS, new_figure, save, tidy
from kerasdl.schedules import Cosine, OneCycle, Step, Warmup, schedule_values

fast = "--fast" in sys.argv
pictures = Path("runs/tutorials/optimizers_raced")
pictures.mkdir(parents=True, exist_ok=True)
print(f"kerasdl {kerasdl.__version__}, Keras {keras.__version__} on {keras.backend.backend()}")

# %% [markdown]
# ## 1. A surface with two weights
#
# How long is an iris's sepal, given length and width of its petal? With all three standardized
# (mean 0, standard deviation 1), linear regression without a bias has two weights and the loss
#
#     L(w) = ½ mean (w₁ length + w₂ width − sepal)²
#
# Long petals are wide petals. So raising one weight and lowering the other changes little, raising
# both changes much: the surface is a narrow valley. Its curvatures are the eigenvalues of the
# matrix of second derivatives, `mean x xᵀ`; their ratio, the *condition number*, says how narrow.

# %%
flowers = load("iris").train.x
flowers = (flowers - flowers.mean(axis=0)) / flowers.std(axis=0)
petals, sepals = flowers[:, 2:].astype("float64"), flowers[:, 0].astype("float64")

hessian = petals.T @ petals / len(petals)
low, high = np.linalg.eigvalsh(hessian)
bottom = np.linalg.solve(hessian, petals.T @ sepals / len(petals))
lowest = 0.5 * np.mean((petals @ bottom - sepals) ** 2)
print(f"curvatures    {low:.4f} and {high:.4f}, condition number {high / low:.1f}")
print(f"lowest point  w = ({bottom[0]:.3f}, {bottom[1]:.3f}), loss {lowest:.4f}")


def valley(w):
    """Height above the lowest point; `w` is `(…, 2)`."""
    return 0.5 * np.einsum("...i,ij,...j", w - bottom, hessian, w - bottom)


def valley_gradient(w, rows=slice(None)):
    """By all samples, or some `rows`."""
    x = petals[rows]
    return x.T @ (x @ w - sepals[rows]) / len(x)


# %% [markdown]
# An optimizer needs nothing but a variable and a gradient. `walk` hands both to a real one, step by
# step, and notes where it has come to. (What `to_rest` is for, section 3 says.)


# %%
def read(variable):
    return np.array(keras.ops.convert_to_numpy(variable), "float64")


def walk(optimizer, gradient, start, steps):
    """The points visited, `(steps + 1, 2)`."""
    point = keras.Variable(np.array(start, "float32"))
    path = [read(point)]
    for step in range(steps):
        with np.errstate(all="ignore"):  # a rate may be too high
            slope = gradient(read(point), step).astype("float32")
        optimizer.apply([keras.ops.convert_to_tensor(slope)], [point])
        to_rest(optimizer)
        path.append(read(point))
        to_training(optimizer)
    return np.array(path)


# %% [markdown]
# ### All samples, some, or one
#
# The exact gradient is a mean over all samples. A mean over a few is noisy and costs a fraction.
# Three walks of as many steps at the same rate:


# %%
def sampler(size):
    """The gradient by `size` samples, in a new order every epoch."""
    rng, waiting = np.random.default_rng(0), []

    def gradient(w, step):
        nonlocal waiting
        if len(waiting) < size:
            waiting = list(rng.permutation(len(petals)))
        rows, waiting = waiting[:size], waiting[size:]
        return valley_gradient(w, rows)

    return gradient


start, steps, rate = bottom + (-2.7, 0.9), 300, 0.2
sizes = {"all samples": len(petals), "15 samples": 15, "1 sample": 1}
walks = {
    name: walk(keras.optimizers.SGD(rate), sampler(size), start, steps)
    for name, size in sizes.items()
}
print(f"gradient by    samples read  loss above the lowest, mean of the last {steps // 4} steps")
for name, path in walks.items():
    left = valley(path[-steps // 4 :]).mean()
    print(f"{name:13}  {steps * sizes[name]:12,}  {left:.5f}")

# %% [markdown]
# The exact gradient goes down one wall and then creeps along the valley's floor. Noise makes the
# way crooked and keeps it from coming to rest, the more the fewer the samples; but for the same
# number of samples read (right) it is far ahead for a long time. That is why networks are trained
# by small batches, and why the rate is lowered towards the end.


# %%
def draw_surface(axes, height, x, y, levels):
    plane = np.stack(np.meshgrid(np.linspace(*x, 300), np.linspace(*y, 300)), axis=-1)
    axes.contourf(*plane.T, height(plane).T, levels, cmap="Greys", alpha=0.35, extend="both")
    axes.contour(*plane.T, height(plane).T, levels, colors="#999999", linewidths=0.5)
    axes.set(xlim=x, ylim=y, xlabel="first weight", ylabel="second weight")


def draw_valley(axes):
    draw_surface(
        axes, valley, bottom[0] + (-3.4, 1.4), bottom[1] + (-1.7, 3.1), np.geomspace(0.01, 20, 12)
    )
    axes.plot(*bottom, marker="*", ms=11, color="black", zorder=4)
    axes.set_aspect("equal")


figure = new_figure(11, 3.2)
panels = figure.subplots(1, 4, width_ratios=(1, 1, 1, 1.25))
for axes, colour, (name, path) in zip(panels, COLOURS, walks.items(), strict=False):
    draw_valley(axes)
    axes.plot(*path.T, color=colour, linewidth=1, marker=".", ms=2.5)
    axes.set_title(name)
    read_so_far = sizes[name] * np.arange(1, steps + 1)
    tidy(panels[3]).loglog(read_so_far, valley(path[1:]), color=colour, label=name, linewidth=1.2)
for axes in panels[1:3]:
    axes.set(ylabel="", yticklabels=())
panels[3].set(xlabel="samples read", title="loss above the lowest")
panels[3].legend(frameon=False, fontsize=8.5)
save(figure, pictures / "batches.png")

# %% [markdown]
# ## 2. Rates too low and too high
#
# On such a surface the whole course can be foretold. Along a direction of curvature λ, each step of
# gradient descent multiplies the distance from the bottom by `1 − rate · λ`. The walk ends at the
# bottom if that is between −1 and 1 in every direction: **as long as the rate is below 2 / λ of the
# steepest one**.

# %%
bound = 2 / high
print(f"highest rate  2 / {high:.4f} = {bound:.4f}")
rates = {
    "too low": 0.02 * bound,
    "half the bound": 0.5 * bound,
    "just below it": 0.98 * bound,
    "just above it": 1.01 * bound,
}


def descend(rate, steps=120):
    return walk(keras.optimizers.SGD(rate), lambda w, _: valley_gradient(w), start, steps)


print("                  rate  distance after 40 and 120 steps")
descents = {name: descend(rate) for name, rate in rates.items()}
for name, path in descents.items():
    away = np.linalg.norm(path - bottom, axis=1)
    print(f"{name:14}  {rates[name]:.4f}  {away[40]:8.4f}  {away[120]:8.4f}")

# %%
figure = new_figure(11, 3.4)
for axes, colour, (name, path) in zip(
    figure.subplots(1, 4, sharey=True), COLOURS, descents.items(), strict=False
):
    draw_valley(axes)
    axes.plot(*path[:41].T, color=colour, linewidth=1, marker=".", ms=3.5)
    axes.set(title=f"{name}: {rates[name]:.3f}", ylabel="")
figure.axes[0].set_ylabel("second weight")
save(figure, pictures / "rates.png")

# %% [markdown]
# Left, the loss of these four. Right, by what factor a step changes the distance, once the slowest
# direction is all that is left: the line is the formula, the dots were measured in the last ten
# steps of walks. The best rate, `2 / (λ₁ + λ₂)`, lies close to the bound; a little more is a
# disaster. So in practice one looks for the rate at which it goes wrong, and stays somewhat below.

# %%
tried = bound * np.array([0.02, 0.25, 0.5, 0.75, 0.9, 0.97, 1.01, 1.05])


def factor_measured(rate):
    away = np.linalg.norm(descend(rate) - bottom, axis=1)
    return (away[-1] / away[-11]) ** 0.1


def factor_foretold(rate):
    return np.maximum(abs(1 - rate * low), abs(1 - rate * high))


measured = {rate: factor_measured(rate) for rate in tried}
print("  rate  foretold  measured")
for rate, factor in measured.items():
    print(f"{rate:.4f}  {factor_foretold(rate):8.4f}  {factor:8.4f}")

figure = new_figure(9, 3.2)
left, right = map(tidy, figure.subplots(1, 2))
for colour, (name, path) in zip(COLOURS, descents.items(), strict=False):
    left.semilogy(valley(path), color=colour, label=name)
left.set(xlabel="step", title="loss above the lowest", ylim=(1e-5, 50))
left.legend(frameon=False, loc="lower left", fontsize=8.5)
line = np.linspace(0, 1.1 * bound, 400)
right.axvline(bound, color=COLOURS[3], linewidth=1)
right.annotate("bound ", (bound, 0.9), ha="right", color=COLOURS[3])
right.axhline(1, color="#999999", linewidth=0.8)
right.plot(line, factor_foretold(line), color=COLOURS[0], label="formula")
right.plot(*zip(*measured.items(), strict=True), "o", color=COLOURS[1], ms=5, label="measured")
right.set(xlabel="rate", title="factor of the distance per step", ylim=(0.88, 1.12))
right.legend(frameon=False, loc="lower left")
save(figure, pictures / "bound.png")

# %% [markdown]
# ## 3. The race
#
# Five optimizers, each made for a weakness of the first:
#
# | | what it adds |
# |---|---|
# | gradient descent | |
# | momentum | a velocity, which keeps what successive gradients have in common |
# | Nesterov | the same, with the gradient taken where the velocity is about to lead |
# | RMSprop | each weight's step divided by the usual size of its gradients |
# | Adam | both, with the means corrected for their beginning at zero |
#
# Nesterov's rule asks for the gradient at a look-ahead point. `kerasdl.optimizers.Nesterov` keeps
# that point in the variable while it trains and moves the variable to the weights *meant* when
# somebody looks: at the end of `fit`, for validation by the callback `WeightsAtRest`, and by
# `to_rest` where there is no `fit`, as in `walk`. Beside the rule as textbooks have it, in float64:

# %%
optimizer, point = Nesterov(0.3, momentum=0.9), keras.Variable(start.astype("float32"))
weights, velocity = start, np.zeros(2)
for _ in range(20):
    velocity = 0.9 * velocity + 0.3 * valley_gradient(weights - 0.9 * velocity)
    weights = weights - velocity
    slope = valley_gradient(read(point)).astype("float32")
    optimizer.apply([keras.ops.convert_to_tensor(slope)], [point])
print("in training  {:9.6f}  {:9.6f}".format(*read(point)))
to_rest(optimizer)
print("at rest      {:9.6f}  {:9.6f}".format(*read(point)))
print("textbook     {:9.6f}  {:9.6f}".format(*weights))

# %% [markdown]
# A second, harder surface beside the valley: Rosenbrock's, a bent one whose floor is nearly level.
#
#     R(x, y) = (1 − x)² + 100 (y − x²)²        lowest at (1, 1)
#
# Each optimizer is given the best rate for it, of those on a grid, by the mean of the logarithm of
# the loss over the second half of the walk. A goal counts as reached when the loss stays below it.


# %%
def rosenbrock(w):
    x, y = w[..., 0], w[..., 1]
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def rosenbrock_gradient(w):
    x, y = w
    return np.array([2 * (x - 1) - 400 * x * (y - x**2), 200 * (y - x**2)])


optimizers = {
    "gradient descent": keras.optimizers.SGD,
    "momentum": Momentum,
    "Nesterov": Nesterov,
    "RMSprop": keras.optimizers.RMSprop,
    "Adam": Adam,
}
grid = 10.0 ** np.arange(-4, 0.6, 0.5 if fast else 0.25)
surfaces = {
    "valley": (valley, valley_gradient, start, 100, 1e-3),
    "Rosenbrock": (rosenbrock, rosenbrock_gradient, np.array([-1.2, 1.0]), 300, 1e-2),
}


def score(losses):
    """Mean logarithm of the later losses; infinite where the walk left the world."""
    later = losses[len(losses) // 2 :]
    return np.log(np.maximum(later, 1e-9)).mean() if np.isfinite(losses).all() else np.inf


def steps_to(goal, losses):
    """The step from which on the loss is at most `goal`."""
    above = np.flatnonzero(losses > goal)
    step = above[-1] + 1 if len(above) else 0
    return str(step) if step < len(losses) else "not reached"


races = {}
for surface, (height, gradient, start_here, steps, goal) in surfaces.items():
    print(f"{surface:16}    rate  steps to a loss of {goal:g}  loss after {steps}")
    for name, make in optimizers.items():
        paths = {
            rate: walk(make(rate), lambda w, _, f=gradient: f(w), start_here, steps)
            for rate in grid
        }
        with np.errstate(all="ignore"):
            rate = min(paths, key=lambda r: score(height(paths[r])))
            losses = height(paths[rate])
        print(f"{name:16}  {rate:.4f}  {steps_to(goal, losses):>24}  {losses[-1]:.2e}")
        races[surface, name] = paths[rate], losses

# %% [markdown]
# The ways. Momentum overshoots the valley's floor and swings across it; Nesterov, which looks
# ahead, swings less. RMSprop and Adam take steps of much the same length in both weights, steep or
# not; that suits a surface whose steep directions lie along the axes, which here they do not.

# %%
colours = dict(zip(optimizers, COLOURS, strict=False))


def legend(figure):
    handles, names = figure.axes[-1].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=5, frameon=False)


def draw_bend(axes):
    draw_surface(axes, rosenbrock, (-1.7, 1.5), (-0.9, 2.3), np.geomspace(0.1, 2000, 12))
    axes.plot(1, 1, marker="*", ms=11, color="black", zorder=4)
    axes.set_aspect("equal")


figure = new_figure(12, 5.4)
for (surface, name), axes in zip(races, figure.subplots(2, 5).flat, strict=True):
    draw_valley(axes) if surface == "valley" else draw_bend(axes)
    axes.plot(*races[surface, name][0].T, color=colours[name], linewidth=1.2, marker=".", ms=3)
    axes.set_title(name if surface == "valley" else "")
    axes.set_xlabel("" if surface == "valley" else "first weight")
    axes.set_ylabel(f"{surface}\nsecond weight" if name == "gradient descent" else "")
    if name != "gradient descent":
        axes.set_yticklabels(())
save(figure, pictures / "race_paths.png")

figure = new_figure(10, 3.7)
panels = dict(zip(surfaces, map(tidy, figure.subplots(1, 2)), strict=True))
for (surface, name), (_, losses) in races.items():
    panels[surface].semilogy(losses, color=colours[name], label=name, linewidth=1.4)
    panels[surface].set(xlabel="step", title=f"{surface}: loss", ylim=(1e-8, None))
legend(figure)
save(figure, pictures / "race_loss.png")

# %% [markdown]
# ## 4. The same race on a network
#
# Sixty-four pixels, sixty-four hidden units, ten digits, and a surface that nobody can draw. Rates
# are chosen by the loss of the validation digits, each from a grid of its own (`--fast` takes the
# first of each); the test digits are looked at once, at the end.

# %%
digits = split(load("digits"), seed=0)
scale = preprocessing("unit", digits.train.x, digits.inputs)[0].scale
parts = {name: (part.x * np.float32(scale), part.y) for name, part in digits.parts.items()}
epochs, seeds = (10, (0,)) if fast else (25, (0, 1, 2))
steps_per_epoch = len(Batches(*parts["train"], batch_size=64))


def train(optimizer, seed=0):
    """The histories of the losses and the model."""
    keras.utils.set_random_seed(seed)
    model = create_model("mlp", input_shape=(8, 8, 1), num_classes=10, widths=(64,))
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(
        Batches(*parts["train"], batch_size=64, seed=seed),
        validation_data=parts["validation"],
        validation_batch_size=256,
        epochs=epochs,
        callbacks=[WeightsAtRest()],
        verbose=0,
    ).history
    return history, model


def accuracy(model):
    x, y = parts["test"]
    return (model.predict(x, batch_size=512, verbose=0).argmax(axis=1) == y).mean()


fine, coarse = (0.01, 0.003, 0.03), (0.1, 0.03, 0.3)
rate_grids = {
    "gradient descent": (1.0, 0.3, 3.0),
    "momentum": coarse,
    "Nesterov": coarse,
    "RMSprop": fine,
    "Adam": fine,
}
goal, curves = 0.15, {}
counted = create_model("mlp", input_shape=(8, 8, 1), num_classes=10, widths=(64,)).count_params()
print(f"{counted:,} weights; {epochs} epochs of {steps_per_epoch} steps; seeds: {len(seeds)}")
print(f"                    rate  steps to {goal}       validation loss  test accuracy")
for name, make in optimizers.items():
    tried = {rate: train(make(rate)) for rate in rate_grids[name][: 1 if fast else 3]}
    rate = min(tried, key=lambda r: tried[r][0]["val_loss"][-1])
    runs = [tried[rate], *(train(make(rate), seed) for seed in seeds[1:])]
    losses = np.array([history["val_loss"] for history, _ in runs])
    reached = [
        str(steps_per_epoch * (1 + np.argmax(loss <= goal))) if loss.min() <= goal else "never"
        for loss in losses
    ]
    right = [accuracy(model) for _, model in runs]
    print(
        f"{name:16}  {rate:6g}  {', '.join(reached):16}  {losses[:, -1].mean():15.4f}  "
        f"{np.mean(right):13.2%}"
    )
    curves[name] = [(history["loss"], history["val_loss"]) for history, _ in runs]

# %% [markdown]
# Steps are counted to the end of the epoch in which the goal was first met. With each optimizer at
# a rate of its own the race is far closer than on Rosenbrock's surface, and the seed matters about
# as much as the optimizer. The good rates differ widely, though. That of gradient descent goes with
# the surface's curvature, which section 2 knew and here nobody knows; RMSprop and Adam divide the
# size of the gradients out.


# %%
def draw_training(figure, curves, colours, before=None):
    """Training and validation loss by epoch, a thin line a seed and the mean in bold."""
    panels = [tidy(axes) for axes in figure.subplots(1, 3 if before else 2)]
    if before:
        before(panels[0])
    for part, (axes, title) in enumerate(zip(panels[-2:], ("training", "validation"), strict=True)):
        for name, runs in curves.items():
            losses = np.array([run[part] for run in runs])
            numbers = np.arange(1, losses.shape[1] + 1)
            axes.semilogy(numbers, losses.T, color=colours[name], linewidth=0.5, alpha=0.5)
            mean = np.exp(np.log(losses).mean(axis=0))
            axes.semilogy(numbers, mean, color=colours[name], linewidth=1.7, label=name)
        axes.set(xlabel="epoch", title=f"{title} loss")
    legend(figure)


figure = new_figure(10, 3.8)
draw_training(figure, curves, colours)
save(figure, pictures / "digits.png")

# %% [markdown]
# ## 5. Schedules
#
# A high rate goes far, a low one settles. A schedule has both: `0.5 * Step(…)` begins at 0.5 and
# falls in steps, `>>` puts one after another, and any optimizer takes it as its rate. Momentum with
# five of them; the highest rate is above all that section 4 tried:

# %%
total = epochs * steps_per_epoch
peak = 0.5
schedules = {
    "constant": peak,
    "constant, low": peak / 20,
    "step": peak * Step(total // 4, 0.3),
    "warm-up, cosine": peak * (Warmup(total // 10) >> Cosine(total - total // 10)),
    "one cycle": peak * OneCycle(total),
}
curves = {}
print("                 training loss  validation loss  test accuracy")
for name, schedule in schedules.items():
    runs = [train(Momentum(schedule), seed) for seed in seeds]
    curves[name] = [(history["loss"], history["val_loss"]) for history, _ in runs]
    last = np.mean([[loss[-1], held_out[-1]] for loss, held_out in curves[name]], axis=0)
    right = np.mean([accuracy(model) for _, model in runs])
    print(f"{name:16}  {last[0]:12.5f}  {last[1]:15.4f}  {right:13.2%}")

# %%
colours = dict(zip(schedules, COLOURS, strict=False))


def draw_rates(axes):
    numbers = np.arange(total)
    for name, schedule in schedules.items():
        known = np.full(total, schedule) if name.startswith("constant") else None
        values = schedule_values(schedule, numbers) if known is None else known
        axes.plot(numbers, values, color=colours[name], linewidth=1.7)
    axes.set(xlabel="step", title="rate", ylim=(0, None))


figure = new_figure(11.5, 3.8)
draw_training(figure, curves, colours, before=draw_rates)
save(figure, pictures / "schedules.png")

# %% [markdown]
# Compare where the curves end with how they got there: a rate that ends near zero ends quietly.
# All schedules, and what `>>` does, are on [their own page](../components/schedules.md); the rules
# of the optimizers on [theirs](../components/optimizers.md).
