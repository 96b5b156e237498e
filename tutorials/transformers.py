# ruff: noqa: I001 (kerasdl is imported before Keras)
# %% [markdown]
# # Transformers: heads, positions, masks, a model that writes, and labels for words
#
# A recurrent network hands a memory from word to word. A transformer lets every word look at every
# other one, and learns where to look. We write that look out by hand, see that it knows no order
# and give it one, hide the future from it, train a small network that writes Python, look into its
# heads, and measure what they do. In the end a network that reads both ways labels words.
#
# Run it yourself with `python tutorials/transformers.py`; it needs the extra `text` and the plugin
# `kerasdl-transformer`. `--fast` trains fewer steps. Pictures go to `runs/tutorials/transformers/`.
# Every figure below was printed by the run.

# %%
import random
import re
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import kerasdl  # before Keras: it chooses the backend
import keras
import numpy as np

from kerasdl import plots
from kerasdl.data import (
    Batches,
    TextPlan,
    WindowBatches,
    prepare,
    python_source,
    running_text,
    split,
    texts_data,
)
from kerasdl.decoding import Sampling, UncachedDecoder, decoder_of, generate
from kerasdl.inside import attention_weights
from kerasdl.layers import (
    MultiHeadAttention,
    RotaryPositions,
    SinusoidalPositions,
    TransformerDecoderBlock,
    TransformerEncoderBlock,
)
from kerasdl.losses import SoftmaxCrossEntropy
from kerasdl.metrics import TokenAccuracy
from kerasdl.optimizers import Adam
from kerasdl.plots.figure import COLOURS, new_figure, save, tidy
from kerasdl.schedules import Cosine, Warmup

fast = "--fast" in sys.argv
pictures = Path("runs/tutorials/transformers")
pictures.mkdir(parents=True, exist_ok=True)
array = keras.ops.convert_to_numpy
print(f"kerasdl {kerasdl.__version__}, Keras {keras.__version__} on {keras.backend.backend()}")

# %% [markdown]
# ## 1. A look, by hand
#
# Each token has a vector `x[t]`. Three matrices make three vectors of it: a *query*, what it is
# looking for; a *key*, what it can be found by; a *value*, what it has to give. How well query and
# key fit is their product; a softmax over all places makes weights of sum 1 of that; and the result
# is the mean of the values by these weights:
#
#     weights[t, s] = softmax over s of q[t] · k[s] / sqrt(H)
#     y[t] = sum over s of weights[t, s] · v[s]
#
# `H` is the size of a query; without the root the softmax would be sharper the longer the vectors
# are. A *head* is one such look. Several are taken at once, laid side by side, and mixed by a last
# matrix.


# %%
def attend(x, kernel, bias, last_kernel, last_bias, heads):
    """Self-attention of one sequence `(T, D)`: outputs `(T, D)`, weights `(heads, T, T)`."""
    queries, keys, values = np.split(x @ kernel + bias, 3, axis=1)
    size = queries.shape[1] // heads
    looks, seen = [], []
    for head in range(heads):
        own = slice(head * size, (head + 1) * size)
        scores = queries[:, own] @ keys[:, own].T / np.sqrt(size)
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        looks.append(weights @ values[:, own])
        seen.append(weights)
    return np.concatenate(looks, axis=1) @ last_kernel + last_bias, np.stack(seen)


# %% [markdown]
# Now a word of eleven letters, a letter a token; its vector has a 1 at the letter's own place. The
# kernels can be chosen so that we know what comes out. In the first head query and key are the
# letter itself: it looks for letters of its own kind. In the second every query is the same, and
# only vowels have a key that fits.

# %%
word = "abracadabra"
letters = sorted(set(word))
one_hot = np.eye(len(letters), dtype="float32")[[letters.index(letter) for letter in word]]
size = len(letters)
same, vowels = np.eye(size), np.zeros((size, size))
vowels[letters.index("a"), 0] = 1
chosen = np.concatenate(
    [3 * same, np.outer(np.ones(size), 3 * same[0]), 3 * same, 3 * vowels, same, same], axis=1
)

layer = MultiHeadAttention(num_heads=2, head_size=size)
layer.build((None, None, size))
at_random = array(layer.input_projection.kernel).copy()
print("kernels         outputs differ by   weights by")
for name, kernel in (("drawn at random", at_random), ("chosen", chosen)):
    layer.input_projection.kernel.assign(kernel)
    outputs, weights = layer(one_hot[None], return_weights=True)
    products = layer.input_projection, layer.output_projection
    own = [array(part).astype("float64") for p in products for part in (p.kernel, p.bias)]
    by_hand, looked = attend(one_hot, *own, heads=2)
    apart = np.abs(array(outputs)[0] - by_hand).max(), np.abs(array(weights)[0] - looked).max()
    print(f"{name:15} {apart[0]:17.1e} {apart[1]:12.1e}")
plots.heads({"by hand": looked}, list(word), pictures / "by_hand.png")
print(f"weight of an a on each a: {looked[0, 0, 0]:.3f}; of the r on each a, head 2:", end=" ")
print(f"{looked[1, 2, 0]:.3f}")

# %% [markdown]
# A row is a letter that looks, a column one that is looked at; black is a weight of 1. The layer
# does the three products as one. Training will choose the kernels from here on.
#
# ## 2. It knows no order
#
# Nothing above asks where a token stands. Shuffle the letters, and the outputs are the old ones,
# shuffled: `rat` and `tar` are the same to it. So something must tell the place. Sines and cosines
# of the place do, slow ones and fast ones, added to the vectors:
#
#     p[t, 2k] = sin(t / 10000^(2k / D))      p[t, 2k + 1] = cos(t / 10000^(2k / D))

# %%
rng = np.random.default_rng(0)
width = 32
keras.utils.set_random_seed(0)
vectors = rng.normal(size=(1, 12, width)).astype("float32")
look = MultiHeadAttention(num_heads=4)
look.build(vectors.shape)
places = rng.permutation(12)


def difference(network):
    """Between what shuffled inputs give and the shuffled outputs."""
    return float(
        np.abs(array(network(vectors[:, places])) - array(network(vectors))[:, places]).max()
    )


with_places = keras.Sequential([SinusoidalPositions(), look])
turning = MultiHeadAttention(num_heads=4, positions="rotary")
turning.build(vectors.shape)
turning.set_weights(look.get_weights())
print(f"no positions: shuffled outputs differ by {difference(look):.1e}")
print(f"sinusoidal:   shuffled outputs differ by {difference(with_places):.1e}")
print(f"rotary:       shuffled outputs differ by {difference(turning):.1e}")

rates = 10000.0 ** (-2 * np.arange(width // 2) / width)
angles = np.arange(100)[:, None] * rates
waves = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(100, width)
made = array(SinusoidalPositions()(np.zeros((1, 100, width), "float32")))[0]
print(f"sinusoids by hand and by the layer differ by {np.abs(waves - made).max():.1e}")

figure = new_figure(9.5, 3.6)
left, right = figure.subplots(1, 2)
left.imshow(waves, cmap="RdBu", aspect="auto", vmin=-1, vmax=1)
left.set(xlabel="feature", ylabel="place", title="sinusoidal positions")
products = waves @ waves.T
for number, place in enumerate((20, 50, 80)):
    tidy(right).plot(products[place], color=COLOURS[number], label=f"place {place}")
right.set(xlabel="other place", title="product of two places' vectors", ylim=(None, 18.5))
right.legend(frameon=False, ncols=3, loc="upper center")
save(figure, pictures / "positions.png")

# %% [markdown]
# Right: the product of the vectors of two places is greatest where they are one, and depends only
# on how far apart they are. *Rotary* positions make that the whole idea. Nothing is added; queries
# and keys are turned, by an angle that grows with the place. Two features are one complex number,
# and then it is two lines:


# %%
def turned(x, place, base=10000.0):
    pairs = x[: len(x) // 2] + 1j * x[len(x) // 2 :]
    return pairs * np.exp(1j * place * base ** (-np.arange(len(pairs)) / len(pairs)))


query, key = rng.normal(size=(2, 16))
print("query at  key at  their product")
for first, second in ((5, 2), (25, 22), (95, 92), (5, 4)):
    product = np.sum(turned(query, first) * turned(key, second).conj()).real
    print(f"{first:8}  {second:6}  {product:13.6f}")
by_layer = array(RotaryPositions()(np.tile(query.astype("float32"), (1, 100, 1, 1))))[0, 95, 0]
by_lines = turned(query, 95)
apart = np.abs(by_layer - np.concatenate([by_lines.real, by_lines.imag])).max()
print(f"the two lines and the layer differ by {apart:.1e}")

# %% [markdown]
# Three steps apart is three steps apart, at the beginning of a text and at its end.
#
# ## 3. The future is hidden
#
# A network that writes is trained on all places of a text at once: at each it shall foresee the
# next character. So no place may look at later ones. The *causal mask* sets those weights to 0. The
# check is simple: change a late token, and see which outputs notice.

# %%
hidden = MultiHeadAttention(num_heads=4, causal=True)
hidden.build(vectors.shape)
hidden.set_weights(look.get_weights())
changed = vectors.copy()
changed[:, 8] += 1
print("token 8 is changed     outputs 0 to 7 change by   outputs 8 to 11 by")
for name, attention in (("without mask", look), ("causal mask", hidden)):
    moved = np.abs(array(attention(changed)) - array(attention(vectors)))[0].max(axis=1)
    print(f"{name:22} {moved[:8].max():24.4f} {moved[8:].max():20.4f}")

# %% [markdown]
# What if it is forgotten? Two networks of one block are trained to foresee the next character of
# some modules of Python's own library. An encoder block and a decoder block differ in the mask
# alone. The end of the text is held out.

# %%
CONTEXT = 64
files = python_source(limit=250_000 if fast else 1_000_000)
text = "\n".join(files.values())
corpus = prepare(
    split(running_text(text, name="python"), seed=0, validation=0.0, test=0.1), context=CONTEXT
)
tokenizer = corpus.inputs.text.tokenizer
seen = np.append(corpus.train.x.ravel(), corpus.train.y[-1, -1])
held_out = corpus.test.x, corpus.test.y
print(f"{len(files)} files: {len(seen):,} characters to learn from, {held_out[0].size:,} held out")


def next_character(block):
    """A network of one block."""
    keras.utils.set_random_seed(0)
    tokens = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(tokenizer.vocab_size, width)(tokens)
    x = block(4, 2 * width, positions="rotary")(x)
    logits = keras.layers.Dense(tokenizer.vocab_size)(keras.layers.LayerNormalization()(x))
    model = keras.Model(tokens, logits)
    model.compile(Adam(1e-2), SoftmaxCrossEntropy())
    return model


def nats(scores, answers):
    """Mean loss, of scores `(..., V)`."""
    top = scores.max(axis=-1, keepdims=True)
    total = np.log(np.exp(scores - top).sum(axis=-1)) + top[..., 0]
    right = np.take_along_axis(scores, answers[..., None], axis=-1)[..., 0]
    return float(np.mean(total - right))


steps = 150 if fast else 600
WHERE = 40
curves = {}
print("                 all places of the text   place 40, with nothing after it")
for name, block in (("mask", TransformerDecoderBlock), ("no mask", TransformerEncoderBlock)):
    model = next_character(block)
    batches = WindowBatches(seen, CONTEXT, 16, steps=steps // 10, seed=0)
    curves[name] = model.fit(batches, epochs=10, verbose=0).history["loss"]
    whole = model.predict(held_out[0], batch_size=64, verbose=0)
    cut = model.predict(held_out[0][:, : WHERE + 1], batch_size=64, verbose=0)[:, WHERE]
    print(f"{name:14} {nats(whole, held_out[1]):24.3f} {nats(cut, held_out[1][:, WHERE]):33.3f}")

figure = new_figure(6, 3.4)
axes = tidy(figure.subplots())
for number, (name, curve) in enumerate(curves.items()):
    axes.plot(np.arange(1, 11) * (steps // 10), curve, color=COLOURS[number], label=name)
axes.set(xlabel="step", ylabel="training loss, nats a character", ylim=(0, None))
axes.legend(frameon=False)
save(figure, pictures / "looking_ahead.png")

# %% [markdown]
# A loss that good should make you suspicious, not glad. It has learned to read the answer one place
# further on. Cut the text where it has to write, and there is nothing to read: it is far worse than
# the honest network. Held-out data did not show this; hiding what is not there yet does.
#
# ## 4. A network that writes
#
# Now the plugin's `gpt`: two blocks of four heads, 64 features a character. Rotary positions and a
# `window` of 64 let it write texts that are longer than those it is trained on. What it must beat
# is counting: how often each character comes, after which one, after which two.

# %%
keras.utils.set_random_seed(0)
gpt = kerasdl.create_model(
    "gpt",
    vocab_size=tokenizer.vocab_size,
    context=256,
    layers=2,
    heads=4,
    width=64,
    positions="rotary",
    window=CONTEXT,
    dropout=0.0,
)
steps = 600 if fast else 2500
gpt.compile(Adam(5e-3 * (Warmup(50) >> Cosine(steps - 50))), SoftmaxCrossEntropy())
PROMPT = "    def "


def written():
    """Four texts that go on from the prompt."""
    how = {"strategy": Sampling(temperature=0.7, samples=4), "seed": 1, "max_new_tokens": 100}
    made = generate(decoder_of(gpt), tokenizer.encode([PROMPT]), **how)
    return [PROMPT + tokenizer.decode(tokens) for tokens in made.sequences()[0]]


def by_counting(length):
    """Held-out loss of counts of the characters after the last `length` ones."""
    after = defaultdict(Counter)
    for place in range(length, len(seen)):
        after[tuple(seen[place - length : place])][seen[place]] += 1
    running = np.append(held_out[0].ravel(), held_out[1][-1, -1])
    losses = []
    for place in range(length, len(running)):
        counts = after[tuple(running[place - length : place])]
        share = (counts[running[place]] + 0.1) / (counts.total() + 0.1 * tokenizer.vocab_size)
        losses.append(-np.log(share))
    return float(np.mean(losses))


before = written()
history = gpt.fit(
    WindowBatches(seen, CONTEXT, 16, steps=steps // 10, seed=0),
    epochs=10,
    validation_data=held_out,
    validation_batch_size=64,
    verbose=0,
).history
counted = {f"counts after {length}": by_counting(length) for length in (0, 1, 2)}
for name, loss in counted.items():
    print(f"{name:15} {loss:.3f} nats a character")
print(f"gpt             {history['val_loss'][-1]:.3f}, {gpt.count_params():,} weights")

figure = new_figure(7, 3.6)
axes = tidy(figure.subplots())
at = np.arange(1, 11) * (steps // 10)
axes.plot(at, history["loss"], color=COLOURS[0], label="training")
axes.plot(at, history["val_loss"], color=COLOURS[1], label="held out")
for (name, loss), style in zip(counted.items(), (":", "-.", "--"), strict=True):
    axes.axhline(loss, color="grey", linestyle=style, linewidth=1, label=name)
axes.set(xlabel="step", ylabel="nats a character", ylim=(None, 3.9))
axes.legend(frameon=False, ncols=2)
save(figure, pictures / "writes.png")

# %% [markdown]
# And what it writes. Before training:

# %%
print("\n".join(before))

# %% [markdown]
# After it:

# %%
after = written()
print("\n".join(after))


def words_of(writing):
    """Words of three letters or more."""
    return [word for word in re.findall(r"[^\W\d_]+", writing) if len(word) > 2]


vocabulary = set(words_of(text))
print()
for name, writings in (("before", before), ("after", after)):
    words = [word for writing in writings for word in words_of(writing[len(PROMPT) :])[:-1]]
    print(f"{name}: {sum(word in vocabulary for word in words)} of {len(words)} words are known")

# %% [markdown]
# Lines, indents, words and brackets, from characters alone. That the program means nothing is no
# wonder: it has read some files a few times.
#
# ## 5. What the heads do
#
# `attention_weights` gives the weights of every head. For one line of code:

# %%
LINE = "return self.value(key)"
tokens = tokenizer.encode([LINE])[0][None]
drawn = attention_weights(gpt, tokens, over="self")
plots.heads(
    {f"block {number}": own[0] for number, own in enumerate(drawn.values(), 1)},
    list(LINE),
    pictures / "heads.png",
)

# %% [markdown]
# Such pictures invite stories. So we measure, on held-out text, how much weight each head gives to
# a character itself, to the one before it, to the two before that, and to all further back. The
# column *start* is about places deep in a word: the weight that the last character before the word
# gets, a space or a bracket four places back or more. Then the head is taken out (its rows of the
# last matrix are set to 0), and the loss tells what it was worth.

# %%
sample = held_out[0][:64]
found = attention_weights(gpt, sample, over="self")
FROM = 8  # places with enough before them
of_a_word = np.array([token.isalnum() or token == "_" for token in tokenizer.tokens])[sample]
ends = np.maximum.accumulate(np.where(of_a_word, -1, np.arange(CONTEXT)), axis=1)
start = np.pad(ends[:, :-1], ((0, 0), (1, 0)), constant_values=-1)
deep = np.nonzero((start >= 0) & (np.arange(CONTEXT) - start >= 4))

rows = []
for name, own in found.items():
    kernel = gpt.get_layer(name).output_projection.kernel
    all_rows = array(kernel).copy()
    for head in range(4):
        weights = own[:, head]
        back = [np.diagonal(weights, -k, 1, 2)[:, FROM - k :].mean() for k in range(4)]
        silent = all_rows.copy()
        silent[head * 16 : (head + 1) * 16] = 0
        kernel.assign(silent)
        loss = gpt.evaluate(*held_out, batch_size=64, verbose=0)
        kernel.assign(all_rows)
        place = f"{name.removesuffix('_attention')}, head {head + 1}"
        to_start = weights[(*deep, start[deep])].mean()
        rows.append((place, *back[:2], sum(back[2:]), 1 - sum(back), to_start, loss))
full = gpt.evaluate(*held_out, batch_size=64, verbose=0)
print("                itself  1 back  2-3 back  further   start  loss without it")
for row in rows:
    print("{}  {:6.1%}  {:6.1%}  {:8.1%}  {:7.1%}  {:6.1%}  {:15.3f}".format(*row))
even = np.mean([1 / (t + 1) for t in range(FROM, CONTEXT)])
even_start = np.mean(1 / (deep[1] + 1))
shares = even, even, 2 * even, 1 - 4 * even, even_start
print("spread evenly   {:6.1%}  {:6.1%}  {:8.1%}  {:7.1%}  {:6.1%}".format(*shares))
print(f"all heads                                                   {full:15.3f}\n")
for story, column, level in (("the previous character", 2, even), ("the start", 5, even_start)):
    best = max(rows, key=lambda row: row[column])
    share, loss = best[column], best[-1]
    print(f"{best[0]} looks at {story}: {share:.0%} of its weight, ", end="")
    print(f"{share / level:.1f} times an even share; without it {loss - full:+.3f} nats")

# %% [markdown]
# The first head can be told in words: it asks *what stood just before?* Two characters tell more
# than one, which is why counts after two beat counts after one; this is how the network gets at the
# second. Nobody asked for it; it came because it helps to foresee. The other story, *where did this
# word begin?*, is one that a column of black in such a picture suggests readily. The number beside
# it says how far it is true.
#
# ## 6. The cache
#
# While it writes, keys and values of the old characters stay what they were, for none of them can
# see the new one. So they are kept, and each new character costs one place's work. Without the
# cache the whole text is read anew for each. Both must write the same. The time is the processor's
# own, without what other programs take.

# %%
STARTS = tokenizer.encode(["class ", "import", "return", "self._"])


def timed(decoder, count):
    """Four texts, and the processor's seconds: least of two runs, after one that compiles."""
    generate(decoder, STARTS, max_new_tokens=count)
    seconds = []
    for _ in range(2):
        begin = time.process_time()
        result = generate(decoder, STARTS, max_new_tokens=count).best()
        seconds.append(time.process_time() - begin)
    return result, min(seconds)


print("text of   places computed, without and with   same tokens   time, ratio")
for length in (64, 192):
    count = length - len(STARTS[0])
    plain, slow = timed(UncachedDecoder(gpt, max_length=length), count)
    cached, quick = timed(decoder_of(gpt), count)
    work = f"{count * length:,} and {length - 1:,}"
    print(f"{length:7}   {work:>34}   {str(plain == cached):>11}   {slow / quick:11.1f}")

# %% [markdown]
# The longer the text, the more the cache is worth. The ratio of the times stays behind that of
# the work: in so small a network most of a step is its fixed cost, whatever is computed in it.
#
# ## 7. Labels for words
#
# A network that reads needs no mask. The plugin's `transformer-encoder` looks both ways and gives
# each word a label. The words come from a made-up grammar, in which `walks`, `plans`, `dances` and
# others are nouns in one place and verbs in another; only the neighbours tell, and at an *and* not
# even those beside it: `she plans and dances`, `plans and dances ends`.

# %%
ENTRIES = {
    "DET": "the some our these",
    "ADJ": "old quiet green long",
    "ADV": "often now gladly",
    "PRON": "she he nobody",
    "NOUN": "trees books",
    "VERB": "sings ends",
}
BOTH = "walks plans dances paints plays watches fishes lights waters rocks".split()
dice = random.Random(0)


def one(label):
    """A word of a kind; nouns and verbs are mostly of those that are both."""
    both = label in ("NOUN", "VERB") and dice.random() < 0.8
    return [(dice.choice(BOTH if both else ENTRIES[label].split()), label)]


def noun_phrase():
    words = one("DET") if dice.random() < 0.4 else []
    while dice.random() < 0.3:
        words += one("ADJ")
    return words + one("NOUN")


def joined(make):
    """One, or several with `and` between them."""
    words = make()
    while dice.random() < 0.35:
        words += [("and", "CONJ"), *make()]
    return words


def sentence():
    words = one("PRON") if dice.random() < 0.35 else joined(noun_phrase)
    words += one("ADV") if dice.random() < 0.2 else []
    words += joined(lambda: one("VERB"))
    return words + (joined(noun_phrase) if dice.random() < 0.6 else [])


made = (tuple(sentence()) for _ in range(20_000))
sentences = list(dict.fromkeys(words for words in made if 4 <= len(words) <= 14))[:8000]
grammar = texts_data(
    {"train": tuple(zip(*(zip(*words, strict=True) for words in sentences), strict=True))},
    "sequence-labelling",
    name="grammar",
    plan=TextPlan(tokenizer="words"),
)
grammar = prepare(split(grammar, seed=0, validation=0.0, test=0.25))
train, test = grammar.train, grammar.test
print(f"{len(train)} sentences to learn from, {len(test)} others to judge by")

keras.utils.set_random_seed(0)
encoder = kerasdl.create_model(
    "transformer-encoder",
    task="sequence-labelling",
    vocab_size=grammar.inputs.text.vocab_size,
    outputs=len(grammar.classes),
    layers=2,
    heads=4,
    width=48,
    positions="rotary",
    dropout=0.0,
)
batches, epochs = Batches(train.x, train.y, 64, seed=0), 6 if fast else 12
encoder.compile(
    Adam(4e-3 * (Warmup(50) >> Cosine(epochs * batches.steps - 50))),
    SoftmaxCrossEntropy(ignored_index=-1),
    metrics=[TokenAccuracy(ignored_index=-1)],
)
learned = encoder.fit(batches, epochs=epochs, verbose=0).history["token_accuracy"]
print(f"right in the first epoch {learned[0]:.1%}, in the last {learned[-1]:.1%}")

# %% [markdown]
# Against it stand two tables of counts: the label that each word has most often, and the label that
# it has most often after the word before it (0 at the beginning).


# %%
def before_each(rows):
    return np.pad(rows[:, :-1], ((0, 0), (1, 0)))


real = train.y >= 0
alone, pairs = defaultdict(Counter), defaultdict(Counter)
for last, this, label in zip(before_each(train.x)[real], train.x[real], train.y[real], strict=True):
    alone[this][label] += 1
    pairs[last, this][label] += 1


def from_table(last, this):
    table = pairs[last, this] or alone[this]
    return table.most_common(1)[0][0]


counts = test.y >= 0
true, words = test.y[counts], test.x[counts]
said = {
    "most frequent label": [alone[this].most_common(1)[0][0] for this in words],
    "after the word before": list(map(from_table, before_each(test.x)[counts], words)),
    "transformer-encoder": encoder.predict(test.x, batch_size=250, verbose=0).argmax(-1)[counts],
}
either = np.isin(words, np.concatenate(grammar.inputs.text.tokenizer.encode([BOTH])))
print("right                   all words   noun or verb")
for name, labels in said.items():
    hits = np.asarray(labels) == true
    print(f"{name:22} {hits.mean():10.1%} {hits[either].mean():14.1%}")

# %%
for line in ("she plans and dances", "plans and dances ends", "nobody plays walks and lights"):
    made = encoder.predict(grammar.inputs.text.rows([line.split()]), verbose=0)[0].argmax(-1)
    print(" ".join(f"{w}/{grammar.classes[k]}" for w, k in zip(line.split(), made, strict=False)))
plots.confusion_matrix(
    true, np.asarray(said["transformer-encoder"]), grammar.classes, pictures / "labels.png"
)

# %% [markdown]
# Of a noun or verb the word alone says little, its left neighbour much, the whole sentence nearly
# all. On the command line the two networks are
#
#     kerasdl train gpt --data plays.txt
#     kerasdl generate runs/gpt-plays-1 "class "
#     kerasdl look runs/gpt-plays-1 "return self"
#     kerasdl train transformer-encoder --data words.conllu
