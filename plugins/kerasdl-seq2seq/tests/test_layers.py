import keras
import numpy as np
import pytest
from keras import ops

from kerasdl.errors import UserError
from kerasdl.testing import check_layer
from kerasdl_seq2seq.caption_reinforcement import CaptionReinforcement
from kerasdl_seq2seq.predicted_tokens import PredictedTokens

TOKENS = np.array([[1, 4, 2, 3], [1, 5, 0, 0]], "int32")


def plain(tensor):
    return np.asarray(ops.convert_to_numpy(tensor))


def logits_for(predicted):
    return np.eye(7, dtype="float32")[np.asarray(predicted)]


def test_predicted_tokens_keeps_the_rules(rng):
    logits = rng.normal(size=(2, 4, 7)).astype("float32")
    check_layer(
        lambda: PredictedTokens(0.5, ramp=3, seed=1),
        (TOKENS, logits),
        reference=lambda weights, tokens, logits: tokens,
        trainable=False,
        differentiable=False,
    )


def test_a_prediction_stands_one_place_after_its_logits():
    logits = logits_for([[6, 5, 4, 3], [2, 3, 4, 5]])
    mixed = plain(PredictedTokens(1.0)(TOKENS, logits, training=True))
    np.testing.assert_array_equal(mixed, [[1, 6, 5, 4], [1, 2, 0, 0]])
    np.testing.assert_array_equal(plain(PredictedTokens(1.0)(TOKENS, logits)), TOKENS)


def test_each_place_is_replaced_with_the_share_as_probability():
    tokens, logits = np.full((200, 51), 3, "int32"), logits_for(np.full((200, 51), 5))
    mixed = plain(PredictedTokens(0.3, seed=2)(tokens, logits, training=True))
    assert set(np.unique(mixed)) == {3, 5}
    # Standard error of a share of 10,000 draws: 0.0046.
    assert abs((mixed[:, 1:] == 5).mean() - 0.3) < 0.02
    assert (mixed[:, 1:] == 5).mean(axis=0).std() < 0.06


def test_the_share_grows_over_the_ramp():
    tokens, logits = np.full((100, 101), 3, "int32"), logits_for(np.full((100, 101), 5))
    layer = PredictedTokens(0.8, ramp=4, seed=3)
    shares = [(plain(layer(tokens, logits, training=True))[:, 1:] == 5).mean() for _ in range(6)]
    np.testing.assert_allclose(shares, [0.0, 0.2, 0.4, 0.6, 0.8, 0.8], atol=0.02)


@pytest.mark.once
@pytest.mark.parametrize("bad", [{"share": 1.5}, {"share": True}, {"share": 0.1, "ramp": -1}])
def test_predicted_tokens_refuses(bad):
    with pytest.raises(UserError, match="must be"):
        PredictedTokens(**bad)


def test_caption_reinforcement_keeps_the_rules(rng):
    draws = -rng.uniform(0.1, 2, (2, 4)).astype("float32")
    check_layer(
        lambda: CaptionReinforcement(),
        (rng.normal(size=(2, 4, 7)).astype("float32"), TOKENS, draws, -draws),
        reference=lambda weights, logits, *others: logits,
        trainable=False,
        output_dtype="float32",
    )


def test_caption_reinforcement_adds_the_loss_of_the_formula(rng):
    """Next words 4, 2, 3 and 5; the draws after them do not count; the baseline starts at 0."""
    logits = rng.normal(size=(2, 4, 7))
    log_p = rng.uniform(-2, -0.1, (2, 4))
    entropy = rng.uniform(0.1, 1, (2, 4))
    log_softmax = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    places = [(0, 0, 4), (0, 1, 2), (0, 2, 3), (1, 0, 5)]
    rewards = np.array([log_softmax[place] for place in places])
    drawn = np.array([log_p[place[:2]] for place in places])
    varied = np.array([entropy[place[:2]] for place in places])
    layer = CaptionReinforcement(entropy_weight=0.25)
    given = [x.astype("float32") for x in (logits, log_p, entropy)]
    layer(given[0], TOKENS, given[1], given[2], training=True)
    (loss,) = layer.losses
    expected = -(rewards * drawn).mean() - 0.25 * varied.mean()
    np.testing.assert_allclose(plain(loss), expected, rtol=1e-5)
    baseline = plain(layer.surrogate.baseline)
    np.testing.assert_allclose(baseline, 0.1 * rewards.mean(), rtol=1e-5)


def test_a_batch_without_a_known_word_adds_nothing():
    layer = CaptionReinforcement(entropy_weight=0.0)
    previous = np.array([[1, 0, 0]], "int32")
    draws = -np.ones((1, 3), "float32")
    layer(np.zeros((1, 3, 7), "float32"), previous, draws, -draws, training=True)
    assert float(layer.losses[0]) == 0.0


@pytest.mark.once
def test_caption_reinforcement_refuses_a_negative_weight():
    with pytest.raises(UserError, match="entropy_weight"):
        CaptionReinforcement(entropy_weight=-1.0)


def test_gradient_of_the_draws_is_that_of_the_expected_reward(rng):
    """Two regions with rewards `r`, `p = softmax(s)`: `d/ds sum_k p_k r_k = p (r - sum p r)`."""
    from kerasdl.backend.gradients import value_and_gradients

    size = 4000
    scores = keras.Variable(np.array([0.3, -0.4], "float32"))
    logits_by_region = rng.normal(size=(2, 7)).astype("float32")
    log_softmax = logits_by_region - np.log(np.exp(logits_by_region).sum(-1, keepdims=True))
    r = log_softmax[:, 5].astype("float64")
    p = np.exp([0.3, -0.4]) / np.exp([0.3, -0.4]).sum()
    drawn = (rng.uniform(size=size) > p[0]).astype("int32")
    previous = np.tile(np.array([[1, 5]], "int32"), (size, 1))
    logits = np.zeros((size, 2, 7), "float32")
    logits[:, 0] = logits_by_region[drawn]
    layer = CaptionReinforcement(entropy_weight=0.0)
    layer(logits, previous, np.zeros((size, 2), "float32"), np.zeros((size, 2), "float32"))
    given = [ops.convert_to_tensor(x) for x in (logits, previous)]

    def loss():
        log_p = ops.log_softmax(ops.convert_to_tensor(scores))
        picked = ops.take(log_p, ops.convert_to_tensor(drawn))[:, None]
        picked = ops.concatenate([picked, picked], axis=1)
        called = (*given, picked, ops.zeros_like(picked))
        kept = [variable.value for variable in layer.non_trainable_variables]
        _, _, losses = layer.stateless_call([], kept, *called, training=True, return_losses=True)
        return losses[0]

    _, (found,) = value_and_gradients(loss, [scores])
    # Standard error: |r - b| * p / sqrt(size), about 0.02.
    np.testing.assert_allclose(-plain(found), p * (r - (p * r).sum()), atol=0.1)
