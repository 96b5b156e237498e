# ruff: noqa: I001 (kerasdl is imported before Keras)
# %% [markdown]
# # Scanned digits, step by step
#
# What `kerasdl train cnn --data digits` does in one command, done here by hand in plain Keras:
# read the data, split it, build a network, train it, measure it, save it, load it again.
#
# Run it yourself with `python tutorials/digits.py`; `--fast` trains fewer epochs. Pictures go to
# `runs/tutorials/digits/`.

# %%
import sys
from pathlib import Path

import kerasdl  # before Keras: it chooses the backend
import keras
import matplotlib.pyplot as plt
import numpy as np

from kerasdl import create_model, load_model, metrics, plots
from kerasdl.data import Batches, load, preprocessing, split

epochs = 12 if "--fast" in sys.argv else 20
pictures = Path("runs/tutorials/digits")
pictures.mkdir(parents=True, exist_ok=True)
print(f"kerasdl {kerasdl.__version__}, Keras {keras.__version__} on {keras.backend.backend()}")

# %% [markdown]
# ## 1. Load
#
# `load` takes a name (`kerasdl data list` shows them) or a path of your own files. The digits come
# inside scikit-learn, so nothing is downloaded.

# %%
data = load("digits")
print(f"task     {data.task}")
print(f"inputs   {data.train.x.shape} {data.train.x.dtype}, from 0 to {data.train.x.max()}")
print(f"targets  {data.train.y.shape} {data.train.y.dtype}")
print(f"classes  {', '.join(data.classes)}")

# %%
figure, axes = plt.subplots(2, 10, figsize=(8, 1.9), layout="constrained")
for place, axis in enumerate(axes.flat):
    axis.imshow(data.train.x[place].squeeze(), cmap="gray_r")
    axis.set_axis_off()
    axis.set_title(data.classes[data.train.y[place]], size=9)
figure.savefig(pictures / "samples.png", dpi=120)

# %% [markdown]
# ## 2. Split
#
# A network is judged by samples that had no part in its making. `split` puts a fifth aside for the
# final figure and a tenth to watch the training with. Each class keeps its share in every part, and
# the same seed gives the same parts on every machine.

# %%
data = split(data, seed=0, validation=0.1, test=0.2)
for name, samples in data.parts.items():
    shares = np.bincount(samples.y, minlength=10) / len(samples)
    print(f"{name:10}  {len(samples):5} samples, {shares.min():.1%} to {shares.max():.1%} a class")

# %% [markdown]
# ## 3. Preprocess, inside the model
#
# Networks learn best from small numbers. `preprocessing` gives Keras layers that bring the pixels
# into [0, 1]. Whatever such layers must know (a mean, a range) they learn from the training samples
# alone, and they become the first layers of the model: who uses the saved model feeds it raw pixels
# and cannot forget a step.

# %%
layers = preprocessing("unit", data.train.x, data.inputs)
print(layers[0].name, "by", layers[0].scale)

# %% [markdown]
# ## 4. The model
#
# `create_model` finds the architecture `cnn` in an installed plugin and returns a plain
# `keras.Model`: blocks of convolution, normalization, activation and pooling. Its outputs are
# *logits*, a real number for each class, of which the softmax makes probabilities.
# `kerasdl describe cnn` lists what can be configured.

# %%
keras.utils.set_random_seed(0)
network = create_model("cnn", input_shape=(8, 8, 1), num_classes=10)

inputs = keras.Input(data.inputs.shape, dtype=data.inputs.dtype)
features = inputs
for layer in layers:
    features = layer(features)
model = keras.Model(inputs, network(features))
print(f"{model.count_params():,} parameters")

# %% [markdown]
# ## 5. Compile and fit
#
# Nothing here is special: any Keras optimizer, loss, metric and callback works. `Batches` serves
# the samples in an order that depends on its seed and the epoch alone, on every backend.

# %%
batches = Batches(data.train.x, data.train.y, batch_size=32, seed=0)
steps = epochs * len(batches)
model.compile(
    optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.005, steps)),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
watched = (data.validation.x, data.validation.y)
history = model.fit(batches, validation_data=watched, epochs=epochs, verbose=0).history
for epoch in (0, epochs // 2, epochs - 1):
    figures = "  ".join(f"{name} {values[epoch]:.4f}" for name, values in history.items())
    print(f"epoch {epoch + 1:2}  {figures}")

# %% [markdown]
# Loss and accuracy of the training samples are taken while they are learned, with dropout switched
# on; so they can be worse than those of the validation samples.

# %%
plots.learning_curves(history, pictures / "curves.png")

# %% [markdown]
# ## 6. Evaluate
#
# Now, once, the test samples: **at least 98 in 100 are right**.


# %%
def softmax(logits):
    exponentials = np.exp(logits.astype("float64"))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


logits = model.predict(data.test.x, verbose=0)
probabilities = softmax(logits)
predicted = probabilities.argmax(axis=1)
for name, value in metrics.classification_metrics(data.test.y, probabilities).items():
    print(f"test {name:18}{value:.4f}")

# %%
print("class  precision  recall  samples")
for row in metrics.per_class_table(data.test.y, predicted, data.classes):
    print("{class:5}  {precision:9.3f}  {recall:6.3f}  {samples:7}".format(**row))

# %% [markdown]
# ## 7. Look at the mistakes
#
# Which class is taken for which? Rows are the true digits, columns what the network said.

# %%
plots.confusion_matrix(data.test.y, predicted, data.classes, pictures / "confusion.png")

# %% [markdown]
# And the wrong answers themselves, the surest first.

# %%
plots.worst_mistakes(data.test.x, data.test.y, probabilities, data.classes, pictures / "worst.png")

# %% [markdown]
# ## 8. Save, load, predict
#
# One file holds the preprocessing, the network and its weights, and names the plugin that the
# network came from. `kerasdl.load_model` loads that plugin and then the model, and runs no code
# from the file. The loaded model gives **the same numbers**.

# %%
model.save(pictures / "digits.keras")
loaded = load_model(pictures / "digits.keras")
difference = np.abs(loaded.predict(data.test.x, verbose=0) - logits).max()
print(f"largest difference {difference:g}")

image = data.test.x[:1]
answer = softmax(loaded.predict(image, verbose=0))[0]
print(f"the first test digit is a {data.classes[answer.argmax()]}, to {answer.max():.1%}")
print(f"it was labelled         {data.classes[data.test.y[0]]}")

# %% [markdown]
# All of this in one command, with a folder that holds the configuration, the figures and the
# pictures, is `kerasdl train cnn --data digits`: see [your first run](../first_run.md).
