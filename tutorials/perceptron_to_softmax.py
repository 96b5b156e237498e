# ruff: noqa: I001, E402 (kerasdl is imported before Keras; a cell imports what it shows)
# %% [markdown]
# # From the perceptron to softmax regression
#
# One artificial neuron, in the order in which it was understood: it learns AND, OR and NOT by
# Rosenblatt's rule; it cannot learn XOR, and one more layer can; and with a soft answer in place of
# a hard one it becomes logistic and softmax regression, which read real data.
#
# Run it yourself with `python tutorials/perceptron_to_softmax.py`; `--fast` trains fewer epochs.
# Pictures go to `runs/tutorials/perceptron_to_softmax/`.

# %%
import sys
from pathlib import Path

import kerasdl  # before Keras: it chooses the backend
import keras
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from kerasdl import create_model
from kerasdl.data import Batches, load, preprocessing, split
from kerasdl.losses import HalfSquaredError

fast = "--fast" in sys.argv
pictures = Path("runs/tutorials/perceptron_to_softmax")
pictures.mkdir(parents=True, exist_ok=True)
BLUE, RED, YELLOW = "#1f6f8b", "#d1495b", "#edae49"
SHADES = LinearSegmentedColormap.from_list("answer", ["#e08c98", "white", "#6fa5b8"])
print(f"kerasdl {kerasdl.__version__}, Keras {keras.__version__} on {keras.backend.backend()}")

# %% [markdown]
# ## 1. A neuron that decides
#
# A perceptron weighs its inputs, adds a bias, and answers 1 if the sum is at least 0, else 0:
#
#     y = 1   if w · x + b ≥ 0,   else 0
#
# It learns one example at a time, and only from mistakes: with a target `t`,
#
#     w ← w + (t − y) x
#     b ← b + (t − y)
#
# so the line `w · x + b = 0` moves towards the right answer for the example just missed.

# %%
corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype="float32")
AND, OR, XOR = (np.array(t, dtype="float32") for t in ([0, 0, 0, 1], [0, 1, 1, 1], [0, 1, 1, 0]))


def learn(inputs, targets, passes):
    """Rosenblatt's rule: `w`, `b` and whether there was a mistake, after each example."""
    w, b, steps = np.zeros(inputs.shape[1]), 0.0, []
    for _ in range(passes):
        for x, t in zip(inputs, targets, strict=True):
            y = float(w @ x + b >= 0)
            w, b = w + (t - y) * x, b + (t - y)
            steps.append((w, b, y != t))
    return steps


for name, targets in {"AND": AND, "OR": OR}.items():
    steps = learn(corners, targets, 6)
    for number in range(6):
        w, b, _ = steps[4 * number + 3]
        mistakes = sum(mistake for _, _, mistake in steps[4 * number : 4 * number + 4])
        print(f"{name:3}  pass {number + 1}: {mistakes} mistakes, then w = {w}, b = {b:4.1f}")

w, b, _ = learn(np.array([[0.0], [1.0]]), [1, 0], 6)[-1]
print(f"NOT  w = {w}, b = {b:.1f}: NOT 0 = {int(b >= 0)}, NOT 1 = {int(w[0] + b >= 0)}")

# %% [markdown]
# AND, OR and NOT are learned **with no mistake left in the sixth pass**. In the pictures the line
# that was found divides the plane: the neuron answers 1 on it and on the shaded side. The paler
# lines are those it held on the way. NOT has one input, so only the place on one axis matters.


# %%
def draw_points(axis, inputs, targets):
    for target, colour, marker in ((0, RED, "o"), (1, BLUE, "s")):
        x, y = inputs[targets == target].T
        axis.scatter(x, y, c=colour, marker=marker, s=90, zorder=3, edgecolors="white")


def draw_line(axis, w, b, alpha=1.0):
    """The line w·x + b = 0."""
    if w.any():
        along = np.array([-w[1], w[0]]) / (w @ w) ** 0.5
        ends = -b * w / (w @ w) + np.outer([-4, 4], along)
        axis.plot(*ends.T, color="black", alpha=alpha)


def draw_gate(axis, title, targets, steps):
    """The points, the last line with its side of the ones, and the lines before it."""
    side = np.linspace(-0.6, 1.6, 221)
    plane = np.stack(np.meshgrid(side, side), axis=-1)
    w, b, _ = steps[-1]
    for before, offset, _ in steps[:-1]:
        draw_line(axis, before, offset, alpha=0.15)
    draw_line(axis, w, b)
    axis.contourf(side, side, plane @ w + b >= 0, [0.5, 1], colors=[BLUE + "33"])
    draw_points(axis, corners, targets)
    axis.set(xlim=(-0.6, 1.6), ylim=(-0.6, 1.6), xticks=(0, 1), yticks=(0, 1), aspect="equal")
    axis.set_title(title)


figure, axes = plt.subplots(1, 3, figsize=(8.4, 3.2), layout="constrained")
draw_gate(axes[0], "AND", AND, learn(corners, AND, 6))
draw_gate(axes[1], "OR", OR, learn(corners, OR, 6))
axes[2].axvspan(-0.6, -b / w[0], color=BLUE + "33")
axes[2].axvline(-b / w[0], color="black")
draw_points(axes[2], np.array([[0.0, 0.5], [1.0, 0.5]]), np.array([1, 0]))
axes[2].set(xlim=(-0.6, 1.6), ylim=(-0.6, 1.6), xticks=(0, 1), yticks=(), aspect="equal")
axes[2].set_title("NOT")
figure.savefig(pictures / "gates.png", dpi=120)

# %% [markdown]
# ### The same in Keras
#
# `create_model("perceptron")` is a dense layer with a hard threshold that lets the gradient pass
# unchanged. Half the squared error then has the gradient `(y − t) x`, and a step of plain gradient
# descent on one example *is* the rule above. It ends at **the same weights**.

# %%
model = create_model("perceptron", input_shape=(2,), num_classes=1)
model.compile(keras.optimizers.SGD(1.0), HalfSquaredError())
examples = Batches(corners, AND[:, None], batch_size=1, shuffle=False)
model.fit(examples, epochs=6, verbose=0)
kernel, bias = (weight.ravel() for weight in model.get_weights())
w, b, _ = learn(corners, AND, 6)[-1]
print(f"by hand   w = {w}, b = {b:.1f}")
print(f"by Keras  w = {kernel}, b = {bias[0]:.1f}")

# %% [markdown]
# ## 2. Why XOR fails
#
# XOR is 1 where exactly one input is 1. A perceptron that knew it would need
#
#     b < 0,   w₁ + b ≥ 0,   w₂ + b ≥ 0,   w₁ + w₂ + b < 0
#
# The two in the middle add up to `w₁ + w₂ + 2b ≥ 0`, the outer two to `w₁ + w₂ + 2b < 0`.
# Both cannot hold: **no line has the two kinds of points on different sides**. A search over many
# lines finds three of four right and never more, and the rule never comes to rest: it meets the
# same weights again and again.

# %%
angles, offsets = np.linspace(0, 2 * np.pi, 181), np.linspace(-2, 2, 161)
directions = np.stack([np.cos(angles), np.sin(angles)])
answers = (corners @ directions)[:, :, None] + offsets >= 0
right = (answers == XOR[:, None, None]).sum(axis=0)
print(f"{right.size:,} lines tried; the best has {right.max()} of 4 right")

steps = learn(corners, XOR, 100)
different = {(*w, b) for w, b, _ in steps}
print(f"100 passes, {sum(s[2] for s in steps)} mistakes, {len(different)} different weights in all")

# %% [markdown]
# A whole pass, example by example, late in training. Each correction undoes another. (Where no line
# is to be seen, all weights are 0 and the neuron answers the same to everything.)

# %%
figure, axes = plt.subplots(1, 4, figsize=(10, 2.8), layout="constrained")
for number, axis in enumerate(axes):
    w, b, _ = steps[4 * 90 + number]
    right = ((corners @ w + b >= 0) == XOR).sum()
    draw_gate(axis, f"after {corners[number].astype(int)}: {right} right", XOR, [(w, b, False)])
figure.savefig(pictures / "xor.png", dpi=120)

# %% [markdown]
# ## 3. One more layer
#
# XOR is "OR, but not AND". So let two neurons compute OR and AND, and a third decide on their
# answers. With weights set by hand:


# %%
def neuron(x, w, b):
    return (x @ np.array(w) + b >= 0).astype("float32")


hidden = np.stack([neuron(corners, [1, 1], -0.5), neuron(corners, [1, 1], -1.5)], axis=1)
print("inputs  OR AND   OR but not AND")
for inputs, (either, both), answer in zip(
    corners.astype(int), hidden.astype(int), neuron(hidden, [1, -1], -0.5).astype(int), strict=True
):
    print(f"{inputs}   {either}   {both}   {answer}")

# %% [markdown]
# A hard threshold gives no hint which of the hidden neurons is to blame. With a smooth one (tanh)
# gradients reach them, and a multilayer perceptron **finds such weights by itself**.

# %%
keras.utils.set_random_seed(0)
mlp = create_model("mlp", input_shape=(2,), num_classes=2, widths=(4,), activation="tanh")
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
mlp.compile(keras.optimizers.Adam(0.1), cross_entropy, metrics=["accuracy"])
history = mlp.fit(corners, XOR, batch_size=4, epochs=100, verbose=0).history


def probabilities(model, x):
    return keras.ops.convert_to_numpy(keras.ops.softmax(model.predict(x, verbose=0)))


for inputs, row in zip(corners.astype(int), probabilities(mlp, corners), strict=True):
    print(f"{inputs[0]} XOR {inputs[1]} = {row.argmax()}   (probability of 1: {row[1]:.3f})")
print(f"loss {history['loss'][0]:.3f} before, {history['loss'][-1]:.3f} after training")

# %% [markdown]
# Left: the probability of 1 over the plane. It takes two lines, and the hidden layer has them.
# Right: what two of the four hidden neurons make of the four points.

# %%
side = np.linspace(-0.6, 1.6, 120, dtype="float32")
plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
inner = keras.Model(mlp.input, mlp.get_layer("hidden1_activation").output)
seen = inner.predict(corners, verbose=0)
pairs = [(i, j) for i in range(4) for j in range(i)]
first, second = max(pairs, key=lambda p: np.ptp(seen[:, p], axis=0).min())

figure, axes = plt.subplots(1, 2, figsize=(7.4, 3.4), layout="constrained")
surface = probabilities(mlp, plane)[:, 1].reshape(120, 120)
filled = axes[0].contourf(side, side, surface, np.linspace(0, 1, 21), cmap=SHADES)
figure.colorbar(filled, ax=axes[0], label="probability of 1", ticks=(0, 0.5, 1))
draw_points(axes[0], corners, XOR)
axes[0].set(xticks=(0, 1), yticks=(0, 1), aspect="equal", title="the answer")
draw_points(axes[1], seen[:, [first, second]], XOR)
for point, corner in zip(seen[:, [first, second]], corners.astype(int), strict=True):
    axes[1].annotate(f"  {corner}", point, va="center")
axes[1].set(xlim=(-1.2, 1.7), ylim=(-1.2, 1.2), title="inside")
axes[1].set(xlabel=f"hidden neuron {first + 1}", ylabel=f"hidden neuron {second + 1}")
figure.savefig(pictures / "mlp.png", dpi=120)

# %% [markdown]
# ## 4. A soft answer: logistic regression
#
# Real points are not as tidy as truth tables. Instead of yes or no, let the neuron say how sure it
# is: the *logistic function* turns the sum into a probability.
#
#     p = 1 / (1 + exp(−(w · x + b)))
#
# Training makes the observed answers as probable as it can. The flowers: two kinds of iris that
# overlap, by length and width of their petals (as distances from the mean, in standard deviations).

# %%
iris = load("iris")
petals, species = iris.train.x[:, 2:], iris.train.y
two = species > 0
mean, spread = petals[two].mean(axis=0), petals[two].std(axis=0)

logistic = create_model("logistic-regression", input_shape=(2,), num_classes=2)
logistic.compile(keras.optimizers.Adam(0.3), cross_entropy, metrics=["accuracy"])
scaled = (petals[two] - mean) / spread
logistic.fit(scaled, species[two] - 1, batch_size=100, epochs=400, verbose=0)
loss, accuracy = logistic.evaluate(scaled, species[two] - 1, verbose=0)
w, b = logistic.get_weights()
print(f"log odds of virginica = {w[0, 0]:.2f} length + {w[1, 0]:.2f} width + {b[0]:.2f}")
print(f"{accuracy:.1%} of {two.sum()} flowers right, cross-entropy {loss:.4f}")

# %% [markdown]
# scikit-learn, which solves the same problem by another method, finds **the same cross-entropy**:

# %%
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

solved = LogisticRegression(C=np.inf).fit(scaled, species[two])
print(f"scikit-learn's cross-entropy {log_loss(species[two], solved.predict_proba(scaled)):.4f}")

# %% [markdown]
# ## 5. More than two classes: softmax regression
#
# Give each class `k` a neuron of its own and let the *softmax* share out the probability:
#
#     zₖ = wₖ · x + bₖ        pₖ = exp(zₖ) / Σⱼ exp(zⱼ)
#
# The borders between any two classes are still straight lines.

# %%
softmax = create_model("softmax-regression", input_shape=(2,), num_classes=3)
softmax.compile(keras.optimizers.Adam(0.1), cross_entropy, metrics=["accuracy"])
softmax.fit((petals - mean) / spread, species, batch_size=150, epochs=400, verbose=0)
loss, accuracy = softmax.evaluate((petals - mean) / spread, species, verbose=0)
print(f"{accuracy:.1%} of {len(species)} flowers right, cross-entropy {loss:.4f}")

# %%
length, width = np.linspace(0.5, 7.2, 150), np.linspace(0, 2.7, 150)
plane = np.stack(np.meshgrid(length, width), axis=-1).reshape(-1, 2).astype("float32")
plane = (plane - mean) / spread
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
surface = probabilities(logistic, plane)[:, 1].reshape(150, 150)
filled = axes[0].contourf(length, width, surface, np.linspace(0, 1, 21), cmap=SHADES)
figure.colorbar(filled, ax=axes[0], label="probability of virginica", ticks=(0, 0.5, 1))
colours, places = (YELLOW, RED, BLUE), ((2.1, 0.4), (4.9, 1.0), (5.9, 1.6))
regions = probabilities(softmax, plane).argmax(axis=1).reshape(150, 150)
tints = [colour + "44" for colour in colours]
axes[1].contourf(length, width, regions, [-0.5, 0.5, 1.5, 2.5], colors=tints)
for axis, shown in ((axes[0], (1, 2)), (axes[1], (0, 1, 2))):
    for number in shown:
        points = petals[species == number]
        axis.scatter(*points.T, s=20, c=colours[number], edgecolors="white", linewidths=0.6)
        axis.annotate(iris.classes[number], places[number])
    axis.set(xlabel="petal length, cm", ylabel="petal width, cm")
axes[0].set(xlim=(2.5, 7.2), title="logistic regression")
axes[1].set(title="softmax regression")
figure.savefig(pictures / "iris.png", dpi=120)

# %% [markdown]
# ## 6. Reading digits with ten neurons
#
# The same model reads scanned digits: 64 pixels in, ten classes out, **more than 95 in 100** of the
# held-out digits right.

# %%
digits = split(load("digits"), seed=0)
scale = preprocessing("unit", digits.train.x, digits.inputs)[0].scale
reader = create_model("softmax-regression", input_shape=(8, 8, 1), num_classes=10)
reader.compile(keras.optimizers.Adam(0.02), cross_entropy, metrics=["accuracy"])
batches = Batches(digits.train.x * scale, digits.train.y, batch_size=64)
reader.fit(batches, epochs=15 if fast else 30, verbose=0)
_, accuracy = reader.evaluate(digits.test.x * scale, digits.test.y, verbose=0)
print(f"{accuracy:.1%} of {len(digits.test)} held-out digits right")

# %% [markdown]
# Its weights can be looked at: ink on blue speaks for the digit, ink on red against it. The zero
# wants an empty middle; the six wants ink at the bottom left.

# %%
weights = reader.get_weights()[0].reshape(8, 8, 10)
figure, axes = plt.subplots(2, 5, figsize=(7, 3.1), layout="constrained")
for digit, axis in enumerate(axes.flat):
    drawn = axis.imshow(weights[..., digit], cmap="RdBu", vmin=-2.5, vmax=2.5)
    axis.set_axis_off()
    axis.set_title(digits.classes[digit], size=10)
figure.colorbar(drawn, ax=axes, label="weight", shrink=0.8)
figure.savefig(pictures / "weights.png", dpi=120)

# %% [markdown]
# What ten neurons cannot see is shape: a digit moved by a pixel is another digit to them. A network
# of convolutions can, and reads 98 in 100 and more: [scanned digits, step by step](digits.md).
