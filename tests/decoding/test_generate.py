"""Ends, streams, results and refusals."""

import numpy as np
import pytest

from kerasdl.decoding import BeamSearch, Decoder, Greedy, Sampling, generate, stream
from kerasdl.errors import UserError


@pytest.fixture
def chain(tables):
    """Each token's successor is certain: 0 1 2 3 4 0 ..."""
    return tables(table=20 * np.roll(np.eye(5), 1, axis=1))


def test_each_row_ends_at_its_own_stop_token(chain):
    made = generate(chain, [[1], [3, 4]], stop=[3, 2], max_new_tokens=9)
    assert made.tokens[:, 0].tolist() == [[2, -1, -1], [0, 1, 2]]
    assert made.lengths.tolist() == [[1], [3]]
    assert made.finished.tolist() == [[True], [True]]
    assert made.best() == [[], [0, 1]]
    assert made.best(keep_stop=True) == [[2], [0, 1, 2]]
    assert (made.token_log_probs[0, 0, 1:] == 0).all()


def test_a_row_without_stop_token_ends_at_the_length(chain):
    made = generate(chain, [[0], [3]], stop=4, max_new_tokens=3)
    assert made.best() == [[1, 2, 3], []]
    assert made.finished.tolist() == [[False], [True]]
    own = 20 - np.log(np.exp(20) + 4)
    np.testing.assert_allclose(made.log_probs, [[3 * own], [own]], rtol=1e-4, atol=1e-7)
    np.testing.assert_array_equal(made.scores, made.log_probs)


def test_a_stop_token_in_the_prompt_ends_nothing(chain):
    made = generate(chain, [[4, 2, 4], [4]], stop=4, max_new_tokens=2)
    assert made.best() == [[0, 1], [0, 1]]


def test_a_stream_yields_the_tokens_of_generate(tables):
    decoder = tables()
    how = {"strategy": Sampling(samples=4), "max_new_tokens": 7, "stop": 1, "seed": 3}
    steps = list(stream(decoder, [[0], [2, 3]], **how))
    whole = generate(decoder, [[0], [2, 3]], **how)
    np.testing.assert_array_equal(
        np.stack([step.tokens for step in steps], 1).reshape(whole.tokens.shape), whole.tokens
    )
    np.testing.assert_array_equal(steps[-1].finished.reshape(2, 4), whole.finished)


def test_a_stream_runs_no_step_that_is_not_asked_for(chain):
    seen = []
    for step in stream(chain, [[0], [4]], max_new_tokens=10**6):
        seen.append(step.tokens.tolist())
        if len(seen) == 3:
            break
    assert seen == [[1, 0], [2, 1], [3, 2]]


def test_a_stream_checks_its_arguments_at_once(chain):
    with pytest.raises(UserError, match="prompt 0 is empty"):
        stream(chain, [[]], max_new_tokens=1)
    with pytest.raises(UserError, match="beam search knows its tokens at the end"):
        stream(chain, [[0]], strategy=BeamSearch(), max_new_tokens=1)


@pytest.mark.parametrize("strategy", [Greedy(), Sampling(top_p=0.9), BeamSearch(2)], ids=str)
@pytest.mark.parametrize("bad", [np.nan, np.inf, "no token"])
def test_logits_that_choose_nothing_are_refused(chain, strategy, bad):
    table = chain.table.copy()
    if bad == "no token":
        table[..., 2, :] = -np.inf
    else:
        table[..., 2, 0] = bad
    chain.fill(table)
    with pytest.raises(UserError, match="new token 3 of prompt 1 are NaN, infinite, or -inf"):
        generate(chain, [[3], [0]], strategy=strategy, max_new_tokens=5, stop=4, seed=0)


@pytest.mark.parametrize("strategy", [Greedy(), BeamSearch(2)], ids=str)
def test_bad_logits_after_the_end_are_nobodys_concern(chain, strategy):
    table = chain.table.copy()
    table[..., 2, :] = np.nan
    table[..., 1, :] = [-np.inf, -np.inf, 0, -np.inf, -np.inf]
    chain.fill(table)
    made = generate(chain, [[1], [0]], strategy=strategy, max_new_tokens=2, stop=2)
    assert made.best(keep_stop=True) == [[2], [1, 2]]


def test_tokens_with_minus_infinity_are_forbidden_not_wrong(chain):
    chain.fill(np.array([-np.inf] * 4 + [0]))
    assert generate(chain, [[0], [1]], max_new_tokens=2).best() == [[4, 4]] * 2


class Odd(Decoder):
    def start(self, inputs, batch_size):
        return {"cache": [np.zeros((3, 2), "float32")]}

    def step(self, tokens, state, position):
        return tokens, state


def test_a_state_without_the_batch_first_is_refused(chain):
    with pytest.raises(UserError, match=r"state cache\.0 must have the batch.*shape=\(3, 2\)"):
        generate(Odd(chain.model, 4), [[0]], max_new_tokens=1)
    with pytest.raises(UserError, match=r"inputs must have the batch.*\(B=1, \.\.\.\).*\(2,\)"):
        generate(chain, [[0]], inputs=np.zeros(2), max_new_tokens=1)


@pytest.mark.once
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prompts": []}, "`prompts` must be lists of tokens"),
        ({"prompts": "text"}, "`prompts` must be lists of tokens"),
        ({"prompts": 3}, "`prompts` must be lists of tokens"),
        ({"prompts": [[0.5]]}, "prompt 0 of shape"),
        ({"prompts": [1, 2]}, r"prompt 0 of shape \(\)"),
        ({"prompts": [[0], []]}, "prompt 1 is empty"),
        ({"prompts": [[0], [1, 6]]}, "tokens must be from 0 to 4. Received: 6 in prompt 1"),
        ({"prompts": [[-1]]}, "Received: -1 in prompt 0"),
        ({"prompts": [[0, 1]], "lengths": [3]}, "`lengths` must have shape"),
        ({"prompts": [[0, 1]], "lengths": [1, 1]}, "`lengths` must have shape"),
        ({"prompts": [[0, 1]], "lengths": [0]}, "prompt 0 is empty"),
        ({"padding": "both"}, "`padding` must be 'right' or 'left'"),
        ({"stop": 6}, "`stop` must be a token from 0 to 4"),
        ({"stop": "."}, "`stop` must be a token from 0 to 4"),
        ({"max_new_tokens": 0}, "`max_new_tokens` must be a positive integer"),
        ({"max_new_tokens": None}, "`max_new_tokens` must be given"),
        ({"strategy": "greedy"}, "`strategy` must be Greedy"),
    ],
)
def test_bad_arguments_are_refused(chain, arguments, message):
    with pytest.raises(UserError, match=message):
        generate(chain, **{"prompts": [[0]], "max_new_tokens": 2, **arguments})


@pytest.mark.once
def test_a_prompt_that_leaves_no_room_is_refused(tables):
    decoder = tables(max_length=6)
    message = "prompt 1 has 5 tokens of the 6 .* at most 2 new ones fit.*max_new_tokens=3"
    for strategy in (Greedy(), BeamSearch(2)):
        with pytest.raises(UserError, match=message):
            generate(decoder, [[0], [1] * 5], strategy=strategy, max_new_tokens=3)
        with pytest.raises(UserError, match="at most 0 new ones fit"):
            generate(decoder, [[0] * 7], strategy=strategy)
