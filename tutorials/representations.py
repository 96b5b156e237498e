# ruff: noqa: I001 (kerasdl is imported before Keras)
# %% [markdown]
# # Representations: from autoencoders to transfer with few labels
#
# A digit of 64 pixels does not need 64 numbers. An autoencoder finds fewer that say the same: an
# encoder makes a short *code*, a decoder makes the digit of it again, and both are trained to lose
# little on the way. We begin where it is known what comes out (principal components), go on to
# deep, denoising and variational autoencoders, and in the end ask what a code is worth to somebody
# who has ten labels a class.
#
# Run it yourself with `python tutorials/representations.py`; `--fast` trains fewer epochs and draws
# the labels fewer times. Pictures go to `runs/tutorials/representations/`. Every figure below was
# printed by the run.

# %%
import sys
import warnings
from pathlib import Path

import kerasdl  # before Keras: it chooses the backend
import keras
import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

from kerasdl import plots
from kerasdl.data import Batches, few_labels, load, split
from kerasdl.inside import inner_model
from kerasdl.optimizers import Adam
from kerasdl.plots.figure import new_figure, save
from kerasdl.plugin import Spec

fast = "--fast" in sys.argv
pictures = Path("runs/tutorials/representations")
pictures.mkdir(parents=True, exist_ok=True)
print(f"kerasdl {kerasdl.__version__}, Keras {keras.__version__} on {keras.backend.backend()}")

data = split(load("digits"), seed=0, validation=0.0, test=0.4)
x = {name: part.x.astype("float32") / 16 for name, part in data.parts.items()}
y = {name: part.y for name, part in data.parts.items()}
rows = {name: images.reshape(len(images), -1) for name, images in x.items()}
print(f"{len(x['train'])} digits to learn from, {len(x['test'])} to judge by, labels not used yet")

# %% [markdown]
# ## 1. The linear autoencoder is known
#
# With linear layers and the mean squared error the best autoencoder of code size `k` spans the same
# plane as the first `k` principal components: no training can do better. So they are what ours is
# measured by.

# %%
CODE = 8
spec = Spec(task="autoencoding", input_shape=(8, 8, 1))
epochs = 60 if fast else 200


def trained(name, seed=1, epochs=epochs, learning_rate=3e-3, **config):
    """An autoencoder by name, trained on the digits without labels."""
    keras.utils.set_random_seed(seed)
    model = kerasdl.create_model(name, spec=spec, code=CODE, **config)
    model.compile(Adam(learning_rate), "mse")
    model.fit(Batches(x["train"], x["train"], 64, seed=seed), epochs=epochs, verbose=0)
    return model


def rebuilt(model, images=None):
    return model.predict(x["test"] if images is None else images, batch_size=719, verbose=0)


def error(result):
    return float(np.mean((result.reshape(len(result), -1) - rows["test"]) ** 2))


components = PCA(CODE).fit(rows["train"])
by_components = components.inverse_transform(components.transform(rows["test"]))
linear = trained(
    "autoencoder", widths=(), output_activation="linear", epochs=2 * epochs, learning_rate=1e-2
)
results = {
    "the mean digit": np.broadcast_to(rows["train"].mean(axis=0), rows["test"].shape),
    f"{CODE} principal components": by_components,
    "linear autoencoder": rebuilt(linear),
}
for name, result in results.items():
    print(f"{name:24} error {error(result):.4f}")

# %% [markdown]
# ## 2. Bent planes
#
# With hidden layers that bend, the code need not lie on a plane. A dense one, one whose decoder is
# the encoder run backwards (*tied*: half the weights), and one of convolutions, all with a code of
# the same size:

# %%
autoencoders = {
    "dense": trained("autoencoder", widths=(256, 128)),
    "tied": trained("tied-autoencoder", widths=(256, 128)),
    "convolutional": trained("conv-autoencoder"),
}
print("              weights   error")
for name, model in autoencoders.items():
    results[name] = rebuilt(model)
    print(f"{name:13} {model.count_params():7,}  {error(results[name]):.4f}")


def strips(images, titles, path):
    """Rows of digits, each with a title at its left."""
    figure = new_figure(0.75 * len(images[0]) + 1.9, 0.75 * len(images))
    axes = figure.subplots(len(images), len(images[0]), squeeze=False)
    for line, (row, title) in enumerate(zip(images, titles, strict=True)):
        for place, image in zip(axes[line], row, strict=True):
            place.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            place.set_axis_off()
        axes[line][0].text(-1.5, 3.5, title, ha="right", va="center", size=9)
    save(figure, path)


ten = np.array([int(np.flatnonzero(y["test"] == digit)[1]) for digit in range(10)])
best = min(autoencoders, key=lambda name: error(results[name]))
strips(
    [x["test"][ten], by_components[ten], results[best][ten]],
    ["digit", f"{CODE} components", f"code of {CODE}"],
    pictures / "rebuilt.png",
)

# %% [markdown]
# ## 3. Noise taken away
#
# A *denoising* autoencoder is shown spoiled digits and asked for the clean ones. It learns what
# digits look like, and not only how to copy. A third of the pixels are wiped out:

# %%
denoising = trained("denoising-autoencoder", widths=(256, 128), noise=0.35)
spoiled = x["test"] * (np.random.default_rng(0).random(x["test"].shape) >= 0.35)
cleaned = {
    "left as it is": spoiled,
    "by components": components.inverse_transform(
        components.transform(spoiled.reshape(len(spoiled), -1))
    ),
    "dense autoencoder": rebuilt(autoencoders["dense"], spoiled),
    "denoising autoencoder": rebuilt(denoising, spoiled),
}
for name, result in cleaned.items():
    print(f"{name:21} error {error(result):.4f}")
strips(
    [x["test"][ten], spoiled[ten], cleaned["denoising autoencoder"][ten]],
    ["digit", "spoiled", "cleaned"],
    pictures / "cleaned.png",
)

# %% [markdown]
# ## 4. Is the code about digits?
#
# Nobody told the encoder that there are ten kinds. Neighbours in the code are asked: of the nearest
# training digit, found by the code, the label is taken. 8 numbers of a code stand against all 64
# pixels, and against 8 components.


# %%
def encoder(model):
    return inner_model(model, "code")


def codes(model, part):
    return encoder(model).predict(x[part], batch_size=719, verbose=0)


def nearest(train, test):
    neighbours = KNeighborsClassifier(1).fit(train, y["train"])
    return float((neighbours.predict(test) == y["test"]).mean())


print("nearest neighbour by    right")
print(f"64 pixels               {nearest(rows['train'], rows['test']):.1%}")
projected = [components.transform(rows[part]) for part in ("train", "test")]
print(f"{CODE} components            {nearest(*projected):.1%}")
for name, model in {**autoencoders, "denoising": denoising}.items():
    by_code = nearest(codes(model, "train"), codes(model, "test"))
    print(f"code, {name:13}     {by_code:.1%}")
plots.embedding(codes(autoencoders[best], "test"), pictures / "codes.png", y["test"], data.classes)

# %% [markdown]
# Above, the codes of the test digits on a plane: left by principal components of the code, right by
# t-SNE, which keeps neighbours together. Colours are the true digits, which played no part.
#
# ## 5. Digits that nobody wrote
#
# In a plain code there are gaps where the decoder was never trained. A *variational* autoencoder
# draws each code from a normal distribution around what the encoder says, and pays for straying
# from the standard one; so codes drawn at random decode to something. And between two digits there
# is a way.

# %%
variational = trained("vae", widths=(256, 128), kl_weight=0.02)


def decoder(model):
    """From a code to a digit."""
    layers = [layer.name for layer in model.layers]
    x = start = keras.Input((CODE,))
    for layer in model.layers[layers.index("code") + 1 :]:
        x = layer(x)
    return keras.Model(start, x)


rng = np.random.default_rng(3)
drawn = decoder(variational).predict(rng.normal(size=(12, CODE)).astype("float32"), verbose=0)
ends = codes(variational, "test")[ten[[1, 7, 3, 8]]]
shares = np.linspace(0, 1, 12)[:, None]
ways = [
    decoder(variational).predict((1 - shares) * a + shares * b, verbose=0)
    for a, b in (ends[:2], ends[2:])
]
strips([drawn, *ways], ["drawn", "1 to 7", "3 to 8"], pictures / "drawn.png")
print(f"error of the variational autoencoder {error(rebuilt(variational)):.4f}")
spread = codes(variational, "test").std(axis=0)
print(f"numbers of the code that are used: {np.sum(spread > 0.3)} of {CODE}")

# %% [markdown]
# ## 6. Ten labels a class
#
# Labels are dear, images are not. A network that learns digits from `n` labels a class is compared
# with itself, started from the encoder that saw all training images without labels: once with that
# encoder frozen, once fine-tuned; each makes 600 steps. Mean and standard deviation over draws of
# the labels.

# %%
AUTOENCODER = pictures / "autoencoder.keras"
wide = kerasdl.create_model("conv-autoencoder", spec=spec, code=32)
wide.compile(Adam(3e-3), "mse")
wide.fit(Batches(x["train"], x["train"], 64, seed=0), epochs=epochs, verbose=0)
wide.save(AUTOENCODER)
classes = Spec(task="image-classification", input_shape=(8, 8, 1), outputs=10)
ways_to_start = {
    "from scratch": {},
    "encoder frozen": {"weights": AUTOENCODER, "freeze": "encoder*"},
    "encoder tuned": {"weights": AUTOENCODER},
}


def accuracy(few, seed, **start):
    """Of a classifier on the encoder's layers, trained on a few labelled digits."""
    keras.utils.set_random_seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # says that the head is new, which it is meant to be
        model = kerasdl.create_model("conv-autoencoder", spec=classes, code=32, **start)
    model.compile(
        Adam(2e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    batches = Batches(few.train.x.astype("float32") / 16, few.train.y, 20, seed=seed)
    model.fit(batches, epochs=600 // batches.steps, verbose=0)
    return model.evaluate(x["test"], y["test"], batch_size=719, verbose=0)[1]


draws = 2 if fast else 5
print(f"labels a class  {'  '.join(f'{name:>15}' for name in ways_to_start)}")
for count in (3, 10) if fast else (1, 3, 10, 30):
    cells = []
    for start in ways_to_start.values():
        measured = [accuracy(few_labels(data, count, seed), seed, **start) for seed in range(draws)]
        cells.append(f"{np.mean(measured):7.1%} ± {np.std(measured, ddof=1):5.1%}")
    print(f"{count:14}  {'  '.join(f'{cell:>15}' for cell in cells)}")

# %% [markdown]
# Mind the ± : on images of 64 pixels the head start is small, and soon made up for by more labels.
# Unlabelled images of the same kind are one source of it; another set of images with labels is the
# other: `kerasdl reproduce run fashion-mnist-to-digits` learns clothes first and digits from ten
# labels a class afterwards. On the command line the comparison above is
#
#     kerasdl train conv-autoencoder --data digits --task autoencoding --run-dir runs/codes
#     kerasdl train conv-autoencoder --data digits --labels-per-class 10 --from runs/codes
#     kerasdl train conv-autoencoder --data digits --labels-per-class 10
