import keras
import numpy as np
import pytest

from kerasdl.callbacks.weights_at_rest import WeightsAtRest
from kerasdl.errors import UserError
from kerasdl.optimizers import ExponentialMovingAverage
from kerasdl.testing import check_optimizer


def descent(start, gradients, rate=0.1):
    weights, path = [np.asarray(w, "float64") for w in start], []
    for gradient in gradients:
        slopes = gradient(weights) if callable(gradient) else gradient
        weights = [w - rate * g for w, g in zip(weights, slopes, strict=True)]
        path.append(weights)
    return path


def means(path, momentum):
    """The weighted mean, all weights written out."""
    result = []
    for last in range(1, len(path) + 1):
        shares = momentum ** np.arange(last - 1, -1, -1, dtype="float64")
        result.append(
            [
                sum(share * value for share, value in zip(shares, values, strict=True))
                / shares.sum()
                for values in zip(*path[:last], strict=True)
            ]
        )
    return result


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.99])
def test_mean_after_each_update_is_numpys(momentum, gradients, start, steps, same):
    given = gradients(8)
    optimizer = ExponentialMovingAverage(keras.optimizers.SGD(0.1), momentum)
    path = steps(optimizer, start, given)
    for actual, wanted in zip(path, means(descent(start, given), momentum), strict=True):
        same(actual, wanted)


@pytest.mark.first
def test_mean_after_fits_is_numpys(problems, point_model, arrays, same):
    problem, x = problems.quadratic, np.zeros((3, 1), "float32")
    optimizer = ExponentialMovingAverage(keras.optimizers.SGD(0.05), 0.9)
    model = point_model(problem.start, problem.loss, optimizer)
    expected = means(descent([problem.start], [problem.gradient] * 60, 0.05), 0.9)
    for call in range(20):
        model.fit(x, x, batch_size=1, verbose=0, callbacks=[WeightsAtRest()])
        same(arrays(model.trainable_variables), expected[3 * call + 2], rtol=1e-5, atol=1e-5)


def test_accumulated_batches_are_averaged_once(gradients, start, steps, same):
    given = gradients(8)
    inner = keras.optimizers.SGD(0.1, gradient_accumulation_steps=2)
    path = steps(ExponentialMovingAverage(inner, 0.7), start, given)
    pairs = [
        [(a + b) / 2 for a, b in zip(given[i], given[i + 1], strict=True)] for i in range(0, 8, 2)
    ]
    for count, wanted in enumerate(means(descent(start, pairs), 0.7)):
        same(path[2 * count + 1], wanted)


@pytest.mark.first
def test_follows_the_rules():
    def reference(weights, gradient, steps):
        return means(descent(weights, [gradient] * steps, 0.05), 0.8)[-1]

    check_optimizer(
        lambda: ExponentialMovingAverage(keras.optimizers.SGD(0.05), 0.8), reference=reference
    )


@pytest.mark.parametrize("momentum", [-0.1, 1.0, "0.9", True])
def test_bad_argument_is_named(momentum):
    with pytest.raises(UserError, match=r"`momentum` must be a number in \[0, 1\)"):
        ExponentialMovingAverage("sgd", momentum)


def test_second_average_is_refused():
    with pytest.raises(UserError, match="must not average weights itself"):
        ExponentialMovingAverage(keras.optimizers.SGD(0.1, use_ema=True))
