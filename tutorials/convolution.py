# ruff: noqa: I001 (kerasdl is imported before Keras)
# %% [markdown]
# # Convolution: from a Laplacian by hand to residual depth
#
# Nine numbers slid over a photograph find its edges. A convolutional network is made of such
# numbers, found by training. We take the way from the first to the second: a convolution written
# out, what padding, steps and pooling do to it, LeNet-5 on scanned digits, a look inside it, what
# its decisions rest on, and why very deep networks need shortcuts.
#
# Run it yourself with `python tutorials/convolution.py`; `--fast` trains fewer epochs and leaves
# the deepest networks out. Pictures go to `runs/tutorials/convolution/`. Every figure below was
# printed by the run.

# %%
import sys
from pathlib import Path

import kerasdl  # before Keras: it chooses the backend
import keras
import numpy as np

from kerasdl import plots
from kerasdl.data import Batches, load, split
from kerasdl.inside import feature_maps, first_filters, grad_cam
from kerasdl.optimizers import Adam, Nesterov
from kerasdl.plots.figure import COLOURS, new_figure, save, tidy

fast = "--fast" in sys.argv
pictures = Path("runs/tutorials/convolution")
pictures.mkdir(parents=True, exist_ok=True)
print(f"kerasdl {kerasdl.__version__}, Keras {keras.__version__} on {keras.backend.backend()}")

# %% [markdown]
# ## 1. Nine numbers and a photograph
#
# The Laplacian of an image says at each pixel how far it is from the mean of its neighbours: the
# four beside it, minus four times itself. On an even surface that is nothing, at an edge it is
# large. As a sum over a small window, with weights that are the same everywhere:
#
#     y[i, j] = sum over u, v of k[u, v] · x[i + u, j + v]
#
# The photograph is a temple of the Summer Palace in Beijing, which scikit-learn brings along.

# %%
from sklearn.datasets import load_sample_image  # noqa: E402

photograph = load_sample_image("china.jpg")[80:400, 60:540].mean(axis=2) / 255
kernels = {
    "Laplacian": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
    "left to right": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "top to bottom": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "mean": np.full((3, 3), 1 / 9),
}


def convolve(image, kernel):
    """The sum written out: a shifted copy of the image for each weight."""
    kernel = np.asarray(kernel, "float64")
    height, width = (side - size + 1 for side, size in zip(image.shape, kernel.shape, strict=True))
    result = np.zeros((height, width))
    for (u, v), weight in np.ndenumerate(kernel):
        result += weight * image[u : u + height, v : v + width]
    return result


filtered = {name: convolve(photograph, kernel) for name, kernel in kernels.items()}
print(
    f"image {photograph.shape}, filtered {filtered['Laplacian'].shape}: a kernel of 3 takes 2 off"
)

# %% [markdown]
# Keras's layer does the same, for any number of kernels and channels at once. (What deep learning
# calls a convolution is a correlation: the kernel is not turned round. Training does not mind.)

# %%
layer = keras.layers.Conv2D(len(kernels), 3, use_bias=False)
layer.build((None, *photograph.shape, 1))
layer.kernel.assign(np.stack([np.asarray(k, "float64") for k in kernels.values()], -1)[:, :, None])
maps = keras.ops.convert_to_numpy(layer(photograph[None, ..., None].astype("float32")))[0]
for number, (name, expected) in enumerate(filtered.items()):
    print(f"{name:14} largest difference {np.abs(maps[..., number] - expected).max():.1e}")

figure = new_figure(11, 5.1)
panels = figure.subplots(2, 3).ravel()
shown = {"photograph": photograph, **filtered}
for axes, (name, image) in zip(panels, shown.items(), strict=False):
    limit = np.quantile(np.abs(image), 0.995)
    low = -limit if image.min() < -1e-9 else 0
    axes.imshow(image, cmap="gray", vmin=low, vmax=limit)
    axes.set_title(name, size=11)
strength = np.hypot(filtered["left to right"], filtered["top to bottom"])
panels[-1].imshow(strength, cmap="gray_r", vmax=np.quantile(strength, 0.995))
panels[-1].set_title("strength of the edges", size=11)
for axes in panels:
    axes.set_axis_off()
save(figure, pictures / "filters_by_hand.png")

# %% [markdown]
# In the grey pictures of the second kind, middle grey is zero. The last one is the length of the
# two slopes together. A dense layer that did this would need a weight for each pair of pixels:

# %%
pixels = photograph.size
print(f"dense layer: {pixels**2:,} weights; convolution: 9")

# %% [markdown]
# ## 2. Padding, steps, pooling
#
# Zeros around the image keep its size. A step of 2 moves the window two pixels at a time; pooling
# takes the largest (or the mean) of each window. Both make the image smaller, so that the next
# kernel of 3 sees more of the original: its *receptive field* grows.

# %%
image = photograph[None, ..., None].astype("float32")
options = {
    "as it is": keras.layers.Conv2D(1, 3),
    "padding": keras.layers.Conv2D(1, 3, padding="same"),
    "step 2": keras.layers.Conv2D(1, 3, strides=2),
    "padding, step 2": keras.layers.Conv2D(1, 3, strides=2, padding="same"),
    "pooling 2": keras.layers.MaxPooling2D(2),
}
print("                 (size + 2 padding - window) // step + 1")
for name, option in options.items():
    print(f"{name:15}  {photograph.shape} -> {tuple(option(image).shape[1:3])}")
field, jump = 1, 1
print("receptive field of 3x3 convolutions, each followed by pooling 2:", end="")
for _ in range(4):
    field += 2 * jump
    field += jump
    jump *= 2
    print(f" {field}", end="")
print(" pixels")

# %% [markdown]
# What pooling keeps is that there is an edge; what it gives up is where exactly. Move the
# photograph by a pixel, and the pooled strength of the edges changes less than the strength
# itself:

# %%


def pooled(map_, size):
    height, width = (side // size * size for side in map_.shape)
    cut = map_[:height, :width]
    return cut.reshape(height // size, size, width // size, size).max(axis=(1, 3))


moved = np.hypot(
    convolve(np.roll(photograph, 1, axis=1), kernels["left to right"]),
    convolve(np.roll(photograph, 1, axis=1), kernels["top to bottom"]),
)
print("window  change when moved by one pixel")
for size in (1, 2, 4, 8):
    before, after = pooled(strength, size), pooled(moved, size)
    print(f"{size:6}  {np.abs(after - before).mean() / before.mean():.1%}")

# %% [markdown]
# ## 3. LeNet-5
#
# Two convolutions with pooling, then three dense layers: LeCun's network for handwritten digits.
# Its weights, counted by hand:

# %%
by_hand = {
    "6 kernels of 5x5 on 1 channel": 6 * (5 * 5 * 1 + 1),
    "16 kernels of 5x5 on 6 channels": 16 * (5 * 5 * 6 + 1),
    "120 units on 16 maps of 5x5": 120 * (16 * 5 * 5 + 1),
    "84 units": 84 * (120 + 1),
    "10 classes": 10 * (84 + 1),
}
for part, weights in by_hand.items():
    print(f"{part:32} {weights:6,}")
digits = split(load("digits", image_size=(28, 28)), seed=0, validation=0.0, test=0.3)
keras.utils.set_random_seed(1)
lenet = kerasdl.create_model(
    "lenet5", input_shape=(28, 28, 1), num_classes=10, activation="relu", pooling="max"
)
print(f"together {sum(by_hand.values()):,}; the network has {lenet.count_params():,}")

# %% [markdown]
# The digits are scikit-learn's 1,797, enlarged to LeNet's size. Beside it a dense network of nearly
# as many weights. Both are judged on test digits as they are, and on the same digits moved to the
# right, which neither has seen: the dense network has a weight for each pixel and must learn a
# stroke at every place anew, the convolution finds it wherever it is.

# %%
epochs = 12 if fast else 30
rng = np.random.default_rng(0)
x = {name: part.x.astype("float32") / 16 for name, part in digits.parts.items()}
y = {name: part.y for name, part in digits.parts.items()}


def fitted(model):
    """The model after training."""
    model.compile(
        Adam(2e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(Batches(x["train"], y["train"], 64, seed=0), epochs=epochs, verbose=0)
    return model


def accuracy(model, images):
    return model.evaluate(images, y["test"], batch_size=540, verbose=0)[1]


keras.utils.set_random_seed(1)
dense = fitted(kerasdl.create_model("mlp", input_shape=(28, 28, 1), num_classes=10, widths=(76,)))
fitted(lenet)
print(f"weights: LeNet-5 {lenet.count_params():,}, dense {dense.count_params():,}")
print("moved by   LeNet-5   dense")
for pixels in (0, 1, 2, 3, 4):
    away = np.roll(x["test"], pixels, axis=2)
    away[:, :, :pixels] = 0
    print(f"{pixels} pixels   {accuracy(lenet, away):.4f}  {accuracy(dense, away):.4f}")

# %% [markdown]
# ## 4. Inside
#
# The six filters that training found, and what the first convolution makes of four digits. Nobody
# chose them: some thicken or thin the strokes, some answer to one side of a stroke only.

# %%
found, first = first_filters(lenet)
plots.filters(found, pictures / "filters.png", layer=first)
some = np.array([int(np.flatnonzero(y["test"] == digit)[0]) for digit in (0, 3, 4, 7)])
plots.feature_maps(
    x["test"][some],
    feature_maps(lenet, "conv1_activation", x["test"][some]),
    pictures / "maps.png",
    titles=[str(y["test"][index]) for index in some],
    layer="conv1_activation",
)
print(f"{len(found)} filters of {found.shape[1]}x{found.shape[2]}")

# %% [markdown]
# ## 5. What a decision rests on
#
# *Grad-CAM* weighs each map of a late layer by how much the class's score grows with it, and adds
# them up: bright is where the evidence for the class was seen. It is most to be trusted where the
# network ends in the mean of each map, since the score is then itself a sum over places. So the
# digits get a second network, of four convolutions and such a mean.

# %%
keras.utils.set_random_seed(1)
averaging = kerasdl.create_model(
    "cnn", input_shape=(28, 28, 1), num_classes=10, filters=(16, 32), dropout=0.0, head="average"
)
fitted(averaging)
print(f"{averaging.count_params():,} weights, accuracy {accuracy(averaging, x['test']):.4f}")
said = averaging.predict(x["test"], batch_size=540, verbose=0).argmax(axis=1)
wrong = np.flatnonzero(said != y["test"])
chosen = np.concatenate([some, wrong[:4]])
LATE = "block2_activation2"
plots.heat_maps(
    x["test"][chosen],
    grad_cam(averaging, x["test"][chosen], layer=LATE),
    [f"a {y['test'][index]}, said {said[index]}" for index in chosen],
    pictures / "grad_cam.png",
    layer=LATE,
)

# %% [markdown]
# Such a picture persuades easily, so it is put to the test. A square of 7x7 pixels is wiped out of
# 200 digits that are read correctly: where the heat is greatest, where it is least, and somewhere
# on the digit's strokes. If the heat says where the evidence is, the first must cost most.

# %%
SIDE = 7
right = np.flatnonzero(said == y["test"])[:200]
digit_images, digit_classes = x["test"][right], y["test"][right]
heats = grad_cam(averaging, digit_images, layer=LATE)


def hottest(image, heat):
    return np.unravel_index(heat.argmax(), heat.shape)


def coldest(image, heat):
    return np.unravel_index(heat.argmin(), heat.shape)


def on_a_stroke(image, heat):
    inked = np.argwhere(image[..., 0] > 0.3)
    return inked[rng.integers(len(inked))]


def wiped(image, place):
    image = image.copy()
    top, left = (max(side - SIDE // 2, 0) for side in place)
    image[top : top + SIDE, left : left + SIDE] = 0
    return image


def scores(images):
    """The true class's score of each, and whether it is the largest."""
    made = averaging.predict(np.asarray(images), batch_size=200, verbose=0)
    return made[np.arange(len(right)), digit_classes], made.argmax(axis=1) == digit_classes


before, _ = scores(digit_images)
print("wiped out        score falls by  still right")
for name, where in (("hottest", hottest), ("on a stroke", on_a_stroke), ("coldest", coldest)):
    pairs = zip(digit_images, heats, strict=True)
    after, still = scores([wiped(image, where(image, heat)) for image, heat in pairs])
    print(f"{name:15}  {np.mean(before - after):14.2f}  {still.mean():11.1%}")

# %% [markdown]
# ## 6. Depth, plain and with shortcuts
#
# More layers should do no harm: the additional ones could learn to pass on what they get. Trained,
# they do not find that. Below, the same convolutions with batch normalization in pairs; in the
# residual network each pair's input is added to its output, so that passing on is what it does
# unless it learns otherwise.

# %%
small = split(load("digits"), seed=0, validation=0.0, test=0.3)


def deep(depth, residual, channels=8):
    def convolution(x):
        x = keras.layers.Conv2D(
            channels, 3, padding="same", use_bias=False, kernel_initializer="he_normal"
        )(x)
        return keras.layers.BatchNormalization(momentum=0.9)(x)

    inputs = keras.Input((8, 8, 1))
    x = keras.layers.ReLU()(convolution(keras.layers.Rescaling(1 / 16)(inputs)))
    for _ in range((depth - 2) // 2):
        pair = convolution(keras.layers.ReLU()(convolution(x)))
        x = keras.layers.ReLU()(keras.layers.Add()([x, pair]) if residual else pair)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(10)(x))


losses = {}
rounds = 8 if fast else 12
print(f"after {rounds} epochs          training loss   accuracy")
for depth in (8, 20) if fast else (8, 20, 44):
    for kind in ("plain", "residual"):
        keras.utils.set_random_seed(0)
        model = deep(depth, kind == "residual")
        model.compile(
            Nesterov(0.05),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        batches = Batches(small.train.x.astype("float32"), small.train.y, 64, seed=0)
        history = model.fit(batches, epochs=rounds, verbose=0).history
        losses[kind, depth] = history["loss"]
        end, share = history["loss"][-1], history["accuracy"][-1]
        print(f"{depth:2} layers, {kind:8}          {end:13.3f}  {share:9.1%}")

figure = new_figure(9.5, 3.6)
panels = dict(zip(("plain", "residual"), figure.subplots(1, 2, sharey=True), strict=True))
for place, ((kind, depth), values) in enumerate(losses.items()):
    axes = tidy(panels[kind])
    axes.plot(range(1, rounds + 1), values, color=COLOURS[place // 2], label=f"{depth} layers")
    axes.set(title=kind, xlabel="epoch", yscale="log")
    axes.legend(frameon=False, loc="lower left")
panels["plain"].set_ylabel("training loss")
save(figure, pictures / "depth.png")

# %% [markdown]
# The deeper plain network is worse on the very samples that it trains on: this is no over-fitting.
# With shortcuts, depth does what was hoped for. `kerasdl train cifar-resnet --data digits` trains
# the published form, and `kerasdl look RUN` draws the pictures of parts 4 and 5 for any run.
