import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.optimizers import Nesterov, sam, without_sam


def displaced(weights, gradients, rho, adaptive):
    """Weights plus the step up that SAM takes before its second gradient."""
    sizes = [np.abs(w) if adaptive else np.ones_like(w) for w in weights]
    norm = np.sqrt(sum(((s * g) ** 2).sum() for s, g in zip(sizes, gradients, strict=True)))
    return [w + rho * s**2 * g / norm for w, s, g in zip(weights, sizes, gradients, strict=True)]


def descend(weights, gradient, steps, rate, rho, adaptive=False):
    """SAM with plain gradient descent, in float64."""
    weights = [np.asarray(w, "float64") for w in weights]
    for step in range(steps):
        up = displaced(weights, gradient(weights, step), rho, adaptive)
        slopes = gradient(up, step)
        weights = [w - rate * g for w, g in zip(weights, slopes, strict=True)]
    return weights


@pytest.mark.parametrize("adaptive", [False, True])
def test_steps_on_a_quadratic_are_numpys(adaptive, problems, point_model, arrays, same):
    problem, x = problems.quadratic, np.zeros((40, 1), "float32")
    model = point_model(problem.start, problem.loss, keras.optimizers.SGD(0.05))
    assert sam(model, rho=0.3, adaptive=adaptive) is model
    model.fit(x, x, batch_size=1, verbose=0)
    expected = descend([problem.start], problem.gradient, 40, 0.05, 0.3, adaptive)
    same(arrays(model.trainable_variables), expected, rtol=1e-5, atol=1e-5)
    plain = descend([problem.start], problem.gradient, 40, 0.05, 1e-9)
    assert np.abs(plain[0] - expected[0]).max() > 1e-2


def test_steps_of_a_network_are_numpys_and_the_loss_is_at_the_weights(
    problems, network, examples, arrays, same
):
    x, y = examples(24)
    model = sam(network(keras.optimizers.SGD(0.1)), rho=0.2)
    start = model.get_weights()

    def gradient(weights, step):
        batch = slice(4 * step, 4 * step + 4)
        return problems.network_loss(weights, x[batch].astype("float64"), y[batch])[1]

    history = model.fit(x[:4], y[:4], verbose=0).history
    assert history["loss"][0] == pytest.approx(
        problems.network_loss(start, x[:4], y[:4])[0], rel=1e-5
    )
    model.set_weights(start)
    model.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    same(arrays(model.trainable_variables), descend(start, gradient, 6, 0.1, 0.2), rtol=1e-5)
    loss = problems.network_loss(model.get_weights(), x, y)[0]
    assert model.evaluate(x, y, verbose=0) == pytest.approx(loss, rel=1e-5)


def test_with_nesterov_both_gradients_are_taken_ahead(problems, point_model, arrays, same):
    problem, x = problems.quadratic, np.zeros((10, 1), "float32")
    model = point_model(problem.start, problem.loss, Nesterov(0.05, momentum=0.8))
    sam(model, rho=0.3).fit(x, x, batch_size=1, verbose=0)

    def sharp(ahead, step):
        return problem.gradient(displaced(ahead, problem.gradient(ahead), 0.3, False))

    path = problems.nesterov([problem.start], sharp, 10, rate=0.05, momentum=0.8)
    same(arrays(model.trainable_variables), path[-1], rtol=1e-5, atol=1e-5)


@pytest.mark.first
def test_model_trains_plainly_without_it_and_when_loaded(
    problems, point_model, network, examples, arrays, same, tmp_path
):
    x, y = examples(4)
    model = network(keras.optimizers.SGD(0.1))
    start = model.get_weights()
    sam(model, rho=0.5).fit(x, y, verbose=0)
    sharp = model.get_weights()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    slopes = problems.network_loss(start, x, y)[1]
    plain = [w - 0.1 * g for w, g in zip(start, slopes, strict=True)]
    for each in (without_sam(model), loaded):
        each.set_weights(start)
        each.fit(x, y, verbose=0)
        same(arrays(each.trainable_variables), plain, rtol=1e-5)
    assert max(np.abs(a - b).max() for a, b in zip(sharp, plain, strict=True)) > 1e-3


def test_step_compiles_once_and_runs_eagerly_too(network, examples, arrays, same):
    x, y = examples(8)
    model, eager = (sam(network(keras.optimizers.SGD(0.1), run_eagerly=e)) for e in (False, True))
    counted, layer = [], model.layers[-1]
    original = layer.call
    layer.call = lambda *args, **kwargs: (counted.append(1), original(*args, **kwargs))[1]
    model.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    first = len(counted)
    model.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    if keras.backend.backend() != "torch":
        assert len(counted) == first
    eager.fit(x, y, batch_size=4, shuffle=False, epochs=2, verbose=0)
    same(arrays(model.trainable_variables), arrays(eager.trainable_variables), rtol=1e-5)


@pytest.mark.first
def test_trains_under_mixed_float16(examples):
    x, y = examples(16)
    policy = keras.DTypePolicy("mixed_float16")
    inputs = keras.Input((2,))
    hidden = keras.layers.Dense(3, activation="tanh", dtype=policy)(inputs)
    outputs = keras.layers.Dense(1, dtype="float32")(hidden)
    model = keras.Model(inputs, outputs)
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=2.0**10)
    model.compile(scaled, loss="mse")
    losses = sam(model, rho=0.05).fit(x, y, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("rho", [0, -0.1, "0.05", float("inf")])
def test_bad_radius_is_refused(rho, network):
    with pytest.raises(UserError, match="`rho` must be a number > 0. Received: rho="):
        sam(network("sgd"), rho=rho)


def test_bad_flag_is_refused(network):
    with pytest.raises(
        UserError, match="`adaptive` must be True or False. Received: adaptive='no'"
    ):
        sam(network("sgd"), adaptive="no")


def test_what_is_no_model_is_refused():
    with pytest.raises(UserError, match="`model` must be a Keras model. Received: model='mlp'"):
        sam("mlp")
