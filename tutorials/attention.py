# ruff: noqa: I001 (kerasdl is imported before Keras)
# %% [markdown]
# # Sequence to sequence: the bottleneck, attention, beam search
#
# A network reads one sequence and writes another, of another length. We have it read dates as
# people write them, and write them as ISO 8601 does. First all that was read goes through one
# vector, which is too little for long texts. Then the network may look back at what it read:
# attention, by hand and as a layer, and pictures of where it looks. In the end, how to write the
# likeliest text when each step has a choice.
#
# Run it yourself with `python tutorials/attention.py`; `--fast` trains on fewer dates. Pictures go
# to `runs/tutorials/attention/`. Every figure below was printed by the run.

# %%
import itertools
import sys
from pathlib import Path

import kerasdl  # before Keras: it chooses the backend
import keras
import numpy as np

from kerasdl import plots
from kerasdl.data import Batches, dates, train_tokenizer
from kerasdl.decoding import BeamSearch, Decoder, decoder_of, generate
from kerasdl.inside import attention_weights
from kerasdl.layers import AdditiveAttention
from kerasdl.losses import SoftmaxCrossEntropy
from kerasdl.optimizers import Adam
from kerasdl.plots.figure import COLOURS, new_figure, save, tidy
from kerasdl.plugin import Spec

fast = "--fast" in sys.argv
pictures = Path("runs/tutorials/attention")
pictures.mkdir(parents=True, exist_ok=True)
print(f"kerasdl {kerasdl.__version__}, Keras {keras.__version__} on {keras.backend.backend()}")

# %% [markdown]
# ## 1. What goes in, what comes out
#
# The dates are American, Spanish, German and French, in the short forms of each. A text has one to
# three of them, so that texts have different lengths; its first token says the language. In one
# training text of five it is missing, which part 7 makes use of. Tokens are single characters.

# %%
LOCALES = ("en_US", "es", "de", "fr")
TAGS = [f"<{locale}>" for locale in LOCALES]
COUNTS = (1, 2, 1, 3)  # dates in a text, by turns
MOST, LONGEST, TESTED = max(COUNTS), 13, 384
TRAINED = 4096 if fast else 12288


def texts_of(locale, count):
    """Pairs of a text with one, two or three dates, and the same dates in ISO form."""
    pairs = zip(*dates(9 * count, [locale], seed=5), strict=True)
    short = ((text.split(" ", 1)[1], iso) for text, iso in pairs)
    short = ((text, iso) for text, iso in short if len(text) <= LONGEST)
    for number in range(count):
        some = list(itertools.islice(short, COUNTS[number % 4]))
        yield f"<{locale}> {'; '.join(text for text, _ in some)}", " ".join(iso for _, iso in some)


pairs = [pair for locale in LOCALES for pair in texts_of(locale, (TRAINED + TESTED) // 4)]
rng = np.random.default_rng(0)
pairs = [pairs[place] for place in rng.permutation(len(pairs))]
train, test = pairs[:TRAINED], pairs[TRAINED:]
train = [(text.split(" ", 1)[1] if rng.random() < 0.2 else text, iso) for text, iso in train]
for text, iso in test[:6]:
    print(f"{text:45} {iso}")
print(f"{len(train)} texts to learn from, {len(test)} to judge by")

# %% [markdown]
# The decoder writes one character after the other, each by what it has written before. In training
# it is not asked to live with its own mistakes: at every step it gets the *right* last character,
# and is asked for the next. That is teacher forcing. What is given is what is wanted, moved on by
# one place, with a token for the beginning in front; a token for the end is the last to be wanted.

# %%
reading = train_tokenizer([text for text, _ in train], "characters", specials=TAGS)
writing = train_tokenizer([iso for _, iso in train], "characters")


def padded(rows, length):
    return np.stack([np.pad(row, (0, length - len(row))) for row in rows])


def read(texts):
    """Token numbers of texts, a row each, filled up with 0."""
    return padded(reading.encode(texts), READ)


READ = 2 + MOST * LONGEST + 2 * (MOST - 1)
WRITTEN = MOST * 11
sources = read([text for text, _ in train])
wanted = padded(writing.encode([iso for _, iso in train], eos=True), WRITTEN)
given = np.pad(wanted[:, :-1], ((0, 0), (1, 0)), constant_values=writing.bos_id)
given[wanted == 0] = 0

shortest = min(range(len(train)), key=lambda number: len(train[number][1]))
print(f"read    {train[shortest][0]}")
for name, row in (("given", given[shortest]), ("wanted", wanted[shortest])):
    print(f"{name:7}", " ".join(f"{writing.tokens[token]:>5}" for token in row if token))

# %% [markdown]
# ## 2. All through one vector
#
# A recurrent encoder reads the text, in both directions; its last states side by side are the
# *code*. The decoder's state begins from it, and gets it again at each step (`feed_code`). That is
# all it knows of the text, and the code has as many numbers for three dates as for one.

# %%
UNITS = 64
spec = Spec(
    task="sequence-to-sequence",
    vocab_size=reading.vocab_size,
    target_vocab_size=writing.vocab_size,
)


def trained(name, epochs, **config):
    """A network by name, trained with teacher forcing."""
    keras.utils.set_random_seed(0)
    network = kerasdl.create_model(
        name, spec=spec, rnn="gru", units=UNITS, embedding=32, dropout=0.0, **config
    )
    batches = Batches((sources, given), wanted, 32, seed=0)
    rate = keras.optimizers.schedules.CosineDecay(6e-3, epochs * batches.steps)
    network.compile(Adam(rate, clipnorm=1.0), SoftmaxCrossEntropy(ignored_index=0))
    losses = network.fit(batches, epochs=epochs, verbose=0).history["loss"]
    print(
        f"{name}: {network.count_params():,} weights, loss {losses[-1]:.4f} after {epochs} epochs"
    )
    return network


def written(decoder, texts, **how):
    """What a decoder makes of texts, until it writes the token for the end."""
    start = [[writing.bos_id]] * len(texts)
    return generate(
        decoder, start, inputs=read(texts), max_new_tokens=WRITTEN, stop=writing.eos_id, **how
    )


texts, truths = map(list, zip(*test, strict=True))
counts = np.array([len(iso) // 10 for iso in truths])


def judged(made):
    """Whether each text is right as a whole, and which share of its dates."""
    said = [writing.decode(row) for row in made.best()]
    whole = np.array([one == truth for one, truth in zip(said, truths, strict=True)])
    parts = [
        np.mean([a == b for a, b in itertools.zip_longest(one.split(" "), truth.split(" "))])
        for one, truth in zip(said, truths, strict=True)
    ]
    return whole, np.array(parts)


plain = trained("seq2seq-plain", 16, feed_code=True)
print(f"the code has {plain.get_layer('code').output.shape[-1]} numbers")
decoders, firsts, results = {}, {}, {}


def tried(name, network):
    """Has it write all test texts; keeps its decoder, what it wrote and how right that is."""
    decoders[name] = decoder_of(network)
    firsts[name] = written(decoders[name], texts)
    results[name] = judged(firsts[name])


def table():
    print(f"{'':18}  {'texts right':^20}  {'dates right':^20}")
    print(f"{'dates in the text':18}" + 2 * ("  " + "".join(f"{n:6} " for n in range(1, MOST + 1))))
    for name, kinds in results.items():
        cells = [
            "".join(f"{right[counts == n].mean():6.1%} " for n in range(1, MOST + 1))
            for right in kinds
        ]
        print(f"{name:18}  {'  '.join(cells)}")


tried("without attention", plain)
table()

# %% [markdown]
# Three dates are three chances to be wrong. But the right half of the table counts single dates:
# the more there are in a text, the less is right of *each*. That is the bottleneck.
#
# ## 3. Attention by hand
#
# Instead of its last state alone, the encoder may keep all of them, one for each token read: the
# *memory*. At each step the decoder's state is a question (the *query*) to it. Bahdanau's attention
# gives each state a score, by a small network; the softmax makes weights of the scores, which are
# positive and have the sum 1; and the answer is the mean of the states with those weights:
#
#     score[s]  = v · tanh(W query + U memory[s])
#     weight[s] = exp(score[s]) / sum over r of exp(score[r])
#     answer    = sum over s of weight[s] · memory[s]
#
# Four states of three numbers, and one query:

# %%
memory = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]], "float32")
query = np.array([0.5, -1.0], "float32")
layer = AdditiveAttention(5)
layer.build((None, 2), (None, 4, 3))
rng = np.random.default_rng(1)
W, U, v = (rng.normal(size=weight.shape).astype("float32") for weight in layer.get_weights())
layer.set_weights([W, U, v])

scores = np.tanh(query @ W + memory @ U) @ v[:, 0]
weights = np.exp(scores) / np.exp(scores).sum()
answer = weights @ memory
print("state     score  weight")
for state, score, weight in zip(memory, scores, weights, strict=True):
    print(f"{' '.join(f'{number:.0f}' for number in state)}    {score:6.3f}   {weight:.3f}")
print(f"sum of the weights {weights.sum():.3f}, answer {answer.round(3)}")


def by_layer(length):
    pair = layer(query[None], memory[None], lengths=np.array([length]), return_weights=True)
    return [keras.ops.convert_to_numpy(part)[0] for part in pair]


theirs = by_layer(4)
print(
    f"largest difference from the layer: answer {np.abs(theirs[0] - answer).max():.1e}, "
    f"weights {np.abs(theirs[1] - weights).max():.1e}"
)
print(
    f"with the last state as padding: weights {by_layer(3)[1].round(3)}, "
    f"by hand {(weights[:3] / weights[:3].sum()).round(3)}"
)

# %% [markdown]
# ## 4. The bottleneck removed
#
# The same encoder, and a decoder whose every state asks the memory; from state and answer comes the
# next character. All of it is smooth, so gradient descent finds out what to ask. The texts are the
# same, the epochs fewer:

# %%
attentive = trained("seq2seq-attention", 6)
tried("with attention", attentive)
table()

lengths = np.array([len(row) for row in reading.encode(texts)])
edges = np.arange(lengths.min(), lengths.max() + 1, 6)
place = np.digitize(lengths, edges)
figure = new_figure(6.5, 3.6)
axes = tidy(figure.subplots())
for colour, (name, (whole, _)) in zip(COLOURS, results.items(), strict=False):
    groups = [place == n for n in range(1, len(edges) + 1) if np.sum(place == n) >= 8]
    axes.plot(
        [lengths[group].mean() for group in groups],
        [whole[group].mean() for group in groups],
        "o-",
        color=colour,
        label=name,
    )
axes.set(xlabel="tokens read", ylabel="texts wholly right", ylim=(-0.03, 1.03))
axes.legend(frameon=False)
save(figure, pictures / "by_length.png")

# %% [markdown]
# Without attention long texts are lost, after more than twice as many epochs; with it, length
# matters little. From a character written back to the one it was read from is one step of
# attention, and all the steps between where the way is through the code.
#
# ## 5. Where it looks
#
# The weights can be looked at: a row for each character written, a column for each token read, dark
# where the weight is large.

# %%


def looked(texts, isos):
    """Weights `(written, read)` for each pair, and the tokens of both."""
    rows = writing.encode(isos, eos=True)
    before = np.pad(padded(rows, WRITTEN)[:, :-1], ((0, 0), (1, 0)), constant_values=writing.bos_id)
    (found,) = attention_weights(attentive, [read(texts), before]).values()
    columns = [[reading.tokens[token] for token in row] for row in reading.encode(texts)]
    said = [[writing.tokens[token] for token in row] for row in rows]
    cut = [w[: len(a), : len(b)] for w, a, b in zip(found, said, columns, strict=True)]
    return cut, said, columns


right = results["with attention"][0]


def example(locale, count):
    """Number of the first test text of that kind that is written right."""
    return next(n for n in np.flatnonzero(right & (counts == count)) if f"<{locale}>" in texts[n])


chosen = [example("en_US", 1), example("de", 1), example("es", 2), example("fr", 2)]
plots.attention(
    *looked([texts[n] for n in chosen], [truths[n] for n in chosen]), pictures / "attention.png"
)
for n in chosen:
    print(f"{texts[n]:35} {truths[n]}")

# %% [markdown]
# Nobody told it what a year is. Yet it jumps to the end of a date to write the year, comes back
# for the month and ends with the day, mostly each digit from the one that was read; a month written
# in letters is told from the letters. With two dates it does so twice. The first two digits of a
# year are no mere copies: the shortest forms lack them, and only the decade tells 19 from 20. Where
# a dash is due nothing needs to be looked for, and the weights lie anywhere.
#
# So much for four texts. In all test texts with three dates: while one of the dates is written,
# how much of the weight lies on each date of the text? The tag, the marks between the dates and the
# spaces after them get the rest.

# %%


def spans(text):
    """First token of each date and the one after its last; the tag and its space are two."""
    places, start = [], 2
    for one in text.split(" ", 1)[1].split("; "):
        places.append((start, start + len(one)))
        start += len(one) + 2
    return places


three = np.flatnonzero(counts == MOST)
maps, _, _ = looked([texts[n] for n in three], [truths[n] for n in three])
shares = np.zeros((len(three), MOST, MOST))
for which, (n, map_) in enumerate(zip(three, maps, strict=True)):
    for row in range(MOST):
        for column, (first, end) in enumerate(spans(texts[n])):
            own = map_[11 * row : 11 * row + 10, first:end]
            shares[which, row, column] = own.sum(axis=1).mean()
by_date = shares.mean(axis=0)
print("weight on        first  second   third")
for name, row in zip(("first", "second", "third"), by_date, strict=True):
    print(f"writing {name:6} {'  '.join(f'{share:6.1%}' for share in row)}")

# %% [markdown]
# And within a date? German dates like `10.03.2014` have each part at a known place.

# %%
PARTS = {"day": (0, 2), "month": (3, 5), "year": (6, 10)}
ISO = {"year": (0, 4), "month": (5, 7), "day": (8, 10)}
german = [n for n in np.flatnonzero(counts == 1) if "<de>" in texts[n] and len(texts[n]) == 15]
maps, _, _ = looked([texts[n] for n in german], [truths[n] for n in german])
mean = np.mean([map_[:10, 2:] for map_ in maps], axis=0)
by_part = {
    part: {where: mean[a:b, c:d].sum(axis=1).mean() for where, (c, d) in PARTS.items()}
    for part, (a, b) in ISO.items()
}
print(f"{len(german)} dates, weight on  {'  '.join(f'{where:>6}' for where in PARTS)}")
for part, row in by_part.items():
    print(f"writing {part:10}    {'  '.join(f'{share:6.1%}' for share in row.values())}")

# %% [markdown]
# The order is turned round, year first and day last, and the weights follow.
#
# ## 6. Which sequence is the likeliest?
#
# A network gives probabilities for the *next* token. Wanted is the likeliest *sequence*. To take
# the likeliest token at each step (*greedy*) is not the same: a good first step may lead nowhere
# good. A weather report of a few words shows it; each line of the table says what may follow a
# word, and how likely it is. That there are so few words lets us try every report there is.

# %%
WORDS = ["", ".", "light", "heavy", "rain", "snow", "wind"]
FOLLOWS = {
    "": {"light": 0.55, "heavy": 0.45},
    "light": {"rain": 0.4, "snow": 0.3, "wind": 0.3},
    "heavy": {"rain": 0.9, "snow": 0.1},
    "rain": {".": 0.8, "wind": 0.2},
    "snow": {".": 0.6, "wind": 0.4},
    "wind": {".": 1.0},
}
probabilities = np.zeros((len(WORDS), len(WORDS)), "float32")
probabilities[1, 1] = 1  # never asked for: nothing follows the full stop
for word, after in FOLLOWS.items():
    for successor, share in after.items():
        probabilities[WORDS.index(word), WORDS.index(successor)] = share
with np.errstate(divide="ignore"):
    logits = np.log(probabilities)  # what cannot follow has -inf


class Table(Decoder):
    """What follows depends on the last word alone; there is no state to keep."""

    def start(self, inputs, batch_size):
        return {"nothing": keras.ops.zeros((batch_size,))}

    def step(self, tokens, state, position):
        return keras.ops.take(keras.ops.convert_to_tensor(logits), tokens, axis=0), state


def sentence(tokens):
    return " ".join(WORDS[token] for token in tokens)


def probability(tokens):
    """Of a whole sequence: the product of its steps."""
    return np.prod([probabilities[a, b] for a, b in zip((0, *tokens), tokens, strict=False)])


possible = [
    (*middle, 1)
    for length in range(4)
    for middle in itertools.product(range(2, len(WORDS)), repeat=length)
]
likely = sorted(possible, key=probability, reverse=True)
every = sum(probability(tokens) for tokens in possible)
print(f"brute force: {len(possible)} sequences, their probabilities sum to {every:.4f}")
for tokens in likely[:4]:
    print(f"  {probability(tokens):.4f}  {sentence(tokens)}")

words = Table(keras.Sequential(), len(WORDS))


def searched(strategy):
    """Sequences and their probabilities, best first."""
    made = generate(words, [[0]], strategy=strategy, max_new_tokens=4, stop=1)
    sequences = made.sequences(keep_stop=True)[0]
    return list(zip(map(tuple, sequences), np.exp(made.log_probs[0]), strict=False))


((taken, share),) = searched(None)
print(f"greedy:      {share:.4f}  {sentence(taken)}")

# %% [markdown]
# *Beam search* follows several beginnings at a time: at each step it takes every continuation of
# each, and keeps the likeliest few. A sequence that ends is put aside, and in the end the best one
# wins. One place is greedy. Two places find what greedy misses; four, the four likeliest of all.

# %%
for width in (1, 2, 4):
    print(f"width {width}:")
    for tokens, share in searched(BeamSearch(width, n_best=width)):
        print(f"  {share:.4f}  {sentence(tokens)}")

# %% [markdown]
# ## 7. A network in two minds
#
# Is that worth it for the dates? Both ways of writing, by both networks, on the test texts:

# %%
print("                    greedy  beam of 4  likelier texts found")
for name, decoder in decoders.items():
    beamed = written(decoder, texts, strategy=BeamSearch(4))
    before, after = firsts[name].log_probs[:, 0], beamed.log_probs[:, 0]
    better = int(np.sum(after > before + 1e-3))
    print(
        f"{name:18}  {results[name][0].mean():6.1%}  {judged(beamed)[0].mean():9.1%}"
        f"  {better:4} of {len(texts)}"
    )

# %% [markdown]
# A network in doubt often leaves a likelier text for the beam to find. But likelier is not yet
# right: a date that the code did not keep is brought back by no search. The network with attention
# is sure of nearly all it writes, and greedy does.
#
# The other use of the beam is its list. `4/5/88` is the fifth of April to an American, and the
# fourth of May to a Spaniard. What if nobody says who wrote it? In one training text of five the
# tag was missing, so the network has met such texts, though not these. We ask for sixty, each once
# as an American text, once as a Spanish one, once without a tag, and add up the probabilities in
# the lists of the four best. *Mixed* are those with the same number as month and as day.

# %%
known = {one for text, _ in train for one in text.split("> ")[-1].split("; ")}
open_dates = [
    (f"{a}/{b}/{year % 100:02}", f"{year}-{a:02}-{b:02}", f"{year}-{b:02}-{a:02}")
    for year, a, b in itertools.product(range(1970, 2070), range(1, 13), range(1, 13))
    if a != b and f"{a}/{b}/{year % 100:02}" not in known
]
open_dates = [open_dates[n] for n in rng.permutation(len(open_dates))[:60]]
found, shares = {}, {}
print("         American  Spanish  mixed")
for tag in ("<en_US>", "<es>", "no tag"):
    asked = [text if tag == "no tag" else f"{tag} {text}" for text, _, _ in open_dates]
    made = written(decoders["with attention"], asked, strategy=BeamSearch(4, n_best=4))
    found[tag] = [
        {writing.decode(row): float(np.exp(log)) for row, log in zip(rows, logs, strict=True)}
        for rows, logs in zip(made.sequences(), made.log_probs, strict=True)
    ]
    shares[tag] = np.array(
        [
            [
                best.get(american, 0),
                best.get(spanish, 0),
                sum(part for iso, part in best.items() if iso[5:7] == iso[8:]),
            ]
            for best, (_, american, spanish) in zip(found[tag], open_dates, strict=True)
        ]
    )
    print(f"{tag:7}  " + "  ".join(f"{part:7.1%}" for part in shares[tag].mean(axis=0)))

doubt = int(shares["no tag"][:, :2].min(axis=1).argmax())
print(f"most in doubt: {open_dates[doubt][0]}")
figure = new_figure(7.5, 2.6)
for axes, (tag, lists) in zip(figure.subplots(1, 3), found.items(), strict=True):
    names = list(lists[doubt])[::-1]
    tidy(axes).barh(names, [lists[doubt][name] for name in names], color=COLOURS[0])
    axes.set(xlim=(0, 1), xlabel="probability")
    axes.set_title(f"{open_dates[doubt][0]}, {tag}", size=10)
save(figure, pictures / "readings.png")

# %% [markdown]
# Told who wrote it, the network is sure. Untold, it keeps both readings on its list, and the
# probabilities say how far to trust the first. A mixed date read one number twice: digits are
# chosen one by one, and the network must remember, as it writes the day, what it took for the
# month. On the command line the same networks and searches are
#
#     kerasdl train seq2seq-attention --data dates
#     kerasdl predict runs/seq2seq-attention-dates-1 "<de> Dienstag, 5. April 1988"
