"""Batches: which samples, in which order, and where a resumed run goes on."""

import keras
import numpy as np
import pytest

from kerasdl.data import Batches, order
from kerasdl.errors import UserError

COUNT, SIZE, SEED = 7, 3, 5  # three batches an epoch, the last one short
STEPS = 3
X = np.linspace(-1, 1, COUNT * 2).reshape(COUNT, 2).astype("float32")
Y = (X @ np.array([[1.5], [-0.5]]) + 0.1 * np.arange(COUNT)[:, None]).astype("float32")
START = np.array([[0.3], [-0.2]])
RATE = 0.1


def by_hand(numbers):
    """Weights after gradient descent on the mean squared error over these batches, in float64."""
    w = START.copy()
    for epoch, batch in numbers:
        rows = order(SEED, epoch, COUNT)[batch * SIZE : (batch + 1) * SIZE]
        x, y = X[rows].astype("float64"), Y[rows].astype("float64")
        w -= RATE * 2 / len(rows) * x.T @ (x @ w - y)
    return w


def whole_epochs(*epochs):
    return [(epoch, batch) for epoch in epochs for batch in range(STEPS)]


@pytest.fixture(scope="module")
def compiled():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(RATE), "mse")
    return model


@pytest.fixture
def model(compiled):
    compiled.set_weights([START])
    return compiled


@pytest.fixture
def batches():
    return Batches(X, Y, SIZE, seed=SEED)


def assert_trained_on(model, numbers):
    np.testing.assert_allclose(model.get_weights()[0], by_hand(numbers), rtol=1e-5, atol=1e-6)


def test_batches_hold_the_order_of_seed_and_epoch(batches):
    rows = order(SEED, 0, COUNT)
    assert len(batches) == STEPS
    for number, expected in enumerate((rows[:3], rows[3:6], rows[6:])):
        x, y = batches[number]
        np.testing.assert_array_equal(x, X[expected])
        np.testing.assert_array_equal(y, Y[expected])


def test_batches_keep_the_given_order_without_shuffle():
    batches = Batches(X, Y, SIZE, seed=SEED, shuffle=False)
    np.testing.assert_array_equal(np.concatenate([batches[i][0] for i in range(STEPS)]), X)


def test_batches_carry_weights_and_structures():
    batches = Batches(
        {"a": X, "b": (X[:, 0], Y)}, Y, SIZE, shuffle=False, sample_weight=np.arange(COUNT)
    )
    x, y, weight = batches[2]
    np.testing.assert_array_equal(x["a"], X[6:])
    np.testing.assert_array_equal(x["b"][0], X[6:, 0])
    np.testing.assert_array_equal(x["b"][1], Y[6:])
    np.testing.assert_array_equal(y, Y[6:])
    np.testing.assert_array_equal(weight, [6])
    assert len(Batches(X, batch_size=SIZE)[0]) == 1


def test_float64_arrays_come_in_keras_float_type():
    x, y = Batches(X.astype("float64"), np.arange(COUNT), SIZE)[0]
    assert (x.dtype, y.dtype) == ("float32", "int64")


def test_fit_sees_each_batch_once_in_order_over_epochs(model, batches):
    model.fit(batches, epochs=4, verbose=0)
    assert_trained_on(model, whole_epochs(0, 1, 2, 3))
    assert batches.state() == {"seed": SEED, "epoch": 4, "batch": 0}


def test_fit_order_is_free_of_global_random_state(model, batches):
    keras.utils.set_random_seed(1)
    model.fit(batches, epochs=1, verbose=0, shuffle=True)
    keras.utils.set_random_seed(2)
    model.fit(batches, epochs=1, verbose=0, shuffle=False)
    assert_trained_on(model, whole_epochs(0, 1))


def test_a_second_fit_goes_on_with_the_next_epoch(model, batches):
    model.fit(batches, epochs=2, verbose=0)
    model.fit(batches, initial_epoch=2, epochs=3, verbose=0)
    assert_trained_on(model, whole_epochs(0, 1, 2))


def test_a_fit_that_builds_its_model_begins_with_epoch_zero(batches):
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(RATE), "mse")
    model.fit(batches, epochs=2, verbose=0)
    fresh = Batches(X, Y, SIZE, seed=SEED)
    w = np.ones((2, 1))
    for _ in range(2):
        for number in range(STEPS):
            x, y = (part.astype("float64") for part in fresh.batch(number))
            w -= RATE * 2 / len(x) * x.T @ (x @ w - y)
        fresh.restore({**fresh.state(), "epoch": 1})
    np.testing.assert_allclose(model.get_weights()[0], w, rtol=1e-5, atol=1e-6)
    assert batches.state()["epoch"] == 2


@pytest.mark.parametrize("size", [COUNT, 4])
def test_building_a_model_counts_as_no_epoch(size):
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(RATE), "mse")
    batches = Batches(X, Y, size, seed=SEED)
    model.fit(batches, epochs=2, verbose=0)
    assert batches.state() == {"seed": SEED, "epoch": 2, "batch": 0}


def test_restored_at_an_epoch_a_new_object_goes_on_there(model, batches):
    batches.restore({"seed": SEED, "epoch": 3, "batch": 0})
    model.fit(batches, initial_epoch=3, epochs=5, verbose=0)
    assert_trained_on(model, whole_epochs(3, 4))


def test_restored_in_the_middle_the_rest_of_the_epoch_comes_and_no_more(model, batches):
    batches.restore({"seed": SEED, "epoch": 3, "batch": 1})
    assert len(batches) == STEPS - 1
    model.fit(batches, initial_epoch=3, epochs=4, verbose=0)
    assert len(batches) == STEPS
    model.fit(batches, initial_epoch=4, epochs=5, verbose=0)
    assert_trained_on(model, [(3, 1), (3, 2), *whole_epochs(4)])


def test_a_second_epoch_after_the_middle_in_one_fit_is_refused(model, batches):
    batches.restore({"seed": SEED, "epoch": 3, "batch": 2})
    with pytest.raises(UserError, match=r"initial_epoch=3, epochs=4.*initial_epoch=4"):
        model.fit(batches, initial_epoch=3, epochs=5, verbose=0)
    assert_trained_on(model, [(3, 2)])


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_restored_by_a_callback_in_the_middle_later_epochs_are_whole(model, batches):
    class Restore(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            batches.restore({"seed": SEED, "epoch": 1, "batch": 2})

    model.fit(batches, initial_epoch=1, epochs=4, verbose=0, callbacks=[Restore()])
    assert_trained_on(model, [(1, 2), *whole_epochs(2, 3)])


def test_state_in_a_callback_counts_the_steps_done(model, batches):
    states = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            states.append(batches.state(steps=batch + 1))

        def on_epoch_end(self, epoch, logs=None):
            states.append(batches.state())

    batches.restore({"seed": SEED, "epoch": 0, "batch": 1})
    model.fit(batches, epochs=1, verbose=0, callbacks=[Watch()])
    expected = [(0, 2), (1, 0), (1, 0)]
    assert states == [{"seed": SEED, "epoch": e, "batch": b} for e, b in expected]


def test_an_epoch_broken_off_begins_again(model, batches):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    model.fit(batches, epochs=1, verbose=0, callbacks=[Stop()])
    model.fit(batches, epochs=1, verbose=0)
    assert_trained_on(model, [(0, 0), (0, 1), *whole_epochs(0)])


def test_validation_by_batches_leaves_the_training_order_alone(model, batches):
    held_out = Batches(X, Y, 2, shuffle=False)
    history = model.fit(batches, epochs=2, verbose=0, validation_data=held_out)
    assert_trained_on(model, whole_epochs(0, 1))
    error = np.mean((X.astype("float64") @ by_hand(whole_epochs(0, 1)) - Y) ** 2)
    np.testing.assert_allclose(history.history["val_loss"][-1], error, rtol=1e-4)


def test_steps_per_epoch_cuts_the_epochs_of_fit_and_not_the_order(model, batches):
    model.fit(batches, epochs=3, steps_per_epoch=1, verbose=0)
    assert_trained_on(model, whole_epochs(0))


@pytest.mark.skipif(
    keras.backend.backend() == "torch", reason="Keras runs one step an execution on PyTorch"
)
def test_several_steps_an_execution_keep_the_order(batches):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(RATE), "mse", steps_per_execution=2)
    model.set_weights([START])
    six = Batches(X[:6], Y[:6], 3, seed=SEED, shuffle=False)
    model.fit(six, epochs=2, verbose=0)
    w = START.copy()
    for first in (0, 3, 0, 3):
        x, y = X[first : first + 3].astype("float64"), Y[first : first + 3].astype("float64")
        w -= RATE * 2 / 3 * x.T @ (x @ w - y)
    np.testing.assert_allclose(model.get_weights()[0], w, rtol=1e-5, atol=1e-6)


def test_restore_takes_no_longer_for_late_epochs():
    batches = Batches(np.zeros((10, 1)), batch_size=1)
    batches.restore({"seed": 2**63, "epoch": 10**12, "batch": 9})
    assert len(batches) == 1
    assert batches.state() == {"seed": 2**63, "epoch": 10**12, "batch": 9}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": X, "y": Y[:5]}, r"same number of samples.*\(7, 2\), \(5, 1\)"),
        ({"x": X[:0]}, "at least 1"),
        ({"x": X, "batch_size": 0}, "`batch_size` must be a whole number at least 1.*=0"),
        ({"x": X, "batch_size": -3}, "batch_size=-3"),
        ({"x": X, "batch_size": 1.5}, "batch_size=1.5"),
        ({"x": X, "seed": -1}, "`seed` must be a whole number"),
        ({"x": X, "sample_weight": Y}, "needs targets"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(UserError, match=message):
        Batches(**arguments)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"seed": 1, "epoch": 0}, "seed, epoch, batch"),
        ({"seed": 1, "epoch": 0, "batch": 3}, r"`batch` must be a whole number in \[0, 3\)"),
        ({"seed": 1, "epoch": -1, "batch": 0}, "`epoch` must be"),
    ],
)
def test_bad_states_are_named_and_change_nothing(batches, state, message):
    with pytest.raises(UserError, match=message):
        batches.restore(state)
    assert batches.state() == {"seed": SEED, "epoch": 0, "batch": 0}


def test_batches_on_the_device_are_those_of_the_host():
    if keras.backend.backend() == "tensorflow":
        with pytest.raises(UserError, match="`on_device` needs JAX or PyTorch"):
            Batches(X, Y, SIZE, on_device=True)
        return
    for shuffle in (True, False):
        host = Batches(X, Y, SIZE, seed=SEED, shuffle=shuffle)
        device = Batches(X, Y, SIZE, seed=SEED, shuffle=shuffle, on_device=True)
        for number in range(STEPS):
            for a, b in zip(host.batch(number), device.batch(number), strict=True):
                assert not isinstance(b, np.ndarray)
                np.testing.assert_array_equal(a, keras.ops.convert_to_numpy(b))


@pytest.mark.skipif(keras.backend.backend() == "tensorflow", reason="refused there")
def test_fit_from_the_device_is_fit_from_the_host(model):
    model.fit(Batches(X, Y, SIZE, seed=SEED, on_device=True), epochs=2, verbose=0)
    assert_trained_on(model, whole_epochs(0, 1))


def test_device_and_transform_exclude_each_other():
    with pytest.raises(UserError, match="give one of the two"):
        Batches(X, Y, SIZE, transform=lambda x, y, generator: (x, y), on_device=True)
