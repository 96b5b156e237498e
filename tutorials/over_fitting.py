# ruff: noqa: I001 (kerasdl is imported before Keras)
# %% [markdown]
# # Over-fitting, and what helps
#
# A network with far more weights than samples learns the samples by heart, their noise included,
# and gets worse at all others. Here one does so before our eyes, and then every usual remedy is
# tried on it: penalties (L1, L2, elastic net, weight elimination), dropout, noise on inputs and on
# weights, early stopping. Weight elimination also leaves a network that can be made smaller.
#
# Run it yourself with `python tutorials/over_fitting.py`; `--fast` tries one strength of each
# remedy and fewer seeds. Pictures go to `runs/tutorials/over_fitting/`. Every figure below was
# printed by the run, the verdict too.

# %%
import sys
from pathlib import Path

import kerasdl  # before Keras: it chooses the backend
import keras
import numpy as np

from kerasdl.compress import dead_unit_report, remove_dead_units
from kerasdl.data import Batches, load, preprocessing, split
from kerasdl.layers import NoiseOnInputs, NoiseOnWeights
from kerasdl.optimizers import Adam
from kerasdl.plots.figure import COLOURS, new_figure, save, tidy
from kerasdl.regularizers import EliminationConstraint, WeightElimination, elimination_report

fast = "--fast" in sys.argv
pictures = Path("runs/tutorials/over_fitting")
pictures.mkdir(parents=True, exist_ok=True)
print(f"kerasdl {kerasdl.__version__}, Keras {keras.__version__} on {keras.backend.backend()}")

# %% [markdown]
# ## 1. Few samples, noisy by nature
#
# Ten measurements of a diabetes patient; to be predicted, how far the disease will have gone in a
# year. The measurements say only part of that. Few patients are given for training, fewer to choose
# by (validation), and half of all to judge by at the end (test). Targets are standardized, so that
# always saying the mean has an error of about 1. What linear regression reaches is the touchstone.

# %%
data = split(load("diabetes"), seed=0, validation=0.2, test=0.5)
names = [column.name for column in data.inputs.columns]
(standardize,) = preprocessing("standardize", data.train.x, data.inputs)
mean, spread = data.train.y.mean(), data.train.y.std()
parts = {
    name: (keras.ops.convert_to_numpy(standardize(part.x)), (part.y - mean) / spread)
    for name, part in data.parts.items()
}


def with_ones(x):
    return np.column_stack([x, np.ones(len(x))]).astype("float64")


weights, *_ = np.linalg.lstsq(with_ones(parts["train"][0]), parts["train"][1], rcond=None)
linear = {name: np.mean((with_ones(x) @ weights - y) ** 2) for name, (x, y) in parts.items()}
print("            samples  error of the mean  of linear regression")
for name, (x, y) in parts.items():
    print(f"{name:10}  {len(x):7}  {np.mean(y.astype('float64') ** 2):17.3f}  {linear[name]:20.3f}")

# %% [markdown]
# ## 2. A network that learns them by heart
#
# Two hidden layers of 256 units. `network` can build it with any of the remedies; without arguments
# it has none.

# %%
SCALE, THRESHOLD, epochs = 0.1, 0.003, 100 if fast else 150


def network(penalty=None, constraint=None, dropout=0.0, on_inputs=0.0, on_weights=0.0):
    layers = [keras.Input((len(names),))]
    if on_inputs:
        layers.append(NoiseOnInputs(on_inputs))
    for units in (256, 256):
        dense = keras.layers.Dense(
            units, "relu", kernel_regularizer=penalty, kernel_constraint=constraint
        )
        layers.append(NoiseOnWeights(dense, on_weights) if on_weights else dense)
        if dropout:
            layers.append(keras.layers.Dropout(dropout))
    layers.append(keras.layers.Dense(1, kernel_regularizer=penalty, kernel_constraint=constraint))
    return keras.Sequential(layers)


def train(seed, watch=False, patience=None, **remedy):
    """The trained model and, if watched, its errors by epoch, without penalties."""
    keras.utils.set_random_seed(seed)
    watch, model = watch or patience is not None, network(**remedy)
    squares = keras.metrics.MeanSquaredError(name="error")
    model.compile(Adam(0.002), "mse", metrics=[squares] if watch else None)
    watched = {"validation_data": parts["validation"], "validation_batch_size": 512}
    stopping = keras.callbacks.EarlyStopping(
        "val_error", mode="min", patience=patience or epochs, restore_best_weights=True
    )
    history = model.fit(
        Batches(*parts["train"], batch_size=32, seed=seed),
        epochs=epochs,
        callbacks=[stopping] if patience else [],
        verbose=0,
        **(watched if watch else {}),
    ).history
    return model, history


def predict(model, part):
    return keras.ops.convert_to_numpy(model(parts[part][0])).astype("float64")


def error(model, part):
    return np.mean((predict(model, part) - parts[part][1]) ** 2)


plain, history = train(seed=0, watch=True)
best = int(np.argmin(history["val_error"]))
print(f"{plain.count_params():,} weights, {len(parts['train'][0])} samples")
print("epoch  training error  validation error")
for epoch in (0, best, epochs // 4, epochs // 2, epochs - 1):
    print(f"{epoch + 1:5}  {history['error'][epoch]:14.4f}  {history['val_error'][epoch]:16.4f}")
print(f"test error {error(plain, 'test'):.3f}, linear regression's {linear['test']:.3f}")

# %% [markdown]
# Left: after the marked epoch the training error goes on falling and the validation error rises;
# what is still being learned is noise. Right: of the training patients the network says in the end
# nearly what was measured, of others something that is often far off.

# %%
figure = new_figure(10, 3.8)
left, right = map(tidy, figure.subplots(1, 2, width_ratios=(1.25, 1)))
numbers = np.arange(1, epochs + 1)
left.plot(numbers, history["error"], color=COLOURS[0], label="training")
left.plot(numbers, history["val_error"], color=COLOURS[1], label="validation")
left.plot(best + 1, history["val_error"][best], "o", color=COLOURS[1], ms=6)
left.axhline(linear["validation"], color="#888888", linewidth=1, linestyle="--")
left.annotate(
    "linear regression, validation", (epochs, linear["validation"]), (0, -4), ha="right", va="top",
    textcoords="offset points", color="#666666", fontsize=9,
)  # fmt: skip
left.set(xlabel="epoch", title="mean squared error", ylim=(0, 1.15))
left.legend(frameon=False, loc="upper right", ncols=2)
for part, colour in (("test", COLOURS[1]), ("train", COLOURS[0])):
    label = {"test": "test", "train": "training"}[part]
    right.scatter(
        parts[part][1],
        predict(plain, part),
        s=14,
        color=colour,
        linewidths=0,
        label=label,
        alpha=0.8,
    )
right.plot([-1.7, 2.6], [-1.7, 2.6], color="#888888", linewidth=1)
right.set(xlabel="true", ylabel="predicted", title="predictions after training")
right.legend(frameon=False, loc="upper left")
save(figure, pictures / "by_heart.png")

# %% [markdown]
# ## 3. Four penalties
#
# Each adds to the loss a price on weights, summed over all of a layer's kernel:
#
#     L1                   strength · |w|
#     L2                   strength · w²
#     elastic net          strength · (|w| + w²)
#     weight elimination   strength · w² / (scale² + w²)
#
# Their slope (right) is the pull towards zero. L2 pulls large weights most, and small ones hardly.
# L1 pulls all alike. Weight elimination pulls small ones as L2 does and leaves large ones in peace,
# since its price has a ceiling: so it decides between weights instead of shrinking all.

# %%
w = np.linspace(-4, 4, 401)
prices = {
    "L1": (np.abs(w), np.where(w == 0, np.nan, np.sign(w))),
    "L2": (w**2, 2 * w),
    "elastic net": (np.abs(w) + w**2, np.where(w == 0, np.nan, np.sign(w)) + 2 * w),
    "weight elimination": (w**2 / (1 + w**2), 2 * w / (1 + w**2) ** 2),
}
colours = {
    "nothing": "#777777",
    "L1": COLOURS[2],
    "L2": COLOURS[0],
    "elastic net": COLOURS[3],
    "weight elimination": COLOURS[1],
}
figure = new_figure(9, 3.6)
left, right = map(tidy, figure.subplots(1, 2))
for name, (price, pull) in prices.items():
    left.plot(w, price, color=colours[name], label=name, linewidth=1.8)
    right.plot(w, pull, color=colours[name], linewidth=1.8)
left.set(title="price (strength 1, scale 1)", xlabel="weight", ylim=(-0.1, 3.5))
right.set(title="pull", xlabel="weight", ylim=(-3, 3))
figure.legend(loc="outside lower center", ncols=4, frameon=False)
save(figure, pictures / "penalties.png")

# %% [markdown]
# Weights near zero are not zero. `EliminationConstraint` makes them so after every step, and they
# stay so unless a single step lifts them over its threshold.
#
# ## 4. The contest
#
# Every remedy in a few strengths; the one with the lowest validation error of the first seed is
# trained with the other seeds too. The seed decides the first weights, the order of the samples
# and the noise. All train equally long, except with early stopping: it ends when the validation
# error has not fallen for as many epochs as its strength says, and goes back to the best weights.


# %%
def eliminating(strength):
    penalty = WeightElimination(strength, SCALE)
    return {"penalty": penalty, "constraint": EliminationConstraint(THRESHOLD)}


remedies = {
    "L1": (lambda s: {"penalty": keras.regularizers.L1(s)}, (0.01, 0.003, 0.03)),
    "L2": (lambda s: {"penalty": keras.regularizers.L2(s)}, (0.1, 0.03, 0.3)),
    "elastic net": (lambda s: {"penalty": keras.regularizers.L1L2(s, s)}, (0.01, 0.003, 0.03)),
    "weight elimination": (eliminating, (0.003, 0.001, 0.01)),
    "dropout": (lambda s: {"dropout": s}, (0.7, 0.5, 0.3)),
    "noise on inputs": (lambda s: {"on_inputs": s}, (1.0, 0.5, 1.5)),
    "noise on weights": (lambda s: {"on_weights": s}, (0.2, 0.1, 0.3)),
    "early stopping": (lambda s: {"patience": s}, (20, 5, 40)),
}
seeds = (0, 1) if fast else (0, 1, 2)
models = {"nothing": [plain, *(train(seed)[0] for seed in seeds[1:])]}
print("                    strength: validation error              chosen")
for name, (remedy, strengths) in remedies.items():
    tried = {s: train(seed=0, **remedy(s))[0] for s in strengths[: 1 if fast else None]}
    held_out = {s: error(model, "validation") for s, model in sorted(tried.items())}
    chosen = min(held_out, key=held_out.get)
    models[name] = [tried[chosen], *(train(seed, **remedy(chosen))[0] for seed in seeds[1:])]
    listed = ", ".join(f"{s:g}: {value:.3f}" for s, value in held_out.items())
    print(f"{name:18}  {listed:38}  {chosen:6g}")

# %% [markdown]
# Now, once, the test patients: mean and standard deviation over the seeds. In the picture the small
# dots are the seeds. All rows share one split of the patients, so the deviation is that of training
# alone; another split would move all rows.

# %%
colours |= {name: COLOURS[4] for name in models if name not in colours}
errors = {
    name: np.array([error(model, "test") for model in trained]) for name, trained in models.items()
}
print(f"test error, {len(seeds)} seeds")
for name, values in errors.items():
    learned = np.mean([error(model, "train") for model in models[name]])
    print(f"{name:18}  {values.mean():.3f} ± {values.std(ddof=1):.3f}   (training {learned:.3f})")

figure = new_figure(8, 4.2)
axes = tidy(figure.add_subplot())
for row, (name, values) in enumerate(errors.items()):
    mean, deviation = values.mean(), values.std(ddof=1)
    axes.errorbar(
        mean, row, xerr=deviation, fmt="o", color=colours[name], ms=8, capsize=4, linewidth=2
    )
    axes.scatter(values, np.full(len(values), row + 0.25), s=14, color=colours[name], alpha=0.6)
for value, label in ((linear["test"], "linear\nregression"), (errors["nothing"].mean(), "nothing")):
    axes.axvline(value, color="#888888", linewidth=1, linestyle="--", zorder=0)
    axes.annotate(
        label, (value, -0.6), (0, 3), textcoords="offset points", ha="center", color="#666666",
        fontsize=9,
    )  # fmt: skip
axes.set_yticks(range(len(errors)), errors)
axes.set(ylim=(len(errors) - 0.4, -0.6), xlabel="test error")
save(figure, pictures / "contest.png")

# %% [markdown]
# And the verdict. A remedy is said to have helped if its mean is lower than that of nothing by more
# than twice the spread of the two (the root of the sum of their variances).

# %%
base = errors["nothing"]
for name, values in sorted(errors.items(), key=lambda row: row[1].mean()):
    gain, doubt = base.mean() - values.mean(), 2 * np.hypot(base.std(ddof=1), values.std(ddof=1))
    verdict = "helped" if gain > doubt else "harmed" if gain < -doubt else "no clear difference"
    if name != "nothing":
        print(f"{name:18}  {-gain / base.mean():+.0%}  {verdict}")
better = [name for name, values in errors.items() if values.mean() < linear["test"]]
print(f"below linear regression's {linear['test']:.3f}: {', '.join(better) or 'none'}")

# %% [markdown]
# Linear regression is hard to beat here: with so few and so noisy samples, the best that a remedy
# can do for a large network is to make it behave like a small one. Ask the small one first.
#
# ## 5. Weights, with and without
#
# All kernels of three of the networks. L2 draws all weights together; weight elimination leaves a
# few, some of them large, and zeros. The *effective number* of weights is what weight elimination
# counts: `Σ w² / (scale² + w²)`.

# %%
figure = new_figure(10.5, 3.3)
print("                     weights  effective  exactly zero")
panels = [tidy(axes) for axes in figure.subplots(1, 3, sharey=True)]
for axes, name in zip(panels, ("nothing", "L2", "weight elimination"), strict=True):
    kernels = elimination_report(models[name][0], SCALE)
    total, zero = (sum(getattr(k, key) for k in kernels) for key in ("weights", "eliminated"))
    effective = sum(kernel.effective for kernel in kernels)
    print(f"{name:18}  {total:8,}  {effective:9,.0f}  {zero:12,}")
    values = np.concatenate([v.ravel() for v in models[name][0].get_weights() if v.ndim > 1])
    axes.hist(values, np.linspace(-0.8, 0.8, 81) + 0.01, color=colours[name], log=True)
    axes.set(title=f"{name}\n{zero / total:.1%} exactly zero", xlabel="weight")
panels[0].set_ylabel("number of weights")
save(figure, pictures / "weights.png")

# %% [markdown]
# ## 6. The smaller network
#
# A unit whose incoming weights are all zero says the same about every patient; a unit that nobody
# reads is no use. `dead_unit_report` counts both, `remove_dead_units` builds the network without
# them. It gives **the same outputs**.

# %%
whole = models["weight elimination"][0]
print("layer  units  constant  unread  left")
for layer, row in enumerate(dead_unit_report(whole), start=1):
    left = row.units - row.removable
    print(f"{layer:5}  {row.units:5}  {row.constant:8}  {row.unread:6}  {left:4}")
smaller = remove_dead_units(whole)
difference = np.abs(predict(smaller, "test") - predict(whole, "test")).max()
print(f"{whole.count_params():,} weights before, {smaller.count_params():,} after")
print(f"largest difference of the outputs {difference:.1e}")
print(f"test error {error(whole, 'test'):.4f} before, {error(smaller, 'test'):.4f} after")

# %% [markdown]
# It is small enough to be looked at. Left the first kernel of the network without remedy, a column
# for each unit; right that of the smaller one: what it found worth reading.

# %%
figure = new_figure(10, 3.6)
before, after = (model.layers[0].get_weights()[0] for model in (plain, smaller))
left, right = figure.subplots(1, 2, width_ratios=(3, 1))
reach = np.abs(after).max()
for axes, kernel, title in ((left, before, "nothing"), (right, after, "smaller network")):
    image = axes.imshow(
        kernel, cmap="RdBu", vmin=-reach, vmax=reach, aspect="auto", interpolation="nearest"
    )
    axes.set_yticks(range(len(names)), names)
    axes.set(title=f"{title}: {kernel.shape[1]} units", xlabel="unit of the first layer")
right.set_xticks(range(after.shape[1]), range(1, after.shape[1] + 1))
figure.colorbar(image, ax=right, label="weight")
save(figure, pictures / "smaller.png")
unread = [name for name, row in zip(names, after, strict=True) if not row.any()]
print(f"inputs that no unit reads: {', '.join(unread) or 'none'}")

# %% [markdown]
# `benchmarks/compress_mlp.py` does the same to a larger network on images and measures the speed.
# The arguments of all that was used here: [regularizers](../api/regularizers.md),
# [compress](../api/compress.md), [noise layers](../api/layers.md).
