"""What is taken out of the training step: true numbers, and no trace left behind."""

import keras
import numpy as np
import pytest

from kerasdl.callbacks import GradientMonitor, TrainingGuard
from kerasdl.optimizers import sam
from kerasdl.testing.training import jit_compile

RATE = 0.05


def regression(x, y, w, b):
    """Gradients of the mean squared error of a linear model, in float64."""
    error = x @ w + b - y
    return 2 * x.T @ error / len(x), 2 * error.mean(axis=0)


@pytest.fixture
def problem():
    generator = np.random.default_rng(1)
    x = generator.normal(size=(24, 3)).astype("float32")
    return x, generator.normal(size=(24, 1)).astype("float32")


def linear(optimizer, **options):
    keras.utils.set_random_seed(5)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, name="dense")])
    model.compile(optimizer, "mse", **options)
    return model


def expected_norms(problem, model, updates, batches=1):
    """Norms of gradient (of the last batch of an update), weights and update, by hand."""
    w, b = [keras.ops.convert_to_numpy(v).astype("float64") for v in model.trainable_variables]
    rows = []
    for index in range(updates):
        parts = [
            regression(*(a[8 * k : 8 * k + 8].astype("float64") for a in problem), w, b)
            for k in range(index * batches, (index + 1) * batches)
        ]
        gradient = parts[-1]
        step = [RATE * np.mean([part[i] for part in parts], axis=0) for i in (0, 1)]
        sizes = [np.sqrt(sum((a**2).sum() for a in some)) for some in (gradient, (w, b), step)]
        rows.append(sizes)
        w, b = w - step[0], b - step[1]
    return rows


def measured(monitor):
    return [(row.gradient, row.weight, row.update) for row in monitor.history]


@pytest.mark.parametrize("jit", [True, pytest.param(False, marks=pytest.mark.long)])
def test_norms_are_those_of_the_steps_made(problem, fit, jit):
    model, monitor = (
        linear(keras.optimizers.SGD(RATE), jit_compile=jit and jit_compile()),
        GradientMonitor(every=1),
    )
    expected = expected_norms(problem, model, 3)
    fit(model, monitor, x=problem[0], y=problem[1])
    np.testing.assert_allclose(measured(monitor), expected, rtol=1e-4)
    assert [row.step for row in monitor.history] == [0, 1, 2]
    assert [row.size for row in monitor.history] == [4, 4, 4]


def test_norms_under_accumulation_are_taken_where_weights_change(problem, fit):
    x, y = (np.concatenate([a, a[:8]]) for a in problem)
    model = linear(keras.optimizers.SGD(RATE, gradient_accumulation_steps=2))
    expected, monitor = expected_norms((x, y), model, 2, batches=2), GradientMonitor(every=1)
    fit(model, monitor, x=x, y=y)
    np.testing.assert_allclose(measured(monitor), expected, rtol=1e-4)
    assert [row.step for row in monitor.history] == [1, 3]


def test_norms_are_without_the_scale_of_the_loss(problem, fit):
    plain = linear(keras.optimizers.SGD(RATE))
    expected = expected_norms(problem, plain, 3)
    for optimizer in (
        keras.optimizers.SGD(RATE, loss_scale_factor=64.0),
        keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(RATE), initial_scale=64.0),
    ):
        monitor = GradientMonitor(every=1)
        fit(linear(optimizer), monitor, x=problem[0], y=problem[1])
        np.testing.assert_allclose(measured(monitor), expected, rtol=1e-4)


def test_only_every_nth_update_is_read_across_epochs_and_fits(data, classifier, fit):
    model, monitor = classifier(), GradientMonitor(every=3)
    fit(model, monitor, epochs=2)
    assert sorted(monitor.global_norms) == [0, 3, 6]
    fit(model, monitor, epochs=2)
    assert sorted(monitor.global_norms) == [9, 12, 15]


def test_training_is_the_same_with_and_without(classifier, fit, weights):
    reached = []
    for callbacks in ([], [GradientMonitor(every=2), TrainingGuard()]):
        model = classifier(keras.optimizers.Adam(0.01), metrics=["accuracy"])
        history, _ = fit(model, *callbacks, epochs=2)
        reached.append((weights(model), history.history["loss"]))
        assert set(history.history) - {"gradient_norm"} == {"loss", "accuracy"}
    for plain, watched in zip(reached[0][0], reached[1][0], strict=True):
        np.testing.assert_allclose(watched, plain, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(reached[1][1], reached[0][1], rtol=1e-5)


def test_the_model_is_left_as_it_was_and_nothing_is_compiled_twice(classifier, fit, traced):
    model = classifier()
    calls = traced(model.layers[-1])
    fit(model)
    plain, after_plain = model.train_function, calls[0]
    fit(model, GradientMonitor(every=2))
    after_watched = calls[0]
    assert model.train_function is plain
    assert "train_step" not in vars(model)
    fit(model)
    fit(model, GradientMonitor(every=2))
    if keras.backend.backend() != "torch":
        assert after_plain < after_watched == calls[0]


def test_a_fit_broken_off_does_no_harm_to_the_next(classifier, fit, weights):
    def interrupt(batch, logs):
        raise KeyboardInterrupt

    for compiled_again in (False, True):
        model = classifier()
        breaking = keras.callbacks.LambdaCallback(on_train_batch_begin=interrupt)
        with pytest.raises(KeyboardInterrupt):
            fit(model, TrainingGuard(), breaking)
        if compiled_again:
            model.compile("sgd", model.loss)
            model.optimizer.learning_rate = 0.1
        history, _ = fit(model)
        assert set(history.history) == {"loss"}
        monitor = GradientMonitor(every=1)
        fit(model, monitor)
        assert [row.step for row in monitor.history[::2]] == [4, 5, 6, 7]
        other = classifier()
        fit(other, epochs=2)
        for mine, theirs in zip(weights(model), weights(other), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.long
def test_a_step_of_two_backward_passes_is_measured_too(classifier, fit):
    model, monitor = sam(classifier(), rho=0.05), GradientMonitor(every=1)
    fit(model, monitor)
    assert [row.step for row in monitor.history[::2]] == [0, 1, 2, 3]
    for row in monitor.history:
        np.testing.assert_allclose(row.update, 0.1 * row.gradient, rtol=1e-4)


def test_all_works_with_several_steps_per_execution(classifier, fit):
    if keras.backend.backend() == "torch":
        pytest.skip("PyTorch makes one step per execution")
    model, monitor = classifier(steps_per_execution=2), GradientMonitor(every=1)
    fit(model, monitor, TrainingGuard())
    assert [row.step for row in monitor.history[::2]] == [1, 3]
