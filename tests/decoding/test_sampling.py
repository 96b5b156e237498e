"""What is drawn: frequencies, seeds, and the same numbers on every backend."""

import keras
import numpy as np
import pytest
from scipy import stats

from kerasdl.decoding import Greedy, Sampling, generate
from kerasdl.errors import UserError

DRAWS = 4000


def softmax(row):
    shares = np.exp(row - row.max())
    return shares / shares.sum()


@pytest.mark.parametrize(
    "strategy",
    [
        pytest.param(Sampling(samples=DRAWS), id="plain", marks=pytest.mark.long),
        pytest.param(Sampling(0.6, 3, samples=DRAWS), id="three"),
        pytest.param(Sampling(1.4, samples=DRAWS), id="flatter", marks=pytest.mark.long),
    ],
)
def test_frequencies_are_the_distribution(tables, strategy):
    decoder = tables(seed=2)
    drawn = generate(decoder, [[3]], strategy=strategy, max_new_tokens=2, seed=7).tokens[0]
    row = decoder.table[0, 0, 3].astype("float64") / strategy.temperature
    if strategy.top_k:
        row[np.argsort(row)[: -strategy.top_k]] = -np.inf
    first = softmax(row)
    # The second token too: of the rows whose first is the most frequent one.
    favourite = first.argmax()
    row = decoder.table[1, 3, favourite].astype("float64") / strategy.temperature
    if strategy.top_k:
        row[np.argsort(row)[: -strategy.top_k]] = -np.inf
    for tokens, shares in (
        (drawn[:, 0], first),
        (drawn[drawn[:, 0] == favourite, 1], softmax(row)),
    ):
        counts = np.bincount(tokens, minlength=5)
        assert counts[shares == 0].sum() == 0
        possible = shares > 0
        test = stats.chisquare(counts[possible], shares[possible] * counts.sum())
        assert test.pvalue > 1e-3
        # The check sees a difference: the frequencies are not those of a uniform draw.
        even = np.full(possible.sum(), counts.sum() / possible.sum())
        assert stats.chisquare(counts[possible], even).pvalue < 1e-6


def test_draws_are_those_of_the_seed_by_hand(tables, reference):
    decoder = tables()
    prompts = [[1], [2, 4]]
    made = generate(decoder, prompts, strategy=Sampling(samples=4), max_new_tokens=6, seed=11)
    exact = reference(decoder)
    for number in range(8):
        prompt = prompts[number // 4]
        bits = np.random.Philox(np.random.SeedSequence((11, number)))
        uniforms = np.random.Generator(bits).random(6, dtype="float32")
        new = []
        for uniform in uniforms:
            total = np.cumsum(np.exp(exact.next([*prompt, *new])))
            new.append(int(np.searchsorted(total, uniform, side="right")))
        assert made.tokens[number // 4, number % 4].tolist() == new
        np.testing.assert_allclose(
            made.log_probs[number // 4, number % 4], exact.log_prob(prompt, new), atol=1e-5
        )


def test_a_seed_repeats(tables):
    decoder = tables()

    def tokens(seed):
        strategy = Sampling(samples=4)
        made = generate(decoder, [[0], [1]], strategy=strategy, max_new_tokens=8, seed=seed)
        return made.tokens.tolist()

    assert tokens(1) == tokens(1)
    assert tokens(1) != tokens(2)
    keras.utils.set_random_seed(5)
    first, second = tokens(None), tokens(None)
    keras.utils.set_random_seed(5)
    assert first != second
    assert tokens(None) == first


def test_samples_of_a_prompt_differ(tables):
    made = generate(tables(), [[0], [0]], strategy=Sampling(samples=4), max_new_tokens=9, seed=0)
    assert len({tuple(new) for row in made.sequences() for new in row}) == 8


def test_a_repetition_penalty_counts_the_prompt_and_what_was_drawn(tables):
    decoder = tables(table=np.array([4.0, 3.0, 2.0, 1.0, -99.0]))
    # Halved: 1 (prompt) has 1.5 from the start; 0 has 2.0 once it was taken, a tie with 2.
    penalized = generate(decoder, [[1], [0]], strategy=Greedy(2.0), max_new_tokens=3)
    assert penalized.best() == [[0, 0, 0], [1, 0, 0]]
    stronger = generate(decoder, [[1], [0]], strategy=Greedy(5.0), max_new_tokens=4)
    assert stronger.best() == [[0, 2, 3, 0], [1, 2, 3, 0]]


@pytest.mark.once
@pytest.mark.parametrize("seed", [-1, 1.5, True, "a"])
def test_bad_seeds_are_refused(tables, seed):
    with pytest.raises(UserError, match="`seed` must be a whole number"):
        generate(tables(), [[0]], strategy=Sampling(), max_new_tokens=1, seed=seed)
