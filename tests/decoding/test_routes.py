"""Compiled inference and the largest entries against their plain twins."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasdl.backend import top_k as largest
from kerasdl.backend.compiled import Compiled, choose_route


def plain(tensor):
    return np.asarray(ops.convert_to_numpy(tensor))


def test_a_compiled_function_gives_what_the_plain_one_gives(rng):
    scale = keras.Variable(rng.normal(size=4).astype("float32"))

    def function(x, state):
        return ops.tanh(x * scale), {"sum": [ops.cumsum(x, axis=-1) + state["sum"][0]]}

    x = ops.convert_to_tensor(rng.normal(size=(3, 4)).astype("float32"))
    state = {"sum": [ops.ones((3, 4))]}
    fast = Compiled(function, [scale])
    twin = Compiled(function, [scale], route="plain")
    for value in (1.0, 2.0):
        scale.assign(ops.full((4,), value))
        wanted = np.tanh(plain(x).astype("float64") * value)
        for used in (fast, twin):
            first, second = used(x, state)
            np.testing.assert_allclose(plain(first), wanted, atol=1e-6)
            summed = np.cumsum(plain(x).astype("float64"), -1) + 1
            np.testing.assert_allclose(plain(second["sum"][0]), summed, atol=1e-6)
    assert twin.compilations == 0
    assert fast.compilations == (0 if choose_route() == "plain" else 1)
    fast(x[:1], {"sum": [ops.ones((1, 4))]})
    assert fast.compilations == (0 if choose_route() == "plain" else 2)


def test_pytorch_keeps_no_graph():
    if keras.backend.backend() != "torch":
        pytest.skip("PyTorch alone records gradients without being asked")
    weight = keras.Variable([1.0])
    assert not Compiled(lambda x: x * weight, [weight])(ops.ones(1)).requires_grad


def test_what_xla_cannot_compile_runs_in_a_graph():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("JAX has no other compiler, PyTorch none here")
    tf = pytest.importorskip("tensorflow")

    def function(x):
        return tf.numpy_function(lambda y: 2 * y, [x], tf.float32, stateful=False)

    graph = Compiled(function, [])
    for value in (1.0, 3.0):
        assert float(graph(ops.convert_to_tensor(value))) == 2 * value
    assert graph.compilations == 2  # the refused one too

    def wrong(x):
        return tf.reshape(function(x), [3])

    with pytest.raises(tf.errors.InvalidArgumentError):
        Compiled(wrong, [])(ops.ones(2))


@pytest.mark.parametrize("k", [1, 3, 8, 12])
def test_the_largest_entries_come_in_the_order_of_a_stable_sort(rng, k):
    values = rng.integers(-2, 3, (30, 12)).astype("float32")
    values[values == -2] = -np.inf
    order = np.argsort(-values, axis=-1, kind="stable")[:, :k]
    routes = [None, "torch"] if keras.backend.backend() == "torch" else [None]
    for route in routes:
        found, places = largest.top_k(ops.convert_to_tensor(values), k, route=route)
        np.testing.assert_array_equal(plain(places), order)
        np.testing.assert_array_equal(plain(found), np.take_along_axis(values, order, -1))
    distinct = rng.permutation(60).reshape(5, 12).astype("float32")
    found, places = largest.top_k(ops.convert_to_tensor(distinct), k, route="keras")
    np.testing.assert_array_equal(plain(places), np.argsort(-distinct, -1)[:, :k])
    np.testing.assert_array_equal(plain(found), -np.sort(-distinct, -1)[:, :k])
