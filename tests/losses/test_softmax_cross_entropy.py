import keras
import numpy as np
import pytest

from kerasdl.losses import SoftmaxCrossEntropy

LABELS = np.array([[0, 3, 6], [2, -1, -1]])
WEIGHTS = np.array([1.0, 0.5, 2.0, 0.0, 1.0, 3.0, 0.25], "float32")


@pytest.fixture
def logits(rng):
    return rng.normal(size=(2, 3, 7)).astype("float32")


def torch_reference(logits, labels, **kwargs):
    torch = pytest.importorskip("torch")
    z = torch.tensor(logits.reshape(-1, logits.shape[-1]), dtype=torch.float64, requires_grad=True)
    if "weight" in kwargs:
        kwargs["weight"] = torch.tensor(kwargs["weight"], dtype=torch.float64)
    y = torch.tensor(labels.reshape(-1))
    value = torch.nn.functional.cross_entropy(z, y, ignore_index=-1, **kwargs)
    value.backward()
    return value.item(), z.grad.numpy().reshape(logits.shape)


def test_value_and_gradient_are_torchs_with_smoothing_weights_and_ignored_labels(
    logits, value_and_slope
):
    loss = SoftmaxCrossEntropy(0.2, -1, list(WEIGHTS), reduction="mean_with_sample_weight")
    value, slope = value_and_slope(loss, LABELS, logits)
    expected, expected_slope = torch_reference(logits, LABELS, weight=WEIGHTS, label_smoothing=0.2)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    np.testing.assert_allclose(slope, expected_slope, rtol=1e-4, atol=1e-6)


def test_ignored_labels_leave_the_divisor_and_get_no_gradient(logits, value_and_slope):
    value, slope = value_and_slope(SoftmaxCrossEntropy(ignored_index=-1), LABELS, logits)
    expected, expected_slope = torch_reference(logits, LABELS)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    np.testing.assert_allclose(slope, expected_slope, rtol=1e-4, atol=1e-6)
    assert not slope[1, 1:].any()


def test_loss_is_zero_where_no_token_is_real(logits, value_and_slope):
    loss = SoftmaxCrossEntropy(0.1, ignored_index=-1, z_loss=0.1)
    value, slope = value_and_slope(loss, np.full((2, 3), -1), logits)
    assert value == 0
    assert not slope.any()


def test_mask_of_the_logits_counts_as_padding(logits):
    masked = keras.layers.Masking()(np.where(LABELS[..., None] < 0, 0, logits))
    value = float(keras.ops.convert_to_numpy(SoftmaxCrossEntropy()(np.abs(LABELS), masked)))
    np.testing.assert_allclose(value, torch_reference(logits, LABELS)[0], rtol=1e-5)


def test_weights_of_zero_count_as_padding_and_a_weight_may_be_per_sequence(logits):
    loss, labels = SoftmaxCrossEntropy(), np.abs(LABELS)
    by_token = loss(labels, logits, sample_weight=(LABELS >= 0).astype("float32"))
    np.testing.assert_allclose(float(by_token), torch_reference(logits, LABELS)[0], rtol=1e-5)
    first = loss(labels, logits, sample_weight=np.array([1.0, 0.0], "float32"))
    expected = torch_reference(logits[:1], LABELS[:1])[0]
    np.testing.assert_allclose(float(first), expected, rtol=1e-5)


@pytest.mark.parametrize("reduction, factor", [("sum", 4.0), (None, 4.0)])
def test_other_reductions_are_the_sum_over_real_tokens(logits, reduction, factor):
    loss = SoftmaxCrossEntropy(ignored_index=-1, reduction=reduction)
    terms = keras.ops.convert_to_numpy(loss(LABELS, logits))
    assert terms.shape == (() if reduction else LABELS.shape)
    np.testing.assert_allclose(terms.sum(), factor * torch_reference(logits, LABELS)[0], rtol=1e-5)


def test_normalizer_makes_accumulated_micro_batches_equal_to_the_whole_batch(rng):
    x = rng.normal(size=(4, 5)).astype("float32")
    y = np.array([0, -1, 2, 1])  # one real token in the first micro-batch, two in the second
    kernel = rng.normal(size=(5, 3)).astype("float32")
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, use_bias=False)])
    model.set_weights([kernel])
    # three real tokens in two micro-batches
    loss = SoftmaxCrossEntropy(ignored_index=-1, normalizer=3 / 2)
    model.compile(keras.optimizers.SGD(0.5, gradient_accumulation_steps=2), loss)
    model.fit(x, y, batch_size=2, shuffle=False, verbose=0)

    real, z = y >= 0, x.astype("float64") @ kernel
    p = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    slope = x.T @ ((p - np.eye(3)[y]) * real[:, None] / real.sum())
    np.testing.assert_allclose(model.get_weights()[0], kernel - 0.5 * slope, rtol=1e-5, atol=1e-6)


def test_huge_logits_do_not_overflow():
    logits = np.array([[1e4, -1e4, 0.0]], "float32")
    assert float(SoftmaxCrossEntropy()(np.array([1]), logits)) == 2e4


def test_labels_may_have_a_last_axis_of_one_and_be_floats(logits):
    plain = SoftmaxCrossEntropy(ignored_index=-1)(LABELS, logits)
    other = SoftmaxCrossEntropy(ignored_index=-1)(LABELS[..., None].astype("float32"), logits)
    assert float(plain) == float(other)


def test_no_array_compares_labels_with_the_vocabulary():
    if keras.backend.backend() != "jax":
        pytest.skip("looks at JAX's program")
    import jax

    labels, words = np.zeros((2, 3), "int32"), 1013
    loss = SoftmaxCrossEntropy(0.1, -1, z_loss=0.1)
    program = jax.make_jaxpr(jax.grad(lambda z: loss(labels, z)))(np.zeros((2, 3, words)))
    # a one-hot begins with the numbers of the words
    tables = [v.aval for v in _variables(program.jaxpr) if v.aval.shape[-1:] == (words,)]
    assert tables
    assert not [aval for aval in tables if str(aval.dtype).startswith("int")]

    plain = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    program = jax.make_jaxpr(lambda z: plain(labels, z))(np.zeros((2, 3, words)))
    tables = [v.aval for v in _variables(program.jaxpr) if v.aval.shape[-1:] == (words,)]
    assert [aval for aval in tables if str(aval.dtype).startswith("int")]


def _variables(jaxpr):
    for equation in jaxpr.eqns:
        yield from equation.outvars
        for value in equation.params.values():
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                yield from _variables(inner)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"label_smoothing": 1.0}, r"`label_smoothing` must be in \[0, 1\)\. Received: .*1\.0"),
        ({"z_loss": -1}, r"`z_loss` must be at least 0\. Received: z_loss=-1"),
        ({"class_weights": [1, -2]}, r"`class_weights` must be at least 0\. Received: .*-2"),
        ({"normalizer": 0}, r"`normalizer` must be positive\. Received: normalizer=0"),
        ({"normalizer": 2, "reduction": "sum"}, "`normalizer` needs a reduction that divides"),
        ({"ignored_index": 0.5}, "`ignored_index` must be an integer or None"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        SoftmaxCrossEntropy(**arguments)


def test_shapes_that_do_not_fit_are_shown(logits):
    with pytest.raises(ValueError, match=r"Expected y_true: \(2, 3\), received: \(2, 2\)"):
        SoftmaxCrossEntropy()(LABELS[:, :2], logits)
    with pytest.raises(ValueError, match=r"one number a class\. Expected: 7 .* received: 2"):
        SoftmaxCrossEntropy(class_weights=[1, 2])(np.abs(LABELS), logits)
