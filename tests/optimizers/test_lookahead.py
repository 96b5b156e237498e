import keras
import numpy as np
import pytest

from kerasdl.callbacks.weights_at_rest import WeightsAtRest
from kerasdl.errors import UserError
from kerasdl.optimizers import Lookahead, Momentum, Nesterov
from kerasdl.testing import check_optimizer


def heavy_ball(rate=0.1, momentum=0.8):
    """The inner rule in NumPy, with its state kept between calls."""
    velocities = {}

    def step(weights, gradients):
        for i, g in enumerate(gradients):
            velocities[i] = momentum * velocities.get(i, 0.0) + rate * g
        return [w - velocities[i] for i, w in enumerate(weights)]

    return step


def lookahead(start, gradients, inner, sync_period, slow_step):
    """Slow weights after each update; Algorithm 1 of the paper."""
    slow = fast = [np.asarray(w, "float64") for w in start]
    path = []
    for count, gradient in enumerate(gradients, start=1):
        fast = inner(fast, gradient(fast) if callable(gradient) else gradient)
        if count % sync_period == 0:
            slow = [s + slow_step * (f - s) for s, f in zip(slow, fast, strict=True)]
            fast = slow
        path.append(slow)
    return path


def test_slow_weights_after_each_update_are_the_papers(gradients, start, steps, same):
    given = gradients(10)
    path = steps(Lookahead(Momentum(0.1, 0.8), sync_period=3, slow_step=0.4), start, given)
    expected = lookahead(start, given, heavy_ball(), 3, 0.4)
    for actual, wanted in zip(path, expected, strict=True):
        same(actual, wanted)


@pytest.mark.first
def test_slow_weights_after_fits_are_the_papers(problems, point_model, arrays, same):
    """60 calls whose length is no multiple of the period."""
    problem, x = problems.quadratic, np.zeros((2, 1), "float32")
    optimizer = Lookahead(keras.optimizers.SGD(0.05, momentum=0.8), sync_period=5)
    model = point_model(problem.start, problem.loss, optimizer)
    given = [problem.gradient] * 120
    expected = lookahead([problem.start], given, heavy_ball(0.05), 5, 0.5)
    for call in range(60):
        model.fit(x, x, batch_size=1, verbose=0, callbacks=[WeightsAtRest()])
        same(arrays(model.trainable_variables), expected[2 * call + 1], rtol=1e-5, atol=1e-5)


def test_around_nesterov_follows_its_weights_not_its_look_ahead_point(
    problems, gradients, start, steps, same
):
    given = gradients(9)
    path = steps(Lookahead(Nesterov(0.1, 0.8), sync_period=2, slow_step=0.5), start, given)
    expected = lookahead(start, given, heavy_ball(), 2, 0.5)  # the gradients are given, not taken
    for actual, wanted in zip(path, expected, strict=True):
        same(actual, wanted)


def test_around_nesterov_takes_gradients_at_its_look_ahead_point(problems, steps, same):
    problem = problems.quadratic
    optimizer = Lookahead(Nesterov(0.05, 0.8), sync_period=4, slow_step=0.5)
    path = steps(optimizer, [problem.start], [problem.gradient] * 12)

    slow = fast = np.array(problem.start)
    velocity = np.zeros(3)
    for count in range(1, 13):
        velocity = 0.8 * velocity + 0.05 * problem.gradient([fast - 0.8 * velocity])[0]
        fast = fast - velocity
        if count % 4 == 0:
            slow = fast = slow + 0.5 * (fast - slow)
        same(path[count - 1], [slow])


def test_accumulated_batches_count_as_one_update(gradients, start, steps, same):
    given = gradients(8)
    inner = keras.optimizers.SGD(0.1, momentum=0.8, gradient_accumulation_steps=2)
    path = steps(Lookahead(inner, sync_period=2, slow_step=0.5), start, given)
    means = [
        [(a + b) / 2 for a, b in zip(given[i], given[i + 1], strict=True)] for i in range(0, 8, 2)
    ]
    expected = lookahead(start, means, heavy_ball(), 2, 0.5)
    for count, wanted in enumerate(expected):
        same(path[2 * count + 1], wanted)


def test_kit():
    check_optimizer(lambda: Lookahead(Momentum(0.05), sync_period=2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sync_period": 0}, r"`sync_period` must be an integer >= 1\. Received: sync_period=0"),
        (
            {"sync_period": 2.0},
            r"`sync_period` must be an integer >= 1\. Received: sync_period=2\.0",
        ),
        ({"slow_step": 0}, r"`slow_step` must be a number in \(0, 1\]\. Received: slow_step=0"),
        (
            {"slow_step": 1.5},
            r"`slow_step` must be a number in \(0, 1\]\. Received: slow_step=1\.5",
        ),
        ({"clipnorm": 1.0}, r"`clipnorm` must be set on the optimizer inside Lookahead\. Received"),
        ({"learning_rate": 0.1}, r"`learning_rate` must be set on the optimizer inside Lookahead"),
    ],
)
def test_bad_argument_is_refused(options, message):
    with pytest.raises(UserError, match=message):
        Lookahead("sgd", **options)


@pytest.mark.parametrize("optimizer", ["no such optimizer", 3, None, keras.optimizers.SGD])
def test_what_is_no_optimizer_is_refused(optimizer):
    with pytest.raises(
        UserError, match="`optimizer` must be a Keras optimizer or its name. Receiv"
    ):
        Lookahead(optimizer)


def test_inner_average_and_inner_loss_scale_are_refused():
    with pytest.raises(UserError, match="`optimizer` must not average weights itself"):
        Lookahead(keras.optimizers.SGD(use_ema=True))
    with pytest.raises(UserError, match=r"`optimizer` must not scale the loss: write LossScaleOpt"):
        Lookahead(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()))


def test_apply_before_variables_are_known_is_refused():
    with pytest.raises(UserError, match="`trainable_variables` must be given to the first `apply`"):
        Lookahead("sgd").apply([np.zeros(3, "float32")])
