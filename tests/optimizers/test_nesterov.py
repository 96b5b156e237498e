import keras
import numpy as np
import pytest

from kerasdl.callbacks.weights_at_rest import WeightsAtRest
from kerasdl.errors import UserError
from kerasdl.optimizers import Nesterov
from kerasdl.testing import check_optimizer

ZEROS = np.zeros((200, 1), "float32")


def fit(model, x, y=None, batch_size=1, **kwargs):
    y = x if y is None else y
    return model.fit(x, y, batch_size=batch_size, shuffle=False, verbose=0, **kwargs)


@pytest.mark.parametrize("name", ["quadratic", "rosenbrock"])
def test_weights_after_200_steps_of_fit_are_the_textbooks(
    name, problems, point_model, arrays, same
):
    problem = getattr(problems, name)
    model = point_model(problem.start, problem.loss, Nesterov(problem.rate, momentum=0.9))
    fit(model, ZEROS)
    path = problems.nesterov(
        [problem.start], problem.gradient, 200, rate=problem.rate, momentum=0.9
    )
    same(arrays(model.trainable_variables), path[-1], rtol=1e-5, atol=1e-5)


@pytest.mark.first
@pytest.mark.parametrize("name", ["quadratic", "rosenbrock"])
def test_weights_after_60_fits_are_the_textbooks(name, problems, point_model, arrays, same):
    problem = getattr(problems, name)
    model = point_model(problem.start, problem.loss, Nesterov(problem.rate, momentum=0.9))
    path = problems.nesterov(
        [problem.start], problem.gradient, 180, rate=problem.rate, momentum=0.9
    )
    for call in range(60):
        fit(model, ZEROS[:3], callbacks=[WeightsAtRest()])
        same(arrays(model.trainable_variables), path[3 * call + 2], rtol=1e-5, atol=1e-5)


@pytest.mark.first
def test_weights_after_60_plain_fits_are_those_documented(problems, point_model, arrays, same):
    """Without the callback the first gradient of each later call is taken at the weights."""
    problem = problems.quadratic
    model = point_model(problem.start, problem.loss, Nesterov(problem.rate, momentum=0.9))
    for _ in range(60):
        fit(model, ZEROS[:3])
    path = problems.nesterov(
        [problem.start],
        problem.gradient,
        180,
        rate=problem.rate,
        momentum=0.9,
        first_at_weights=range(3, 180, 3),
    )
    same(arrays(model.trainable_variables), path[-1], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(path[-1][0], [1.0, -0.5, 2.0], atol=1e-2)


@pytest.mark.first
def test_weights_of_a_network_are_the_textbooks(problems, network, examples, arrays, same):
    x, y = examples(800)
    model = network(Nesterov(0.05, momentum=0.9))

    def gradient(weights, step):
        batch = slice(4 * (step % 200), 4 * (step % 200) + 4)
        return problems.network_loss(weights, x[batch].astype("float64"), y[batch])[1]

    path = problems.nesterov(model.get_weights(), gradient, 320, rate=0.05, momentum=0.9)
    fit(model, x, y, batch_size=4)
    same(arrays(model.trainable_variables), path[199], rtol=1e-5, atol=1e-5)
    for call in range(60):  # the same state goes on, two batches a call
        part = slice(8 * call, 8 * call + 8)
        fit(model, x[part], y[part], batch_size=4, callbacks=[WeightsAtRest()])
    same(arrays(model.trainable_variables), path[319], rtol=2e-5, atol=2e-5)


def test_variables_in_training_are_those_of_keras_sgd(gradients, start, arrays, same):
    ours = [keras.Variable(w.astype("float32")) for w in start]
    keras_own = [keras.Variable(w.astype("float32")) for w in start]
    optimizer = Nesterov(0.1, momentum=0.8)
    reference = keras.optimizers.SGD(0.1, momentum=0.8, nesterov=True)
    for entry in gradients(6):
        tensors = [keras.ops.convert_to_tensor(g, "float32") for g in entry]
        optimizer.apply(tensors, ours)
        reference.apply(tensors, keras_own)
        same(arrays(ours), arrays(keras_own), rtol=1e-5, atol=1e-6)


def test_steps_are_those_of_optax_nesterov_seen_at_rest(gradients, start, steps, same):
    """optax holds the look-ahead point: `look-ahead = weights - momentum * velocity`."""
    optax = pytest.importorskip("optax")
    rule = optax.sgd(0.1, momentum=0.8, nesterov=True)
    ahead = [w.astype("float32") for w in start]
    state, given, expected = rule.init(ahead), gradients(5), []
    for entry in given:
        updates, state = rule.update([g.astype("float32") for g in entry], state)
        ahead = optax.apply_updates(ahead, updates)
        trace = state[0].trace
        expected.append([w + 0.8 * 0.1 * t for w, t in zip(ahead, trace, strict=True)])
    path = steps(Nesterov(0.1, momentum=0.8), start, given)
    for actual, wanted in zip(path, expected, strict=True):
        same(actual, wanted)


def test_weight_decay_acts_on_the_weights_meant(gradients, start, steps, same):
    given, weights = gradients(4), [w.copy() for w in start]
    velocities = [np.zeros_like(w) for w in weights]
    path = steps(Nesterov(0.1, momentum=0.8, weight_decay=0.5), start, given)
    for entry, actual in zip(given, path, strict=True):
        velocities = [0.8 * v + 0.1 * g for v, g in zip(velocities, entry, strict=True)]
        weights = [w * (1 - 0.05) - v for w, v in zip(weights, velocities, strict=True)]
        same(actual, weights)


def test_constraint_holds_for_the_weights_meant(gradients, start, steps, same):
    given, weights = gradients(6), [np.abs(w) for w in start]
    velocities = [np.zeros_like(w) for w in weights]
    path = steps(Nesterov(0.3, momentum=0.8), weights, given, constraint=keras.constraints.NonNeg())
    touched = 0
    for entry, actual in zip(given, path, strict=True):
        velocities = [0.8 * v + 0.3 * g for v, g in zip(velocities, entry, strict=True)]
        free = [w - v for w, v in zip(weights, velocities, strict=True)]
        weights = [np.maximum(w, 0) for w in free]
        touched += sum((w < 0).sum() for w in free)
        same(actual, weights)
    assert touched > 0


def test_average_is_of_the_weights_meant(gradients, start, steps, arrays, same):
    given = gradients(5)
    path = steps(Nesterov(0.1), start, given)
    average = path[0]  # Keras starts the average with the first weights
    for weights in path[1:]:
        average = [0.7 * a + 0.3 * w for a, w in zip(average, weights, strict=True)]
    variables = [keras.Variable(w.astype("float32")) for w in start]
    optimizer = Nesterov(0.1, use_ema=True, ema_momentum=0.7)
    for entry in given:
        optimizer.apply([keras.ops.convert_to_tensor(g, "float32") for g in entry], variables)
    optimizer.finalize_variable_values(variables)
    same(arrays(variables), average)


def test_kit():
    def reference(params, grad_fn, steps):
        velocities = [np.zeros_like(p) for p in params]
        for _ in range(steps):
            ahead = [p - 0.9 * v for p, v in zip(params, velocities, strict=True)]
            slopes = grad_fn(ahead)
            velocities = [0.9 * v + 0.05 * g for v, g in zip(velocities, slopes, strict=True)]
            params = [p - v for p, v in zip(params, velocities, strict=True)]
        return params

    check_optimizer(lambda: Nesterov(0.05), reference=reference)


@pytest.mark.parametrize("momentum", [-0.1, 1.0, "0.9", True, float("nan")])
def test_momentum_out_of_range_is_refused(momentum):
    with pytest.raises(UserError, match=r"`momentum` must be a number in \[0, 1\)\. Received: mom"):
        Nesterov(momentum=momentum)


@pytest.mark.parametrize("rate", [-0.1, None, "fast", float("inf")])
def test_bad_learning_rate_is_refused(rate):
    with pytest.raises(UserError, match="`learning_rate` must be a number >= 0. Received: learnin"):
        Nesterov(rate)
