"""Self-attention with several heads against its formula, PyTorch and itself without a cache."""

import keras
import numpy as np
import pytest

from kerasdl.backend.attention import dot_product_attention
from kerasdl.errors import UserError
from kerasdl.layers import MultiHeadAttention
from kerasdl.layers.reference import multi_head_attention
from kerasdl.testing import check_layer

LENGTHS = np.array([5, 2, 1])
SETTINGS = {
    "plain": {},
    "grouped and rotary": {"kv_heads": 2, "positions": "rotary", "rotary_base": 100.0},
    "multi-query and ALiBi": {"kv_heads": 1, "positions": "alibi"},
    "window": {"window": 2},
    "causal": {"causal": True},
    "all": {
        "causal": True,
        "window": 3,
        "positions": "rotary",
        "kv_heads": 2,
        "head_size": 6,
        "output_size": 5,
    },
    "norms": {"qk_norm": True, "kv_heads": 2, "positions": "rotary", "causal": True},
}


def _expected(
    weights,
    inputs,
    *,
    head_size=None,
    kv_heads=4,
    output_size=None,
    lengths=None,
    qk_norm=False,
    **how,
):
    """Projections by hand, then the readable reference, example by example."""
    if "rotary_base" in how:
        how["base"] = how.pop("rotary_base")
    if qk_norm:
        how["norms"] = (weights["query_norm/scale"], weights["key_norm/scale"])
    batch, steps, features = inputs.shape
    size = head_size or features // 4
    rows = inputs @ weights["query_key_value/kernel"] + weights["query_key_value/bias"]
    rows = rows.reshape(batch, steps, 4 + 2 * kv_heads, size)
    query, key, value = np.split(rows, [4, 4 + kv_heads], axis=2)
    lengths = [None] * batch if lengths is None else lengths
    looks = [
        multi_head_attention(query[b], key[b], value[b], length=lengths[b], **how)
        for b in range(batch)
    ]
    heads = np.stack([mean for mean, _ in looks]).reshape(batch, steps, 4 * size)
    output = heads @ weights["output/kernel"] + weights["output/bias"]
    return [output, np.stack([w for _, w in looks])]


@pytest.mark.parametrize("name", SETTINGS)
def test_equals_the_formula(array, name):
    settings = SETTINGS[name]
    check_layer(
        lambda: MultiHeadAttention(4, **settings),
        array(3, 5, 8),
        reference=lambda w, x: _expected(w, x, lengths=LENGTHS, **settings),
        call_kwargs={"lengths": LENGTHS, "return_weights": True},
        only=["matches_reference", "symbolic_matches_eager"],
    )


@pytest.mark.parametrize("name", SETTINGS)
def test_gives_the_same_without_weights_at_real_steps(array, plain, compiled, name):
    layer, inputs = MultiHeadAttention(4, **SETTINGS[name]), array(3, 5, 8)
    layer.build(inputs.shape)
    mask = np.arange(5)[None] < LENGTHS[:, None]
    expected, *outputs = compiled(
        lambda x, lengths, mask: (
            layer(x, lengths=lengths, return_weights=True)[0],
            layer(x, lengths=lengths),
            layer(x, mask=mask),
        )
    )(inputs, LENGTHS, mask)
    expected = plain(expected)
    for output in map(plain, outputs):
        for b, length in enumerate(LENGTHS):
            np.testing.assert_allclose(
                output[b, :length], expected[b, :length], rtol=1e-5, atol=1e-6
            )


def test_equals_pytorch_with_its_weights(array, plain, compiled):
    torch = pytest.importorskip("torch")
    layer, inputs = MultiHeadAttention(2), array(3, 5, 6)
    layer.build(inputs.shape)
    theirs = torch.nn.MultiheadAttention(6, 2, batch_first=True)
    kernel, bias = array(6, 18), array(18)
    out_kernel, out_bias = array(6, 6), array(6)
    layer.input_projection.set_weights([kernel, bias])
    layer.output_projection.set_weights([out_kernel, out_bias])
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.tensor(kernel.T))
        theirs.in_proj_bias.copy_(torch.tensor(bias))
        theirs.out_proj.weight.copy_(torch.tensor(out_kernel.T))
        theirs.out_proj.bias.copy_(torch.tensor(out_bias))
        padding = torch.tensor(np.arange(5)[None] >= LENGTHS[:, None])
        x = torch.tensor(inputs)
        expected = theirs(x, x, x, key_padding_mask=padding, need_weights=False)[0].numpy()
    outputs = compiled(lambda x, n: layer(x, lengths=n))(inputs, LENGTHS)
    np.testing.assert_allclose(plain(outputs), expected, rtol=1e-5, atol=1e-5)


def test_norms_of_queries_and_keys_make_their_size_irrelevant(array, plain, compiled):
    layer, inputs = MultiHeadAttention(2, qk_norm=True), array(2, 4, 6)
    layer.build(inputs.shape)
    run = compiled(lambda x: layer(x, return_weights=True)[1])
    weights = plain(run(inputs))
    np.testing.assert_allclose(plain(run(50 * inputs)), weights, rtol=1e-4, atol=1e-5)
    assert np.abs(weights - 0.25).max() > 1e-2


@pytest.mark.parametrize("positions", [None, "rotary", "alibi"])
def test_leaks_nothing_from_later_steps_when_causal(array, plain, compiled, positions):
    layer = MultiHeadAttention(2, causal=True, positions=positions)
    inputs = array(2, 6, 8)
    changed = inputs.copy()
    changed[:, 3:] = 1e3
    layer.build(inputs.shape)
    run = compiled(layer)
    before, after = plain(run(inputs)), plain(run(changed))
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert np.abs(before[:, 3:] - after[:, 3:]).min() > 0


@pytest.mark.parametrize("name", ["grouped and rotary", "all"])
def test_padding_changes_nothing(array, plain, compiled, name):
    layer, inputs = MultiHeadAttention(4, **SETTINGS[name]), array(3, 5, 8)
    layer.build(inputs.shape)
    padded = plain(compiled(lambda x, lengths: layer(x, lengths=lengths))(inputs, LENGTHS))
    run = compiled(layer)
    for b, length in enumerate(LENGTHS):
        alone = plain(run(inputs[b : b + 1, :length]))
        np.testing.assert_allclose(padded[b, :length], alone[0], rtol=1e-5, atol=1e-6)


def test_gives_the_bias_when_no_step_is_real(array, plain, compiled):
    layer, inputs = MultiHeadAttention(2), array(2, 3, 4)
    layer.build(inputs.shape)
    layer.output_projection.set_weights([array(4, 4), array(4)])
    bias = plain(layer.output_projection.bias)
    outputs = plain(compiled(lambda x, n: layer(x, lengths=n))(inputs, np.array([0, 3])))
    np.testing.assert_allclose(outputs[0], np.broadcast_to(bias, (3, 4)), rtol=1e-6)


CACHED = ["causal", "all", "norms"]


@pytest.mark.parametrize("name", CACHED)
def test_cached_steps_equal_the_whole_sequence(array, plain, compiled, name):
    layer, inputs = MultiHeadAttention(4, **SETTINGS[name]), array(2, 6, 8)
    layer.build(inputs.shape)
    expected, weights = map(plain, compiled(lambda x: layer(x, return_weights=True))(inputs))
    step = compiled(lambda *given: layer.step(*given, return_weights=True))
    cache = layer.initial_cache(batch_size=2, length=9)
    outputs, cache = compiled(lambda x, cache: layer.step(x, cache, 0))(inputs[:, :3], cache)
    parts = [plain(outputs)]
    for t in range(3, 6):
        position = keras.ops.convert_to_tensor(t, dtype="int32")
        output, cache, look = step(inputs[:, t : t + 1], cache, position)
        parts.append(plain(output))
        np.testing.assert_allclose(plain(look)[:, :, 0, :6], weights[:, :, t], rtol=1e-5, atol=1e-6)
        assert not plain(look)[:, :, 0, 6:].any()
    np.testing.assert_allclose(np.concatenate(parts, 1), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("positions", ["rotary", "alibi"])
def test_cached_steps_may_stand_at_different_positions(array, plain, compiled, positions):
    layer, inputs = MultiHeadAttention(2, causal=True, positions=positions), array(2, 5, 8)
    layer.build(inputs.shape)
    prompts, after = np.array([3, 1]), array(2, 2, 8)
    cache = layer.initial_cache(batch_size=2, length=8)
    # The shorter prompt is padded: the steps after it overwrite the padding.
    _, cache = compiled(lambda x, cache: layer.step(x, cache, 0))(inputs[:, :3], cache)
    output, _ = compiled(layer.step)(
        after, cache, keras.ops.convert_to_tensor(prompts, dtype="int32")
    )
    run = compiled(layer)
    for b, length in enumerate(prompts):
        whole = np.concatenate([inputs[b, :length], after[b]])[None]
        np.testing.assert_allclose(
            plain(output)[b], plain(run(whole))[0, -2:], rtol=1e-5, atol=1e-5
        )


def test_cached_step_is_compiled_once(array):
    backend = keras.backend.backend()
    if backend == "torch":
        pytest.skip("PyTorch runs the step as it is")
    layer, inputs, traces = MultiHeadAttention(2, causal=True), array(2, 6, 8), []
    layer.build(inputs.shape)

    def step(x, cache, position):
        traces.append(position)
        return layer.step(x, cache, position)

    if backend == "jax":
        import jax

        compiled = jax.jit(step)
    else:
        import tensorflow as tf

        compiled = tf.function(step, jit_compile=True)
    cache = layer.initial_cache(batch_size=2, length=6)
    for t in range(6):
        x = keras.ops.convert_to_tensor(inputs[:, t : t + 1])
        _, cache = compiled(x, cache, keras.ops.convert_to_tensor(t, dtype="int32"))
    assert len(traces) == 1


@pytest.mark.parametrize("route", ["keras", "jax"])
@pytest.mark.parametrize("how", [{}, {"causal": True}, {"causal": True, "window": 2}])
def test_every_route_equals_the_formula(array, plain, route, how):
    if route == "jax" and keras.backend.backend() != "jax":
        pytest.skip("JAX's route needs JAX")
    query, key, value = array(3, 5, 4, 2), array(3, 5, 2, 2), array(3, 5, 2, 2)
    tensors = [keras.ops.convert_to_tensor(x) for x in (query, key, value)]
    lengths = keras.ops.convert_to_tensor(LENGTHS, dtype="int32")
    outputs = plain(dot_product_attention(*tensors, lengths=lengths, route=route, **how))
    for b, length in enumerate(LENGTHS):
        expected, _ = multi_head_attention(query[b], key[b], value[b], length=length, **how)
        np.testing.assert_allclose(outputs[b, :length], expected[:length], rtol=1e-5, atol=1e-6)


@pytest.mark.gpu
def test_fused_route_on_a_gpu_equals_the_twin(array, plain):
    tensors = [keras.ops.cast(array(3, 64, 4, 64), "bfloat16") for _ in range(3)]
    lengths = keras.ops.convert_to_tensor([64, 20, 1], dtype="int32")
    how = {"causal": True, "window": 16, "lengths": lengths}
    outputs, expected = (
        plain(keras.ops.cast(dot_product_attention(*tensors, route=route, **how), "float32"))
        for route in (None, "keras")
    )
    for b, length in enumerate((64, 20, 1)):
        np.testing.assert_allclose(outputs[b, :length], expected[b, :length], atol=3e-2)


def test_drops_weights_in_training_only(array, plain):
    layer, inputs = MultiHeadAttention(2, dropout=0.5, seed=3), array(2, 4, 8)
    calm = plain(layer(inputs))
    many = np.repeat(inputs, 400, axis=0)
    drawn = plain(layer(many, training=True)).reshape(2, 400, 4, 8)
    assert np.abs(drawn[:, 0] - drawn[:, 1]).max() > 1e-3
    spread = drawn.std(1) / 20
    assert (np.abs(drawn.mean(1) - calm) < 5 * spread + 1e-6).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_heads": 0}, "`num_heads` must be a positive integer. Received: num_heads=0"),
        ({"num_heads": 4, "kv_heads": 3}, "`kv_heads` must divide num_heads=4"),
        ({"num_heads": 4, "dropout": 1.0}, r"`dropout` must be in \[0, 1\)"),
        ({"num_heads": 4, "window": 0}, "`window` must be a positive integer"),
        (
            {"num_heads": 4, "positions": "sin"},
            "`positions` must be one of None, 'rotary', 'alibi'",
        ),
    ],
)
def test_says_what_is_wrong_with_an_argument(arguments, message):
    with pytest.raises(UserError, match=message):
        MultiHeadAttention(**arguments)


def test_says_what_is_wrong_with_a_shape(array):
    with pytest.raises(UserError, match=r"`inputs` must have shape \(B, T, D\).*\(2, 8\)"):
        MultiHeadAttention(2)(array(2, 8))
    with pytest.raises(UserError, match="num_heads=3, D=8"):
        MultiHeadAttention(3)(array(2, 4, 8))
    with pytest.raises(UserError, match="even `head_size`. Received: 3"):
        MultiHeadAttention(2, positions="rotary")(array(2, 4, 6))


def test_says_so_when_the_cache_is_full_or_cannot_be(array):
    layer = MultiHeadAttention(2, causal=True)
    with pytest.raises(UserError, match="build the layer"):
        layer.initial_cache(2, 3)
    layer.build((2, 4, 8))
    cache = layer.initial_cache(2, 3)
    with pytest.raises(UserError, match=r"the cache has 3 steps \(axis S\); 2 new ones .* 2"):
        layer.step(array(2, 2, 8), cache, position=2)
    two_way = MultiHeadAttention(2)
    two_way.build((2, 4, 8))
    with pytest.raises(UserError, match="causal=False"):
        two_way.step(array(2, 1, 8), cache, position=0)
