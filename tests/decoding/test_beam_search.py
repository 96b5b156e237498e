"""Beam search against every sequence there is, and against a plain beam."""

import numpy as np
import pytest

from kerasdl.decoding import BeamSearch, Greedy, _beams, generate
from kerasdl.errors import UserError

PROMPTS = [[1], [2, 0, 3]]
VISIBLE = np.array([[True, True, True], [True, True, False]])


@pytest.fixture(scope="module")
def looks():
    return np.random.default_rng(4).uniform(0.02, 1, (5, 3))


@pytest.mark.parametrize(
    ("length_penalty", "coverage_penalty", "stop"),
    [
        (0.0, 0.0, (3,)),
        (0.6, 0.0, (3,)),
        (0.6, 0.4, (3,)),
        pytest.param(1.4, 0.0, (0, 2), marks=pytest.mark.long),
        pytest.param(0.8, 0.0, (), marks=pytest.mark.long),
    ],
)
def test_a_beam_wide_enough_returns_what_brute_force_returns(
    tables, reference, looks, length_penalty, coverage_penalty, stop
):
    decoder = tables(looks=looks)
    strategy = BeamSearch(5**3, length_penalty, coverage_penalty, n_best=6)
    found = generate(
        decoder, PROMPTS, inputs=VISIBLE, strategy=strategy, max_new_tokens=3, stop=stop
    )
    for row, prompt in enumerate(PROMPTS):
        exact = reference(decoder, VISIBLE[row], looks)
        penalties = (length_penalty, coverage_penalty)
        every = list(exact.all(3, stop))
        ranked = sorted(every, key=lambda new: -exact.score(prompt, new, *penalties))[:6]
        assert found.sequences(keep_stop=True)[row] == [list(new) for new in ranked]
        scores = [exact.score(prompt, new, *penalties) for new in ranked]
        np.testing.assert_allclose(found.scores[row], scores, atol=1e-5)
        log_probs = [exact.log_prob(prompt, new) for new in ranked]
        np.testing.assert_allclose(found.log_probs[row], log_probs, atol=1e-5)
        np.testing.assert_allclose(found.token_log_probs[row].sum(-1), log_probs, atol=1e-5)
        assert found.finished[row].tolist() == [new[-1] in stop for new in ranked]
        assert found.lengths[row].tolist() == [len(new) for new in ranked]


def plain_beam(exact, prompt, width, longest, stop, length_penalty):
    """The shrinking beam in lists."""
    beam, whole = [()], []
    while beam:
        longer = [(*old, token) for old in beam for token in range(exact.decoder.vocabulary_size)]
        longer.sort(key=lambda new: -exact.log_prob(prompt, new))
        best = longer[: width - len(whole)]
        ended = [new for new in best if new[-1] in stop]
        beam = [new for new in best if new[-1] not in stop]
        if len(best[0]) == longest:
            ended, beam = best, []
        whole += ended
    return sorted(whole, key=lambda new: -exact.score(prompt, new, length_penalty, 0))


@pytest.mark.parametrize(
    "width", [2, pytest.param(3, marks=pytest.mark.long), pytest.param(4, marks=pytest.mark.long)]
)
def test_a_narrow_beam_keeps_what_a_plain_one_keeps(tables, reference, width):
    decoder = tables(seed=1)
    prompts = [[first, second] for first in range(5) for second in range(5)]
    exact = reference(decoder)
    wanted = [plain_beam(exact, prompt, width, 6, [4], 0.9)[:2] for prompt in prompts]
    for early_stopping in (True, False):
        strategy = BeamSearch(width, 0.9, n_best=2, early_stopping=early_stopping)
        found = generate(decoder, prompts, strategy=strategy, max_new_tokens=6, stop=[4])
        assert found.sequences(keep_stop=True) == [[list(new) for new in row] for row in wanted]
    # The case tells this width from a wider one.
    wider = [plain_beam(exact, prompt, width + 3, 6, [4], 0.9)[:2] for prompt in prompts]
    assert wider != wanted


@pytest.mark.parametrize("length_penalty", [0.0, 2.0])
def test_a_beam_of_one_is_greedy(tables, looks, length_penalty):
    decoder = tables(looks=looks)
    how = {"inputs": VISIBLE, "max_new_tokens": 8, "stop": 3}
    strategy = BeamSearch(1, length_penalty, coverage_penalty=0.5)
    finished = set()
    for first in range(5):
        prompts = [[first], [first, 2, 4]]
        beam = generate(decoder, prompts, strategy=strategy, **how)
        greedy = generate(decoder, prompts, strategy=Greedy(), **how)
        np.testing.assert_array_equal(beam.tokens, greedy.tokens)
        np.testing.assert_array_equal(beam.finished, greedy.finished)
        np.testing.assert_allclose(beam.log_probs, greedy.log_probs, atol=1e-5)
        np.testing.assert_allclose(beam.token_log_probs, greedy.token_log_probs, atol=1e-5)
        finished |= set(beam.finished.ravel().tolist())
    assert finished == {True, False}


def test_early_stopping_saves_steps_and_changes_nothing(tables, monkeypatch):
    taken = []
    add = _beams._Search.add
    monkeypatch.setattr(_beams._Search, "add", lambda *given: (taken.append(1), add(*given))[1])
    # The first token may well be a stop token, the later ones hardly.
    table = np.random.default_rng(0).normal(size=(6, 5, 5, 5))
    table[..., 4] = -9
    table[0, ..., 4] = 3
    decoder = tables(table=table)
    results, counts = [], []
    for early_stopping in (True, False):
        strategy = BeamSearch(2, 0.5, early_stopping=early_stopping)
        taken.clear()
        results.append(generate(decoder, [[0], [2]], strategy=strategy, max_new_tokens=6, stop=4))
        counts.append(len(taken))
    assert counts == [1, 6]
    np.testing.assert_array_equal(results[0].tokens, results[1].tokens)
    np.testing.assert_array_equal(results[0].scores, results[1].scores)


def test_a_beam_with_fewer_sequences_than_asked_for_returns_those(tables):
    strategy = BeamSearch(5**3, n_best=8)
    found = generate(tables(), PROMPTS, inputs=VISIBLE, strategy=strategy, max_new_tokens=1, stop=3)
    for row in range(2):
        assert sorted(found.sequences(keep_stop=True)[row]) == [[0], [1], [2], [3], [4]]
    assert found.lengths.tolist() == [[1] * 5 + [0] * 3] * 2
    assert np.isneginf(found.scores[:, 5:]).all() and np.isfinite(found.scores[:, :5]).all()


def test_equal_continuations_are_taken_by_number(tables):
    decoder = tables(table=np.zeros(5))
    strategy = BeamSearch(2, n_best=2)
    found = generate(decoder, [[0], [3]], strategy=strategy, max_new_tokens=2, stop=4)
    assert found.sequences() == [[[0, 0], [0, 1]]] * 2


def test_forbidden_tokens_are_never_taken(tables):
    decoder = tables(table=np.array([1.0, 2.0, -np.inf, 0.0, -1.0]))
    how = {"inputs": VISIBLE, "strategy": BeamSearch(5**3, n_best=70), "max_new_tokens": 3}
    found = generate(decoder, PROMPTS, **how, stop=3)
    # 3 * 3 * 4 without a stop token before the last place, 3 + 1 that stop sooner
    assert [len(row) for row in found.sequences()] == [40, 40]
    assert 2 not in found.tokens


def test_coverage_without_attention_is_refused(tables):
    with pytest.raises(UserError, match="TableDecoder gives none"):
        generate(tables(), [[0]], strategy=BeamSearch(2, coverage_penalty=0.1), max_new_tokens=1)


@pytest.mark.once
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 0}, "`width` must be a positive integer"),
        ({"width": 2, "n_best": 3}, "`n_best` must be at most width=2. Received: n_best=3"),
        ({"length_penalty": -1.0}, "`length_penalty` must be at least 0"),
        ({"coverage_penalty": float("nan")}, "`coverage_penalty` must be at least 0"),
    ],
)
def test_bad_settings_are_refused(arguments, message):
    with pytest.raises(UserError, match=message):
        BeamSearch(**arguments)
