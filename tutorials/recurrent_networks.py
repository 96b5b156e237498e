# ruff: noqa: I001 (kerasdl is imported before Keras)
# %% [markdown]
# # Recurrent networks: memory, gates, forecasts and a text
#
# A recurrent network reads a sequence step by step, with the same weights at every step. What it
# has read so far it keeps in a state. We write one such step in NumPy, see why training forgets
# what lies far back, look at the gates that help, let networks forecast two series, and end with
# one that writes Python.
#
# Run it yourself with `python tutorials/recurrent_networks.py`; `--fast` trains shorter and fewer.
# Pictures go to `runs/tutorials/recurrent_networks/`. Every figure below was printed by the run.

# %%
import sys
from pathlib import Path

import kerasdl  # before Keras: it chooses the backend
import keras
import numpy as np

from kerasdl.data import (
    Batches,
    SeriesPlan,
    WindowBatches,
    prepare,
    python_source,
    running_text,
    series_data,
    split,
)
from kerasdl.decoding import Sampling, decoder_of, generate
from kerasdl.layers import GRU, LSTM
from kerasdl.losses import SoftmaxCrossEntropy
from kerasdl.metrics import forecasting_metrics
from kerasdl.optimizers import Adam
from kerasdl.plots.figure import COLOURS, new_figure, save, tidy
from kerasdl.plugin import Spec

fast = "--fast" in sys.argv
pictures = Path("runs/tutorials/recurrent_networks")
pictures.mkdir(parents=True, exist_ok=True)
print(f"kerasdl {kerasdl.__version__}, Keras {keras.__version__} on {keras.backend.backend()}")


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


# %% [markdown]
# ## 1. One step, again and again
#
# The new state is made of the input and of the old state:
#
#     h[t] = tanh(x[t] W + h[t-1] R + b)
#
# `W`, `R` and `b` are the same at every step. So a sequence may be as long as it likes. One unit
# with weights chosen by hand is already a memory: with `R = 2` the state holds itself up, and a
# pulse throws it from one side to the other. With `R = 0.8` it sinks back.


# %%
def states(x, W, R, b):
    """The state after each step, `(T, U)`, for inputs `(T, D)`."""
    h, found = np.zeros(len(b)), []
    for row in x:
        h = np.tanh(row @ W + h @ R + b)
        found.append(h)
    return np.array(found)


pulses = np.zeros((60, 1))
pulses[[5, 35]] = [[1], [-1]]
W, b = np.array([[4.0]]), np.zeros(1)
kept = {R: states(pulses, W, np.array([[R]]), b)[:, 0] for R in (2.0, 0.8)}
for R, h in kept.items():
    print(f"R = {R}: at the pulse {h[5]:+.3f}, 10 steps on {h[15]:+.3f}, 29 steps on {h[34]:+.3f}")

layer = keras.layers.SimpleRNN(1, return_sequences=True)
layer.build((None, None, 1))
layer.set_weights([W, np.array([[2.0]]), b])
by_keras = array(layer(pulses[None].astype("float32")))[0, :, 0]
print(f"Keras's SimpleRNN: largest difference {np.abs(by_keras - kept[2.0]).max():.1e}")
print(f"weights: {layer.count_params()}, for {len(pulses)} steps or any other number")

figure = new_figure(8, 3)
axes = tidy(figure.subplots())
axes.vlines(np.arange(60), 0, pulses[:, 0], color="#888888", linewidth=2, label="input")
for (R, h), colour in zip(kept.items(), COLOURS, strict=False):
    axes.plot(h, color=colour, label=f"state with R = {R}")
axes.set_xlabel("step")
axes.legend(frameon=False, fontsize=8)
save(figure, pictures / "one_unit.png")

# %% [markdown]
# ## 2. Why training does not see far
#
# Training asks how the last state would change, had an early one been a little different. By the
# chain rule that is a product with one factor for each step between:
#
#     d h[T] / d h[t] = product over s = t+1 … T of  R · diag(1 - h[s]²)
#
# A product of many numbers vanishes or explodes, unless all are close to 1. Here for 32 units and
# random inputs, with `R` a rotation times a *gain*. A gain of 1 vanishes too, for tanh shrinks; 1.3
# happens to keep the size here, and nobody knows such a number beforehand:

# %%
rng = np.random.default_rng(0)
UNITS, STEPS = 32, 60
rotation = np.linalg.qr(rng.normal(size=(UNITS, UNITS)))[0]
noise = rng.normal(size=(STEPS, 4))
W, b = 0.1 * rng.normal(size=(4, UNITS)), np.zeros(UNITS)


def slopes(h, R):
    """`d h[T] / d h[t]` for `t = T, T-1, … 1`, as matrices."""
    product, found = np.eye(len(R)), []
    for state in h[::-1]:
        found.append(product)
        product = (R * (1 - state**2)) @ product
    return found


def size(matrix):
    """The factor by which a matrix stretches on average."""
    return np.sqrt(np.mean(np.sum(matrix**2, axis=1)))


reach = {}
for gain in (0.7, 1.0, 1.3, 3.0):
    found = slopes(states(noise, W, gain * rotation, b), gain * rotation)
    reach[gain] = [size(matrix) for matrix in found]
    print(f"gain {gain}: factor over 10 steps {reach[gain][10]:.1e}, over 50 {reach[gain][50]:.1e}")

# The same by trying it: the first state is moved a little.
moved, epsilon = noise.copy(), 1e-6
direction = rng.normal(size=4)
moved[0] += epsilon * direction
first = states(noise, W, rotation, b)
tried = (states(moved, W, rotation, b)[-1] - first[-1]) / epsilon
by_rule = (direction @ W * (1 - first[0] ** 2)) @ slopes(first, rotation)[-1]
print(f"rule against trial: {np.linalg.norm(by_rule):.3e} and {np.linalg.norm(tried):.3e}")
held = kept[2.0][34]
print(f"the unit of section 1 that remembers: factor {2 * (1 - held**2):.3f} a step")

figure = new_figure(6.5, 3.3)
axes = tidy(figure.subplots())
for (gain, sizes), colour in zip(reach.items(), COLOURS, strict=False):
    axes.semilogy(sizes, color=colour, label=f"gain {gain}")
axes.set_xlabel("steps back")
axes.set_ylabel("size of the slope")
axes.legend(frameon=False, fontsize=8)
save(figure, pictures / "slopes.png")

# %% [markdown]
# The unit that remembered so well shows the dilemma: it sits where tanh is flat, so its own slope
# is small. It holds what it was told, but training would never find out whom to thank for it.
#
# ## 3. Gates, and who remembers the first symbol
#
# An LSTM has a second state, the *cell*, that is not squeezed at every step:
#
#     i, f, g, o = x[t] W + h[t-1] R + b, in four parts
#     c[t] = sigmoid(f) c[t-1] + sigmoid(i) tanh(g)
#     h[t] = sigmoid(o) tanh(c[t])
#
# Along the cell the slope is `sigmoid(f)`, the *forget gate*. Where it is near 1, things last. But
# a fresh gate is not near 1: with the usual bias of 1 it is 0.73, which halves the cell every 2.2
# steps. With a bias of 4 it is 0.98, and 38 steps halve it. A GRU does the like with one state.
#
# The task: one of four symbols, then a delay of other symbols, which say nothing. Then the network
# has to name the first. Before any training we change the first symbol, and look how long the
# states differ.

# %%
SYMBOLS, OTHERS = 4, 4


def symbols(count, delay, seed):
    """Sequences as one-hot rows, and the number of each one's first symbol."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, SYMBOLS, (count, 1))
    rest = SYMBOLS + rng.integers(0, OTHERS, (count, delay))
    x = np.eye(SYMBOLS + OTHERS, dtype="float32")[np.concatenate([first, rest], axis=1)]
    return x, first[:, 0].astype("int32")


def opened(layer, features=SYMBOLS + OTHERS, bias=4.0):
    """The layer, built, with the gate that keeps its state open from the beginning."""
    layer.build((None, None, features))
    kernel, recurrent, biases = layer.get_weights()
    n = layer.units
    own = biases[n : 2 * n] if isinstance(layer, LSTM) else biases[0, :n]
    own[:] = bias
    layer.set_weights([kernel, recurrent, biases])
    return layer


kinds = {
    "simple": keras.layers.SimpleRNN,
    "LSTM": LSTM,
    "LSTM, open": lambda *a, **k: opened(LSTM(*a, **k)),
    "GRU, open": lambda *a, **k: opened(GRU(*a, **k)),
}
x, _ = symbols(64, 80, seed=5)
other = x.copy()
other[:, 0, :SYMBOLS] = np.roll(x[:, 0, :SYMBOLS], 1, axis=-1)
felt = {}
print("fresh network, difference of the states that is left after")
for name, kind in kinds.items():
    keras.utils.set_random_seed(0)
    layer = kind(UNITS, return_sequences=True)
    apart = np.linalg.norm(array(layer(x)) - array(layer(other)), axis=-1).mean(axis=0)
    felt[name] = apart / apart[0]
    print(f"{name:10}  10 steps {felt[name][10]:8.2%}   40 steps {felt[name][40]:8.2%}")

# %% [markdown]
# Now each is trained, on as many sequences, for each delay anew. A guess is right in 25% of cases.
# Luck plays a part, so without `--fast` each figure is the mean of three beginnings.

# %%
delays = (10, 80) if fast else (10, 20, 40, 80)
beginnings = (1,) if fast else (1, 2, 3)
TRAINED = 300


def remembered(kind, delay, seed):
    """Share of new sequences whose first symbol is named, after training."""
    keras.utils.set_random_seed(seed)
    network = keras.Sequential(
        [keras.Input((delay + 1, SYMBOLS + OTHERS)), kind(UNITS), keras.layers.Dense(SYMBOLS)]
    )
    network.compile(Adam(5e-3), SoftmaxCrossEntropy(), metrics=["accuracy"])
    network.fit(*symbols(64 * TRAINED, delay, seed), batch_size=64, verbose=0)
    return network.evaluate(*symbols(1000, delay, seed=9), batch_size=500, verbose=0)[1]


each = {
    name: [[remembered(kind, delay, seed) for seed in beginnings] for delay in delays]
    for name, kind in kinds.items()
}
right = {name: np.mean(shares, axis=1) for name, shares in each.items()}
print(f"delay       {'  '.join(f'{delay:5}' for delay in delays)}")
for name, shares in right.items():
    print(f"{name:10}  {'  '.join(f'{share:5.0%}' for share in shares)}")
print(f"simple, delay {delays[-1]}, each beginning:", *(f"{s:.0%}" for s in each["simple"][-1]))

figure = new_figure(9.5, 3.3)
left, beside = map(tidy, figure.subplots(1, 2))
marks = dict(zip(kinds, ("o-", "s-", "o-", "s--"), strict=True))  # two lines lie on one another
for name, colour in zip(kinds, COLOURS, strict=False):
    left.semilogy(felt[name], color=colour, label=name)
    beside.plot(delays, right[name], marks[name], color=colour, label=name)
left.set(title="fresh: the first symbol is felt", xlabel="steps later", ylim=(1e-8, 10))
beside.set(title="trained: it is named", xlabel="delay", ylim=(0, 1.05))
beside.axhline(0.25, color="#888888", linewidth=0.8)
left.legend(frameon=False, fontsize=8)
save(figure, pictures / "delays.png")

# %% [markdown]
# What is hardly felt at the end gives hardly any slope, and without slope nothing is learned. Gates
# alone do not do it: an LSTM as it comes forgets even faster than the simple network, and is lost
# where the delay is long. Begun with its gate open as far as the task is long, it learns. The
# simple network needs luck: from one beginning it finds the way over a long delay, from another it
# does not.
#
# ## 4. Gates at work
#
# What do trained gates do? The task now: numbers come, some of them marked; say at every step which
# number was marked last. One LSTM unit is enough, so each gate is one number a step. From the
# layer's weights we compute the gates by hand, and check that they lead to the layer's output. What
# is *written* into the cell is the input gate times `tanh(g)`.


# %%
def marked(count, steps, seed):
    """Pairs of number and mark `(count, steps, 2)`, and the number marked last."""
    rng = np.random.default_rng(seed)
    numbers, marks = rng.uniform(-1, 1, (count, steps)), rng.random((count, steps)) < 0.1
    marks[:, 0] = True
    last = np.maximum.accumulate(np.where(marks, np.arange(steps), 0), axis=1)
    target = np.take_along_axis(numbers, last, axis=1)
    return np.stack([numbers, marks], -1).astype("float32"), target[..., None].astype("float32")


keras.utils.set_random_seed(0)
inputs = keras.Input((None, 2))
holder = opened(LSTM(1, return_sequences=True), features=2)
network = keras.Model(inputs, keras.layers.Dense(1)(holder(inputs)))
ROUNDS = 1500
network.compile(Adam(keras.optimizers.schedules.CosineDecay(2e-2, ROUNDS)), "mse")
network.fit(*marked(64 * ROUNDS, 30, seed=0), batch_size=64, verbose=0)
x, target = marked(500, 30, seed=1)
error = network.evaluate(x, target, batch_size=500, verbose=0)
print(f"error {error:.4f}; of saying 0 always {np.mean(target**2):.4f}")


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def gates(x, W, R, b):
    """Forget, input and output gate, what is written, and state of every step, for `(T, D)`."""
    h, c, found = np.zeros(len(R)), np.zeros(len(R)), []
    for row in x.astype("float64"):
        i, f, g, o = np.split(row @ W + h @ R + b, 4)
        i, f, o = sigmoid(i), sigmoid(f), sigmoid(o)
        written = i * np.tanh(g)
        c = f * c + written
        h = o * np.tanh(c)
        found.append(np.concatenate([f, i, o, written, h]))
    return np.array(found).T


traces = [gates(row, *holder.get_weights()) for row in x]
by_layer = array(holder(x))[..., 0]
difference = max(np.abs(trace[4] - row).max() for trace, row in zip(traces, by_layer, strict=True))
print(f"by hand against the layer: largest difference {difference:.1e}")
is_marked = x[..., 1] > 0
NAMES = ("forget gate", "input gate", "output gate", "written")
print("mean size      at a mark    else")
for number, name in enumerate(NAMES):
    values = np.abs([trace[number] for trace in traces])
    print(f"{name:11}{values[is_marked].mean():13.2f}{values[~is_marked].mean():8.2f}")

example = int(np.argmax(is_marked.sum(axis=1) == 5))
said = array(network(x[[example]]))[0, :, 0]
figure = new_figure(8, 5.2)
above, below = map(tidy, figure.subplots(2, 1, sharex=True))
steps = np.arange(30)
above.plot(x[example, :, 0], ".", color="#888888", label="number")
chosen = np.flatnonzero(is_marked[example])
above.plot(chosen, x[example, chosen, 0], "o", color=COLOURS[1], label="marked")
above.step(steps, target[example, :, 0], where="mid", color="#bbbbbb", label="marked last")
above.step(steps, said, where="mid", color=COLOURS[0], label="said")
above.set_ylim(-1.1, 1.1)
for number, colour in ((0, COLOURS[0]), (1, "#bbbbbb"), (3, COLOURS[1])):
    below.step(steps, traces[example][number], where="mid", color=colour, label=NAMES[number])
below.set_xlabel("step")
for axes in (above, below):
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
save(figure, pictures / "gates.png")

# %% [markdown]
# At a mark the forget gate shuts and something is written: the old number goes, the new one comes.
# Between marks the forget gate stands open and nothing is written, so the cell stays as it is. The
# input gate itself need not shut for that, where `tanh(g)` is 0 already.
#
# ## 5. Sequences of unequal length
#
# A batch is a block, so short sequences are filled up with *padding*. A network that reads it as
# input goes on moving its state. Told the lengths, the layer stops each sequence where it ends; and
# where it reads backwards too, it begins at each one's last real step. Three sequences, alone and
# padded:

# %%
lengths = np.array([4, 9, 15])
rng = np.random.default_rng(0)
alone = [rng.normal(size=(1, length, 3)).astype("float32") for length in lengths]
keras.utils.set_random_seed(0)
readers = {"forward": LSTM(8), "both ways": LSTM(8, bidirectional=True)}
drift = {}
print("largest difference to reading each alone, padded to   15 steps   60 steps")
for name, reader in readers.items():
    expected = np.concatenate([array(reader(x)) for x in alone])
    for told in (True, False):
        for width in (15, 60):
            block = np.zeros((3, width, 3), "float32")
            for row, x in zip(block, alone, strict=True):
                row[: x.shape[1]] = x[0]
            found = array(reader(block, lengths=lengths if told else None))
            drift[name, told, width] = np.abs(found - expected).max()
        shown = "   ".join(f"{drift[name, told, width]:8.1e}" for width in (15, 60))
        print(f"{name:9}, lengths {'told' if told else 'not told':8} {'':25}{shown}")

# %% [markdown]
# The architectures of `kerasdl-recurrent` count a row's tokens by themselves, for 0 is padding. So
# more padding does not change what they say:

# %%
spec = Spec(task="text-classification", vocab_size=50, outputs=3, context=40)
classifier = kerasdl.create_model("bilstm", spec=spec, units=16, embedding=8)
tokens = rng.integers(1, 50, (5, 12)).astype("int32")
padded = np.pad(tokens, ((0, 0), (0, 28)))
unmoved = np.abs(array(classifier(tokens)) - array(classifier(padded))).max()
print(f"bilstm, 28 steps of padding: logits move by {unmoved:.1e}")

# %% [markdown]
# ## 6. Forecasts
#
# Two series, by the hour. *Warmth* has a day's rhythm, a slow rise and noise that lingers. A *tank*
# fills evenly until it is full and is emptied; each time it fills at another speed. From 48 hours
# the next 24 are to be forecast. `split` cuts a series by time, and `prepare` makes windows that
# walk forward: what is forecast in a part lies wholly in that part.

# %%
HOURS, CONTEXT, HORIZON = 3000, 48, 24
rng = np.random.default_rng(0)
hour = np.arange(HOURS)
lingering = np.zeros(HOURS)
level = np.zeros(HOURS)
speed = 0.05
for t in range(1, HOURS):
    lingering[t] = 0.8 * lingering[t - 1] + rng.normal(scale=0.4)
    level[t] = level[t - 1] + speed
    if level[t] >= 1:
        level[t], speed = 0.0, rng.uniform(0.03, 0.09)
series = {
    "warmth": 12 + 0.002 * hour + 4 * np.sin(2 * np.pi * hour / 24) + lingering,
    "tank": level + rng.normal(scale=0.01, size=HOURS),
}


def windows(name):
    """Windows of a series, in standard deviations of its training rows."""
    plan = SeriesPlan(context=CONTEXT, horizon=HORIZON)
    data = series_data({"train": series[name][:, None]}, [name], name=name, plan=plan)
    data = prepare(split(data, seed=0, validation=0.1, test=0.2))
    mean, scale = data.series.mean(), data.series.std()
    parts = {n: ((s.x - mean) / scale, (s.y - mean) / scale) for n, s in data.parts.items()}
    return data.spec(), parts


def forecaster(architecture, spec, parts, epochs, learning_rate, **config):
    keras.utils.set_random_seed(0)
    model = kerasdl.create_model(architecture, spec=spec, **config)
    model.compile(Adam(learning_rate), "mse")
    best = keras.callbacks.EarlyStopping(patience=epochs, restore_best_weights=True)
    batches = Batches(*parts["train"], 64, seed=0)
    model.fit(
        batches, validation_data=parts["validation"], epochs=epochs, callbacks=[best], verbose=0
    )
    return model.predict(parts["test"][0], batch_size=512, verbose=0)


def mse(targets, forecast):
    return forecasting_metrics(targets, forecast, np.ones(1))["mse"]


forecasts, came = {}, {}
for name in series:
    spec, parts = windows(name)
    x, y = came[name] = parts["test"]
    forecasts[name] = {
        "last value": np.broadcast_to(x[:, -1:], y.shape),
        "a day before": x[:, -24:],
        "linear": forecaster("nlinear", spec, parts, 20, 5e-3),
        "LSTM": forecaster("lstm", spec, parts, 12 if fast else 40, 5e-3, units=48, dropout=0.0),
    }
print(f"windows: {', '.join(f'{len(part[0])} {name}' for name, part in parts.items())}")
print("mean squared error, in variances of the training rows")
print(f"{'':14}{'  '.join(f'{name:>7}' for name in series)}")
for way in forecasts["tank"]:
    errors = (mse(came[name][1], forecasts[name][way]) for name in series)
    print(f"{way:14}{'  '.join(f'{error:7.3f}' for error in errors)}")

figure = new_figure(10, 4.6)
for row, name in enumerate(series):
    x, y = came[name]
    for column, window in enumerate((60, 200, 340)):
        axes = tidy(figure.add_subplot(2, 3, 3 * row + column + 1))
        axes.plot(np.arange(-CONTEXT, 0), x[window, :, 0], color="#999999", linewidth=1)
        axes.plot(y[window, :, 0], color="#333333", linewidth=1.2, label="came")
        for way, colour in (("linear", COLOURS[0]), ("LSTM", COLOURS[1])):
            axes.plot(forecasts[name][way][window, :, 0], color=colour, linewidth=1.2, label=way)
        axes.set_title(f"{name}, window {window}", size=9)
        if not row and not column:
            axes.legend(frameon=False, fontsize=7)
save(figure, pictures / "forecasts.png")

# %% [markdown]
# Warmth is a weighted sum of its past and of noise: there the linear map is all that is needed. The
# tank is not such a sum. When it will be full is a quotient, of the room left and the speed: the
# LSTM can learn that, the linear map cannot. How fast it fills the next time nobody can know. And
# compare with what costs nothing: a day before is a good forecast of warmth.
#
# ## 7. A network that writes
#
# A *language model* says how probable each next character is. Its text here: sources of Python's
# own standard library. Perplexity is the number of characters it hesitates between: with `p` the
# probability of what came, `exp(mean of -log p)`. Counts give touchstones: how often each character
# comes, and how often after each other one.

# %%
text = "".join(python_source(limit=250_000).values())
data = prepare(split(running_text(text, name="python"), seed=0, validation=0.0, test=0.1))
tokenizer = data.inputs.text.tokenizer
running = {n: np.append(s.x.ravel(), s.y[-1, -1]) for n, s in data.parts.items()}
print(f"{len(running['train']):,} characters to learn from, {len(running['test']):,} to judge by")

V = tokenizer.vocab_size
pairs = np.zeros((V, V))
np.add.at(pairs, (running["train"][:-1], running["train"][1:]), 1)
often = pairs.sum(axis=0) + 1
after = pairs + 50 * often / often.sum()  # rare pairs lean on single characters
before, came = running["test"][:-1], running["test"][1:]
perplexity = {
    "any of them": float(V),
    "how often": np.exp(-np.mean(np.log(often / often.sum())[came])),
    "how often after": np.exp(-np.mean(np.log(after[before, came] / after[before].sum(axis=1)))),
}

keras.utils.set_random_seed(0)
writer = kerasdl.create_model("gru", spec=data.spec(), units=96, embedding=32, dropout=0.0)
writer.compile(Adam(5e-3, global_clipnorm=1.0), SoftmaxCrossEntropy())


def costs():
    """`-log p` of every held-out character, `(rows, context)`."""
    logits = writer.predict(data.test.x, batch_size=128, verbose=0).astype("float64")
    logits -= logits.max(axis=-1, keepdims=True)
    chosen = np.take_along_axis(logits, data.test.y[..., None], axis=-1)[..., 0]
    return np.log(np.exp(logits).sum(axis=-1)) - chosen


def written(prompt, count):
    """A text that goes on from the prompt."""
    made = generate(
        decoder_of(writer),
        tokenizer.encode([prompt]),
        strategy=Sampling(temperature=0.6),
        max_new_tokens=count,
        seed=1,
    )
    return prompt + tokenizer.decode(made.best()[0])


perplexity["GRU, fresh"] = np.exp(costs().mean())
print("fresh:", repr(written("def ", 50)))
pieces = WindowBatches(running["train"], 64, 32, steps=100, seed=0)
writer.fit(pieces, epochs=4 if fast else 25, verbose=0)
cost = costs()
perplexity["GRU, trained"] = np.exp(cost.mean())
for name, value in perplexity.items():
    print(f"{name:16} perplexity {value:6.2f}")

# %% [markdown]
# Where does it hesitate? At the beginning of a window it knows a single character; the next few
# make it easier quickly, and that is what its memory is worth. And it hesitates where words begin:
# which word comes is open, how it goes on is less so.

# %%
by_place = np.exp(cost.mean(axis=0))
letters = np.array([token.isalpha() for token in tokenizer.tokens])
is_letter, follows = letters[data.test.y], letters[data.test.x]
begins, goes_on = cost[is_letter & ~follows].mean(), cost[is_letter & follows].mean()
print(
    f"perplexity at place 1 {by_place[0]:.1f}, places 2 to 4 {by_place[1:4].mean():.1f}, ", end=""
)
print(f"places 33 to 64 {by_place[32:].mean():.1f}")
print(f"bits for a word's first letter {begins / np.log(2):.2f}, ", end="")
print(f"for the others {goes_on / np.log(2):.2f}")

row = int(np.argmin(np.abs(cost.mean(axis=1) - np.median(cost.mean(axis=1)))))
characters = [tokenizer.decode([token]) for token in data.test.y[row]]
figure = new_figure(11, 4.6)
above, below = map(tidy, figure.subplots(2, 1))
above.plot(np.arange(1, 65), by_place, color=COLOURS[0])
above.set(xlabel="place in the window", ylabel="perplexity")
below.bar(np.arange(64), cost[row] / np.log(2), color=COLOURS[1])
below.set_xticks(np.arange(64), [{" ": "␣", "\n": "¶"}.get(c, c) for c in characters], size=9)
below.tick_params(length=0)
below.grid(visible=False, axis="x")
below.set(ylabel="bits", xlim=(-1, 64))
save(figure, pictures / "surprise.png")

# %% [markdown]
# And it writes. Each character is drawn from what the network says, a little sharpened
# (temperature 0.6), and read again as the next input:

# %%
print(written("def ", 400))

# %% [markdown]
# On the command line:
#
#     kerasdl train lstm --data load.csv --task forecasting --context 48 --horizon 24
#     kerasdl train gru --data plays.txt --context 64
#     kerasdl generate runs/gru-plays-1 "ROMEO:" --tokens 300 --seed 1
