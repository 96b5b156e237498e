"""The chunked route against its full twin and PyTorch; and what it holds in memory."""

import math

import keras
import numpy as np
import pytest

from kerasdl.backend.chunked_cross_entropy import choose_route, head_cross_entropy
from kerasdl.backend.gradients import compiled, value_and_gradients

TOKENS, WIDTH, WORDS = 10, 3, 11
OPTIONS = {"label_smoothing": 0.1, "z_loss": 0.01, "ignored_index": -1}


@pytest.fixture
def case(rng):
    hidden = rng.normal(size=(2, 5, WIDTH))
    kernel, bias = rng.normal(size=(WORDS, WIDTH)), rng.normal(size=WORDS)
    labels = rng.integers(-1, WORDS, size=(2, 5))
    labels[0, 0], labels[1, 1] = -1, WORDS - 1
    return hidden, kernel, bias, labels, rng.normal(size=(2, 5))


def run(case, dtype="float32", **options):
    """Losses, and gradients of their sum with the case's weights."""
    *floats, labels, weights = case
    variables = [keras.Variable(value.astype(dtype), dtype=dtype) for value in floats]
    labels = keras.ops.convert_to_tensor(labels)

    def losses(hidden, kernel, bias):
        return head_cross_entropy(hidden, kernel, bias, labels, **{**OPTIONS, **options})

    def total():
        terms = losses(*(variable.value for variable in variables))
        return keras.ops.sum(terms * keras.ops.cast(weights, terms.dtype))

    _, slopes = value_and_gradients(total, variables, jit_compile=True)
    values = [compiled(losses)(*(variable.value for variable in variables)), *slopes]
    return [keras.ops.convert_to_numpy(keras.ops.cast(value, "float32")) for value in values]


def torch_reference(case):
    torch = pytest.importorskip("torch")
    floats = [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in case[:3]]
    logits = (floats[0] @ floats[1].T + floats[2]).reshape(-1, WORDS)
    labels = torch.tensor(case[3].reshape(-1))
    terms = torch.nn.functional.cross_entropy(
        logits, labels, label_smoothing=0.1, ignore_index=-1, reduction="none"
    )
    terms = terms + 0.01 * torch.logsumexp(logits, -1) ** 2 * (labels >= 0)
    (terms * torch.tensor(case[4].reshape(-1))).sum().backward()
    return [terms.detach().numpy().reshape(2, 5), *(value.grad.numpy() for value in floats)]


@pytest.mark.parametrize(
    "options",
    [
        {"route": "full", "chunk_size": 4},
        {"route": "chunked", "chunk_size": 4},  # a last chunk of 3
        {"route": "chunked", "chunk_size": 1},
        {"route": "chunked", "chunk_size": WORDS},  # one chunk
    ],
)
def test_routes_equal_pytorch_in_value_and_gradients(case, options):
    for value, expected in zip(run(case, **options), torch_reference(case), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5)


def test_gradient_of_ignored_tokens_is_zero(case):
    losses, of_hidden, *_ = run(case, route="chunked", chunk_size=4)
    ignored = case[3] < 0
    assert not losses[ignored].any()
    assert not of_hidden[ignored].any()
    assert of_hidden[~ignored].all()


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_agrees_within_its_rounding(case, dtype):
    for value, expected in zip(
        run(case, dtype, route="chunked", chunk_size=4), torch_reference(case), strict=True
    ):
        np.testing.assert_allclose(value, expected, rtol=0.05, atol=0.05)


def test_huge_logits_do_not_overflow():
    hidden, kernel = np.array([[1e4]], "float32"), np.array([[1.0], [-1.0], [0.0]], "float32")
    loss = head_cross_entropy(hidden, kernel, None, np.array([1]), chunk_size=1)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(loss), [2e4])


def test_route_is_full_only_where_one_chunk_holds_all():
    assert choose_route(100, 100) == "full"
    assert choose_route(101, 100) == "chunked"


def sizes_on_jax(route):
    """Sizes of all arrays in the compiled step's program, loops and custom rules included."""
    import jax

    labels = np.zeros(64, "int32")

    def mean(hidden, kernel):
        terms = head_cross_entropy(hidden, kernel, None, labels, chunk_size=100, route=route)
        return keras.ops.mean(terms)

    step = jax.value_and_grad(mean, argnums=(0, 1))
    shapes = np.zeros((64, 8), "float32"), np.zeros((1013, 8), "float32")
    program = jax.make_jaxpr(step)(*shapes)
    memory = jax.jit(step).lower(*shapes).compile().memory_analysis().temp_size_in_bytes
    return set(_sizes(program.jaxpr)), memory


def _sizes(jaxpr):
    for equation in jaxpr.eqns:
        for variable in equation.outvars:
            yield math.prod(variable.aval.shape)
        for value in equation.params.values():
            for entry in value if isinstance(value, tuple | list) else [value]:
                inner = getattr(entry, "jaxpr", entry)
                if hasattr(inner, "eqns"):
                    yield from _sizes(inner)


def test_no_array_of_all_logits_exists_on_jax():
    if keras.backend.backend() != "jax":
        pytest.skip("looks at JAX's program")
    full, memory_full = sizes_on_jax("full")
    chunked, memory_chunked = sizes_on_jax("chunked")
    assert max(full) == 64 * 1013
    # what is largest is the kernel; the logits of one chunk are smaller
    assert max(chunked) == 1013 * 8
    assert 64 * 100 in chunked
    # measured by the compiler: scratch of at least all logits, and of a chunk's few arrays
    assert memory_full > 4 * 64 * 1013
    assert memory_chunked < 0.5 * memory_full


def test_no_tensor_of_all_logits_is_made_on_torch():
    if keras.backend.backend() != "torch":
        pytest.skip("watches PyTorch's operations")
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Largest(TorchDispatchMode):
        size = 0

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            result = function(*args, **(kwargs or {}))
            for tensor in keras.tree.flatten(result):
                if isinstance(tensor, torch.Tensor):
                    self.size = max(self.size, tensor.numel())
            return result

    largest = {}
    for route in ("full", "chunked"):
        hidden = torch.ones(64, 8, requires_grad=True)
        kernel = torch.ones(1013, 8, requires_grad=True)
        labels = torch.zeros(64, dtype=torch.int64)
        with Largest() as watch:
            head_cross_entropy(
                hidden, kernel, None, labels, chunk_size=100, route=route
            ).sum().backward()
        largest[route] = watch.size
    assert largest == {"full": 64 * 1013, "chunked": 1013 * 8}


def test_no_tensor_of_all_logits_is_in_the_graph_on_tensorflow():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("looks at TensorFlow's graph")
    import tensorflow as tf

    def sizes(route):
        def step(hidden, kernel):
            labels = tf.zeros((64,), "int32")
            with tf.GradientTape() as tape:
                tape.watch([hidden, kernel])
                terms = head_cross_entropy(
                    hidden, kernel, None, labels, chunk_size=100, route=route
                )
            return tape.gradient(terms, [hidden, kernel])

        specs = tf.TensorSpec((64, 8)), tf.TensorSpec((1013, 8))
        graph = tf.function(step, autograph=False).get_concrete_function(*specs).graph
        return set(_graph_sizes(graph))

    assert max(sizes("full")) == 64 * 1013
    chunked = sizes("chunked")
    assert 64 * 100 in chunked
    assert max(chunked) == 1013 * 8


def _graph_sizes(graph):
    """Sizes of all tensors in a graph, the bodies of its loops included."""
    from tensorflow.python.ops import while_v2  # the only way to a loop's body

    for operation in graph.get_operations():
        for tensor in operation.outputs:
            if tensor.shape.is_fully_defined():
                yield tensor.shape.num_elements()
        if operation.type in ("While", "StatelessWhile"):
            yield from _graph_sizes(while_v2._get_graph(operation, "body", "_body_graph"))
