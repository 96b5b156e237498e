"""Soft and hard attention over image regions against their formulas, and REINFORCE by draws."""

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.layers import HardImageAttention, ReinforceSurrogate, SoftImageAttention
from kerasdl.layers.reference import (
    coverage_loss,
    hard_image_attention,
    reinforce_gradient,
    soft_image_attention,
)
from kerasdl.testing import check_layer


def _scoring(weights):
    w, u, v = (weights[f"attention/{name}/kernel"] for name in ("query", "memory", "score"))
    return w, u, v[:, 0]


def _soft(weights, query, features):
    gate = (weights["gate/kernel"][:, 0], weights["gate/bias"][0])
    regions = features.reshape(len(features), -1, features.shape[-1])
    looks = [
        [soft_image_attention(q, regions[b], _scoring(weights), gate) for q in query[b]]
        for b in range(len(query))
    ]
    contexts = np.array([[context for context, _ in row] for row in looks])
    maps = np.array([[weights for _, weights in row] for row in looks])
    return [contexts, maps.reshape(*query.shape[:2], *features.shape[1:-1])]


def test_soft_equals_the_formula(array):
    check_layer(
        lambda: SoftImageAttention(4),
        (array(2, 3, 5), array(2, 2, 3, 6)),
        reference=_soft,
        call_kwargs={"return_weights": True},
        only=["matches_reference", "symbolic_matches_eager"],
    )


def test_soft_takes_one_query_and_a_list_of_regions(array, plain):
    layer, query, features = SoftImageAttention(4), array(2, 5), array(2, 2, 3, 6)
    context, weights = layer(query, features, return_weights=True)
    flat_context, flat_weights = layer(query, features.reshape(2, 6, 6), return_weights=True)
    assert weights.shape == (2, 2, 3) and flat_weights.shape == (2, 6)
    np.testing.assert_allclose(plain(context), plain(flat_context), rtol=1e-6)


def test_soft_adds_the_coverage_loss_of_real_words(array, plain):
    layer, query, features = SoftImageAttention(4, coverage=0.7), array(2, 3, 5), array(2, 6, 4)
    _, weights = layer(query, features, lengths=np.array([3, 1]), return_weights=True)
    weights = plain(weights).astype("float64")
    expected = 0.7 * (coverage_loss(weights[0]) + coverage_loss(weights[1, :1])) / 2
    np.testing.assert_allclose(float(plain(layer.losses[0])), expected, rtol=1e-5)


def test_soft_needs_words_for_the_coverage_loss(array):
    with pytest.raises(UserError, match=r"`query` must have shape \(B, T, Q\)"):
        SoftImageAttention(4, coverage=0.1)(array(2, 5), array(2, 6, 4))


def _weights(layer, plain):
    return {
        v.path.removeprefix(layer.name + "/"): plain(v).astype("float64") for v in layer.weights
    }


def test_hard_equals_the_formula_for_what_it_drew(array, plain):
    layer, query, features = HardImageAttention(4, seed=3), array(5, 2, 5), array(5, 2, 3, 6)
    outputs = [plain(y) for y in layer(query, features, return_weights=True, training=True)]
    context, log_probability, entropy, probabilities = outputs
    regions = features.reshape(5, 6, 6)
    scoring = _scoring(_weights(layer, plain))
    for b, t in np.ndindex(5, 2):
        drawn = int(np.argmin(np.abs(regions[b] - context[b, t]).sum(-1)))
        expected = hard_image_attention(query[b, t], regions[b], scoring, drawn)
        np.testing.assert_allclose(context[b, t], expected[0], rtol=1e-6)
        np.testing.assert_allclose(log_probability[b, t], expected[1], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(entropy[b, t], expected[2], rtol=1e-4)
        np.testing.assert_allclose(np.log(probabilities[b, t, drawn]), expected[1], rtol=1e-4)


def test_hard_draws_as_often_as_it_says(array, plain):
    layer, draws = HardImageAttention(4, seed=1), 4000
    query, features = array(1, 5), array(1, 3, 4)
    query, features = np.repeat(query, draws, 0), np.repeat(features, draws, 0)
    context, _, _, probabilities = (
        plain(y) for y in layer(query, features, return_weights=True, training=True)
    )
    drawn = np.argmin(np.abs(features - context[:, None]).sum(-1), axis=-1)
    shares = np.bincount(drawn, minlength=3) / draws
    np.testing.assert_allclose(shares, probabilities[0], atol=4 * 0.5 / np.sqrt(draws))


def test_hard_takes_the_likeliest_region_outside_training(array, plain):
    layer, query, features = HardImageAttention(4), array(3, 5), array(3, 6, 4)
    context, _, _, probabilities = (plain(y) for y in layer(query, features, return_weights=True))
    best = probabilities.argmax(-1)
    np.testing.assert_allclose(context, features[np.arange(3), best], rtol=1e-6)


@pytest.mark.long
def test_hard_replaces_a_share_of_the_draws_by_the_mean(array, plain):
    layer = HardImageAttention(4, expectation_rate=0.5, seed=2)
    query, features = np.repeat(array(1, 5), 600, 0), np.repeat(array(1, 6, 4), 600, 0)
    context, log_probability, _, probabilities = (
        plain(y) for y in layer(query, features, return_weights=True, training=True)
    )
    mixed = np.abs(features - context[:, None]).sum(-1).min(-1) > 1e-4
    mean = probabilities[0] @ features[0]
    np.testing.assert_allclose(
        context[mixed], np.tile(mean, (mixed.sum(), 1)), rtol=1e-4, atol=1e-5
    )
    assert not log_probability[mixed].any() and (log_probability[~mixed] < 0).all()
    assert abs(mixed.mean() - 0.5) < 0.1


def test_surrogate_has_the_reinforce_gradient(array, plain):
    """One SGD step on many draws of one example, against the exact gradient."""
    draws, rewards = 40000, np.array([0.1, 2.0, -1.0])
    features = np.eye(3, dtype="float32")[None]

    inputs = keras.Input((2,)), keras.Input((3, 3))
    layer, surrogate = HardImageAttention(3, seed=4), ReinforceSurrogate()
    context, log_probability, entropy = layer(*inputs)
    reward = keras.ops.matmul(context, keras.ops.convert_to_tensor(rewards[:, None], "float32"))
    output = surrogate(log_probability, keras.ops.squeeze(reward, -1), entropy)
    model = keras.Model(inputs, output)
    surrogate.baseline.assign(0.5)
    # The loss proper has no gradient: the reward does not depend on the weights but by the draw.
    model.compile(keras.optimizers.SGD(1.0), loss=lambda y_true, y_pred: y_pred * 0.0)
    query = array(1, 2)
    v = layer.attention.score.kernel
    before = plain(v).astype("float64")
    w, u = (
        plain(p.kernel)
        for p in (layer.attention.query_projection, layer.attention.memory_projection)
    )
    hidden = np.tanh(query[0] @ w + features[0] @ u).astype("float64")
    probabilities = np.exp(hidden @ before[:, 0])
    probabilities /= probabilities.sum()
    model.train_on_batch(
        [np.repeat(query, draws, 0), np.repeat(features, draws, 0)], np.zeros(draws, "float32")
    )
    step = (plain(v) - before)[:, 0]
    expected = reinforce_gradient(probabilities, rewards) @ hidden
    spread = np.abs(hidden).max() * np.abs(rewards - 0.5).max() / np.sqrt(draws)
    np.testing.assert_allclose(step, expected, atol=5 * spread)
    assert np.abs(expected).max() > 10 * spread
    np.testing.assert_allclose(
        float(plain(surrogate.baseline)), 0.45 + 0.1 * probabilities @ rewards, atol=0.01
    )


def test_surrogate_is_the_formula(array, plain):
    layer = ReinforceSurrogate(weight=2.0, entropy_weight=0.3, momentum=0.8)
    draws, entropy, reward = array(4, 3), np.abs(array(4, 3)), array(4)
    layer.build((4, 3), (4,))
    layer.baseline.assign(0.25)
    out = layer(draws, reward, entropy, training=True)
    np.testing.assert_array_equal(plain(out), reward)
    advantage = reward.astype("float64") - 0.25
    expected = -2 * (advantage[:, None] * draws).sum(1).mean() - 0.3 * entropy.sum(1).mean()
    np.testing.assert_allclose(float(plain(layer.losses[0])), expected, rtol=1e-5)
    np.testing.assert_allclose(float(plain(layer.baseline)), 0.2 + 0.2 * reward.mean(), rtol=1e-5)


def test_surrogate_adds_nothing_outside_training(array):
    layer = ReinforceSurrogate()
    layer(array(4), array(4))
    assert layer.losses == [] and float(layer.baseline.value) == 0


@pytest.mark.long
def test_hard_learns_where_to_look():
    """The region that a query points at holds the class; the others hold noise."""
    generator = np.random.default_rng(0)
    where = generator.integers(0, 4, 2000)
    label = generator.integers(0, 2, 2000)
    features = generator.normal(size=(2000, 4, 3)).astype("float32") * 0.1
    features[:, :, 0] = generator.integers(0, 2, (2000, 4)) * 2 - 1
    features[np.arange(2000), where, 0] = label * 2 - 1
    features = np.concatenate(
        [features, np.broadcast_to(np.eye(4, dtype="float32"), (2000, 4, 4))], -1
    )
    query = np.eye(4, dtype="float32")[where]

    inputs = keras.Input((4,)), keras.Input((4, 7)), keras.Input((), dtype="int32")
    context, log_probability, entropy = HardImageAttention(16, seed=1)(*inputs[:2])
    logits = keras.layers.Dense(2, name="head")(context)
    chances = keras.layers.Lambda(
        lambda pair: keras.ops.sum(
            keras.ops.log_softmax(pair[0]) * keras.ops.one_hot(pair[1], 2), axis=-1
        ),
        output_shape=(),
    )([logits, inputs[2]])
    chances = ReinforceSurrogate(entropy_weight=0.01)(log_probability, chances, entropy)
    model = keras.Model(inputs, [logits, chances])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss=[loss, None])
    model.fit([query, features, label], label, batch_size=50, epochs=40, verbose=0)
    logits, _ = model.predict([query, features, label], verbose=0)
    assert (logits.argmax(-1) == label).mean() > 0.95
