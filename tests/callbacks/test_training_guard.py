import re

import keras
import numpy as np
import pytest

from kerasdl.callbacks import TrainingGuard
from kerasdl.errors import UserError
from kerasdl.schedules import Linear


@pytest.fixture
def spoilt(data):
    """The examples with one bad value, in the second batch of eight."""
    x = data[0].copy()
    x[9, 1] = np.nan
    return x


def test_a_bad_input_is_named_and_training_stops(classifier, fit, spoilt, weights, data):
    model, guard = classifier(activation="tanh", metrics=["accuracy"]), TrainingGuard()
    history, messages = fit(model, guard, x=spoilt, epochs=3)
    (event,) = guard.events
    assert event.step == 1
    assert event.tensor == "the input (1 of 24 values, the first at [1, 1]: nan)"
    assert len(messages) == 1 and messages[0].startswith("step 1: not finite: the input (1 of 24")
    assert "Training stops" in messages[0]
    assert len(history.epoch) == 1 and np.isfinite(history.history["loss"][0])
    assert all(np.isfinite(value).all() for value in weights(model))


def test_a_step_that_is_skipped_changes_nothing_at_all(classifier, fit, spoilt, weights, data):
    """Weights, momentum, moving statistics, dropout's seed, metrics: as if without the batch."""

    def make():
        keras.utils.set_random_seed(3)
        model = keras.Sequential(
            [
                keras.Input((3,)),
                keras.layers.Dense(4, "tanh", name="h"),
                keras.layers.BatchNormalization(name="norm"),
                keras.layers.Dropout(0.5, seed=1),
                keras.layers.Dense(2, name="out"),
            ]
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
        return model

    guarded, plain = make(), make()
    watched, messages = fit(guarded, TrainingGuard("skip"), x=spoilt, epochs=2)
    left = np.delete(np.arange(32), np.s_[8:16])
    expected, _ = fit(plain, x=data[0][left], y=data[1][left], epochs=2)
    for mine, theirs in zip(weights(guarded), weights(plain), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)
    for mine, theirs in zip(guarded.optimizer.variables, plain.optimizer.variables, strict=True):
        mine, theirs = (keras.ops.convert_to_numpy(variable) for variable in (mine, theirs))
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)
    for name, values in expected.history.items():
        np.testing.assert_allclose(watched.history[name], values, rtol=1e-5)
    assert len(messages) == 2 and all("The step is skipped" in message for message in messages)


def test_skipping_ends_when_nothing_good_comes(classifier, fit, data):
    guard = TrainingGuard("skip", patience=3)
    history, messages = fit(
        classifier(activation="tanh"), guard, x=np.full((96, 3), np.inf), y=np.zeros(96), epochs=4
    )
    assert len(history.epoch) == 1
    assert "bad steps in a row" in messages[-1]
    assert 3 <= guard.bad_steps <= 12


def test_the_first_bad_tensor_is_named_in_the_order_of_computation(fit):
    keras.utils.set_random_seed(0)
    # Positive throughout, and linear, so that what is huge stays infinite.
    layers = [keras.layers.Dense(4, kernel_initializer="ones", name=f"h{i}") for i in range(3)]
    model = keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(2, name="out")])
    model.compile(keras.optimizers.SGD(0.01), "mse")
    sound = model.get_weights()
    x, plain = np.full((32, 3), 0.5, "float32"), np.ones((32, 2), "float32")

    def first_bad(y=plain, weight=1.0):
        guard = TrainingGuard()
        fit(model, guard, x=x, y=y, sample_weight=np.full(32, 1.0) * weight)
        model.set_weights(sound)
        return guard.events[0].tensor.replace(f"{model.name}/", "")

    kernel = np.ones((4, 4), "float32")
    kernel[2, 3] = np.inf
    model.get_layer("h1").kernel.assign(kernel)
    assert first_bad() == "the weight h1/kernel (1 of 16 values, the first at [2, 3]: inf)"
    model.get_layer("h0").kernel.assign(np.full((3, 4), 1e38, "float32"))
    model.get_layer("h1").kernel.assign(np.full((4, 4), 1e3, "float32"))
    named = "the output of h1 (Dense) (32 of 32 values, the first at [0, 0]: inf)"
    assert first_bad() == named
    target = plain.copy()
    target[0, 1] = np.nan
    assert first_bad(y=target) == "the target (1 of 16 values, the first at [0, 1]: nan)"
    weight = np.where(np.arange(32) == 4, np.inf, 1.0)
    assert first_bad(weight=weight) == ("the sample weight (1 of 8 values, the first at [4]: inf)")


def test_a_gradient_that_overflows_by_itself_is_named(fit):
    @keras.saving.register_keras_serializable(package="tests")
    class Steep(keras.layers.Layer):
        def call(self, x):
            return keras.ops.sqrt(keras.ops.maximum(x, 0.0))  # infinitely steep at 0

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, name="h", use_bias=False), Steep()]
    )
    model.compile("sgd", "mse")
    guard = TrainingGuard()
    fit(model, guard, x=np.zeros((8, 3), "float32"), y=np.ones((8, 4), "float32"))
    assert guard.events[0].tensor == f"the gradient of {model.name}/h/kernel"


@pytest.mark.parametrize("scheduled", [pytest.param(False, marks=pytest.mark.long), True])
def test_weights_and_optimizer_roll_back_and_the_rate_falls(
    scheduled, classifier, fit, spoilt, weights
):
    rate = 0.2 * Linear(10**6, 1.0) if scheduled else 0.2
    model, guard = classifier(keras.optimizers.SGD(rate, 0.9)), TrainingGuard("roll_back")
    model.layers[0].activation = keras.ops.tanh
    before = weights(model)
    # The last batch of the epoch: nothing is trained after the weights went back.
    bad_last = np.roll(spoilt, 16, axis=0)
    _, messages = fit(model, guard, x=bad_last)
    assert guard.events[0].step == 3
    assert "Back to the weights before step 0; learning rate 0.2 -> 0.1" in messages[0]
    for mine, theirs in zip(weights(model), before, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert int(keras.ops.convert_to_numpy(model.optimizer.iterations)) == 0
    assert float(keras.ops.convert_to_numpy(model.optimizer.learning_rate)) == pytest.approx(0.1)


def test_it_rolls_back_to_the_snapshot_before_the_last_and_gives_up(classifier, fit, spoilt, data):
    x = np.concatenate([data[0]] * 3 + [spoilt])
    y = np.concatenate([data[1]] * 4)
    model = classifier(activation="tanh")
    guard = TrainingGuard("roll_back", attempts=2, snapshot_every=5)
    history, messages = fit(model, guard, x=x, y=y, epochs=9)
    assert [event.step for event in guard.events] == [13, 29, 45]
    # On JAX the next snapshot may be made before the host hears of the bad step.
    assert re.search("before step (5|10); learning rate 0.1 -> 0.05", messages[0])
    assert "learning rate 0.05 -> 0.025" in messages[1]
    assert "Training stops: it has been rolled back 2 times" in messages[2]
    assert len(history.epoch) == 3


def test_a_sound_training_goes_undisturbed(classifier, fit):
    model = classifier()
    for action in ("stop", "skip", "roll_back"):
        guard = TrainingGuard(action)
        history, messages = fit(model, guard, epochs=2)
        assert (guard.events, messages, guard.bad_steps, len(history.epoch)) == ([], [], 0, 2)


def test_overflow_under_loss_scaling_is_left_to_the_scale(classifier, fit, data):
    huge = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=3e38)
    model, guard = classifier(huge), TrainingGuard()
    history, messages = fit(model, guard, epochs=3, x=100 * data[0])
    assert (guard.events, messages, len(history.epoch)) == ([], [], 3)
    assert float(keras.ops.convert_to_numpy(huge.dynamic_scale)) < 3e38  # gradients did overflow


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"action": "pray"}, "`action` must be 'stop', 'skip' or 'roll_back'"),
        ({"patience": 0}, "`patience` must be an integer >= 1. Received: patience=0"),
        ({"factor": 1.0}, "`factor` must be a number in (0, 1). Received: factor=1.0"),
        ({"attempts": 0}, "`attempts` must be an integer >= 1. Received: attempts=0"),
        ({"snapshot_every": 0}, "`snapshot_every` must be an integer >= 1"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(UserError) as caught:
        TrainingGuard(**arguments)
    assert message in str(caught.value)
