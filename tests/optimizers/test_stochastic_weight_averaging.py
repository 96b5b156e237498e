import keras
import numpy as np
import pytest

from kerasdl.callbacks.weights_at_rest import WeightsAtRest
from kerasdl.errors import UserError
from kerasdl.optimizers import Momentum, Nesterov, StochasticWeightAveraging
from kerasdl.testing import check_optimizer


def heavy_ball_path(start, gradients, rate=0.1, momentum=0.8):
    weights = [np.asarray(w, "float64") for w in start]
    velocities, path = [0.0 for _ in weights], []
    for gradient in gradients:
        slopes = gradient(weights) if callable(gradient) else gradient
        velocities = [momentum * v + rate * g for v, g in zip(velocities, slopes, strict=True)]
        weights = [w - v for w, v in zip(weights, velocities, strict=True)]
        path.append(weights)
    return path


def means(path, start, period):
    """What is meant after each update: the mean of those collected, or the last weights."""
    collected, result = [], []
    for count, weights in enumerate(path, start=1):
        if count > start and (count - start) % period == 0:
            collected.append(weights)
        chosen = collected or [weights]
        result.append([np.mean(values, axis=0) for values in zip(*chosen, strict=True)])
    return result


@pytest.mark.parametrize(("first", "period"), [(0, 1), (4, 3)])
def test_mean_after_each_update_is_numpys(first, period, gradients, start, steps, same):
    given = gradients(12)
    optimizer = StochasticWeightAveraging(Momentum(0.1, 0.8), start=first, period=period)
    path = steps(optimizer, start, given)
    expected = means(heavy_ball_path(start, given), first, period)
    for actual, wanted in zip(path, expected, strict=True):
        same(actual, wanted)


@pytest.mark.first
def test_mean_after_fits_is_numpys(problems, point_model, arrays, same):
    problem, x = problems.quadratic, np.zeros((3, 1), "float32")
    inner = keras.optimizers.SGD(0.05, momentum=0.8)
    optimizer = StochasticWeightAveraging(inner, start=10, period=4)
    model = point_model(problem.start, problem.loss, optimizer)
    given = [problem.gradient] * 60
    expected = means(heavy_ball_path([problem.start], given, 0.05), 10, 4)
    for call in range(20):
        model.fit(x, x, batch_size=1, verbose=0, callbacks=[WeightsAtRest()])
        same(arrays(model.trainable_variables), expected[3 * call + 2], rtol=1e-5, atol=1e-5)


def test_mean_is_of_what_nesterov_means(gradients, start, steps, same):
    given = gradients(6)
    path = steps(StochasticWeightAveraging(Nesterov(0.1, 0.8)), start, given)
    for actual, wanted in zip(path, means(heavy_ball_path(start, given), 0, 1), strict=True):
        same(actual, wanted)


def test_accumulated_batches_are_averaged_once(gradients, start, steps, same):
    given = gradients(8)
    inner = keras.optimizers.SGD(0.1, momentum=0.8, gradient_accumulation_steps=2)
    path = steps(StochasticWeightAveraging(inner), start, given)
    pairs = [
        [(a + b) / 2 for a, b in zip(given[i], given[i + 1], strict=True)] for i in range(0, 8, 2)
    ]
    expected = means(heavy_ball_path(start, pairs), 0, 1)
    for count, wanted in enumerate(expected):
        same(path[2 * count + 1], wanted)


def test_training_is_not_disturbed(gradients, start, arrays):
    given = gradients(6)
    alone = [keras.Variable(w.astype("float32")) for w in start]
    averaged = [keras.Variable(w.astype("float32")) for w in start]
    inner, outer = keras.optimizers.Adam(0.1), StochasticWeightAveraging(keras.optimizers.Adam(0.1))
    for entry in given:
        tensors = [keras.ops.convert_to_tensor(g, "float32") for g in entry]
        inner.apply(tensors, alone)
        outer.apply(tensors, averaged)
        for expected, actual in zip(arrays(alone), arrays(averaged), strict=True):
            np.testing.assert_array_equal(actual, expected)


@pytest.mark.first
def test_kit():
    check_optimizer(lambda: StochasticWeightAveraging(Momentum(0.05), start=1, period=2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": -1}, r"`start` must be an integer >= 0\. Received: start=-1"),
        ({"period": 0}, r"`period` must be an integer >= 1\. Received: period=0"),
        ({"period": True}, r"`period` must be an integer >= 1\. Received: period=True"),
        ({"use_ema": True}, r"`use_ema` must be set on the optimizer inside StochasticWeightAver"),
    ],
)
def test_bad_argument_is_refused(options, message):
    with pytest.raises(UserError, match=message):
        StochasticWeightAveraging("sgd", **options)
