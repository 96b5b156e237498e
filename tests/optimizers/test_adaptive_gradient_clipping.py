import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.optimizers import AdaptiveGradientClipping, Momentum
from kerasdl.testing import check_optimizer


def clipped(weights, gradient, clipping, epsilon):
    """Unit by unit, in a loop."""
    result = np.array(gradient, "float64")
    units = [(..., unit) for unit in range(weights.shape[-1])] if weights.ndim > 1 else [...]
    for unit in units:
        limit = clipping * max(np.linalg.norm(weights[unit]), epsilon)
        norm = np.linalg.norm(gradient[unit])
        if norm > limit:
            result[unit] = gradient[unit] * limit / norm
    return result


def test_units_of_dense_convolution_and_bias_are_clipped_each(rng, steps, same):
    shapes = [(4, 3), (3, 3, 2, 5), (3, 2, 4), (6,), ()]
    start = [np.array(rng.normal(size=shape)) for shape in shapes]
    start[0][:, 1] = 0  # a unit of zero weights
    given = [
        [np.array(rng.normal(size=shape) * rng.choice([1e-3, 1.0])) for shape in shapes]
        for _ in range(3)
    ]
    optimizer = AdaptiveGradientClipping(Momentum(1.0, 0.0), clipping=0.1, epsilon=0.01)
    weights, changed = start, 0
    for entry, actual in zip(given, steps(optimizer, start, given), strict=True):
        limited = [clipped(w, g, 0.1, 0.01) for w, g in zip(weights, entry, strict=True)]
        changed += sum(not np.array_equal(c, g) for c, g in zip(limited, entry, strict=True))
        weights = [w - g for w, g in zip(weights, limited, strict=True)]
        same(actual, weights)
    assert 0 < changed < 15


def test_step_is_optaxs_for_two_and_four_axes(rng, steps, same):
    optax = pytest.importorskip("optax")
    shapes = [(4, 3), (3, 3, 2, 5), (6,)]
    start = [rng.normal(size=shape).astype("float32") for shape in shapes]
    given = [rng.normal(size=shape).astype("float32") for shape in shapes]
    rule = optax.chain(optax.adaptive_grad_clip(0.05, eps=1e-3), optax.sgd(0.5))
    updates, _ = rule.update(given, rule.init(start), start)
    path = steps(AdaptiveGradientClipping(Momentum(0.5, 0.0), clipping=0.05), start, [given])
    same(path[0], optax.apply_updates(start, updates))


def test_excluded_variables_are_left_alone(gradients, start, steps, same):
    given = [[10 * g for g in entry] for entry in gradients(1)]
    optimizer = AdaptiveGradientClipping(Momentum(1.0, 0.0), clipping=0.1, exclude=["w1"])
    path = steps(optimizer, start, given)
    limited = clipped(start[0], given[0][0], 0.1, 1e-3)
    same(path[0], [start[0] - limited, start[1] - given[0][1]])


def test_constant_loss_scale_does_not_change_the_step(gradients, start, steps, same):
    given = gradients(2)
    scaled = [[64 * g for g in entry] for entry in given]
    plain = AdaptiveGradientClipping(Momentum(0.5, 0.0), clipping=0.1)
    inner = Momentum(0.5, 0.0, loss_scale_factor=64.0)
    same(
        steps(AdaptiveGradientClipping(inner, clipping=0.1), start, scaled)[-1],
        steps(plain, start, given)[-1],
    )


def test_embedding_trains(rng):
    """Its gradient is sparse on TensorFlow."""
    model = keras.Sequential(
        [keras.Input((2,), dtype="int32"), keras.layers.Embedding(5, 3), keras.layers.Flatten()]
    )
    before = model.get_weights()[0]
    model.compile(AdaptiveGradientClipping(keras.optimizers.SGD(1.0), clipping=0.1), loss="mse")
    x = np.array([[0, 1], [1, 3]])
    predictions = before[x].reshape(2, 6)
    model.fit(x, np.ones((2, 6), "float32"), verbose=0)
    gradient = np.zeros((5, 3))
    np.add.at(gradient, x.reshape(-1), (2 * (predictions - 1) / 12).reshape(4, 3))
    expected = before - clipped(before, gradient, 0.1, 1e-3)
    np.testing.assert_allclose(model.get_weights()[0], expected, rtol=1e-5, atol=1e-6)


def test_pattern_that_excludes_nothing_is_refused(start, gradients, steps):
    with pytest.raises(UserError, match="`exclude` must have patterns .* Received: 'heda/'"):
        steps(AdaptiveGradientClipping("sgd", exclude=["heda/"]), start, gradients(1))


@pytest.mark.first
def test_kit():
    check_optimizer(lambda: AdaptiveGradientClipping(Momentum(0.05), clipping=0.5))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clipping": 0}, r"`clipping` must be a number > 0\. Received: clipping=0"),
        ({"epsilon": -1}, r"`epsilon` must be a number > 0\. Received: epsilon=-1"),
        ({"exclude": "head"}, r"`exclude` must be a list of patterns\. Received: exclude='head'"),
        ({"exclude": ["("]}, r"`exclude` must hold regular expressions\. Received: '\('"),
        ({"exclude": [3]}, r"`exclude` must hold regular expressions\. Received: 3"),
    ],
)
def test_bad_argument_is_refused(options, message):
    with pytest.raises(UserError, match=message):
        AdaptiveGradientClipping("sgd", **options)
