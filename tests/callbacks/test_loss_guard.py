import warnings

import keras
import numpy as np
import pytest

from kerasdl.callbacks import LossGuard, ResumableCheckpoint
from kerasdl.checkpoints.background import BackgroundWriter
from kerasdl.data import Batches
from kerasdl.errors import UserError
from kerasdl.schedules import Linear

STEPS = 160


@pytest.fixture
def line(rng):
    """A linear problem of one epoch of 160 batches of 8."""
    x = rng.normal(size=(8 * STEPS, 3)).astype("float32")
    return x, (x @ np.array([[1.0], [-2.0], [0.5]], "float32") + 0.1).astype("float32")


def linear(optimizer=None, seed=3):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, name="out")])
    model.compile(optimizer or keras.optimizers.SGD(0.02, 0.9), "mse")
    return model


def spoilt_from(batch, line, factor=300.0, count=30):
    """The same problem, with targets shot up for some batches."""
    y = line[1].copy()
    y[8 * batch : 8 * (batch + count)] *= factor
    return line[0], y


def test_weights_are_the_same_bit_for_bit_with_and_without(fit, weights, data):
    """Also with snapshots made on the way, dropout, moving statistics, and over two calls."""

    def trained(*callbacks):
        keras.utils.set_random_seed(3)
        model = keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                keras.layers.Conv2D(4, 3, activation="relu"),
                keras.layers.BatchNormalization(),
                keras.layers.Dropout(0.3, seed=1),
                keras.layers.Flatten(),
                keras.layers.Dense(2),
            ]
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
        x = np.random.default_rng(1).normal(size=(52, 8, 8, 1)).astype("float32")
        y = np.arange(52) % 2
        figures = [
            fit(model, *callbacks, x=x, y=y, epochs=3, validation_data=(x[:9], y[:9]))[0].history
            for _ in range(2)
        ]
        return weights(model), weights(model.optimizer), figures

    plain, guarded = trained(), trained(LossGuard("skip", "skip", snapshot_every=2))
    for mine, theirs in zip(guarded[0] + guarded[1], plain[0] + plain[1], strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert guarded[2] == plain[2]


def test_nan_stops_and_the_weights_are_those_of_before(fit, weights, line):
    x = line[0].copy()
    x[8 * 90] = np.nan
    kept = {}
    noting = keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: (
            kept.setdefault(batch, weights(model)) if batch in (0, 40, 80) else None
        )
    )
    model, guard = linear(), LossGuard(snapshot_every=40)
    history, messages = fit(model, guard, noting, x=x, y=line[1], epochs=3)
    (event,) = guard.events
    assert (event.step, event.kind, event.where) == (90, "not finite", "the loss")
    assert np.isnan(event.loss) and guard.stopped and len(history.epoch) == 1
    # The newest snapshot of at least 20 steps before, of the two kept.
    assert event.action == "back to the weights before step 40; training stops"
    assert messages == [f"step 90: the loss is nan (usually {event.level:.4g}): {event.action}"]
    for mine, theirs in zip(weights(model), kept[40], strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_spike_is_noted_and_training_goes_on(fit, line):
    x, y = spoilt_from(100, line)
    model, guard = linear(), LossGuard()
    history, messages = fit(model, guard, x=x, y=y, epochs=2)
    first = guard.events[0]
    assert (first.kind, first.step, first.action) == ("spike", 100, "it is noted")
    assert first.loss > first.limit > first.level > 0
    assert len(history.epoch) == 2 and not guard.stopped
    assert messages[0].startswith(f"step {first.step}: the loss has shot up to ")


@pytest.mark.parametrize("spikes", ["stop", "skip", "roll_back"])
def test_a_spike_is_acted_upon(spikes, fit, weights, line):
    x, y = spoilt_from(100, line, count=6)
    model, guard = linear(), LossGuard(spikes=spikes, snapshot_every=40)
    history, _ = fit(model, guard, x=x, y=y)
    (event,) = guard.events
    assert (event.kind, event.step) == ("spike", 100)
    assert event.action.startswith("back to the weights before step 80" if spikes else "")
    sound, _ = fit(reference := linear(), x=line[0], y=line[1])
    rate = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
    if spikes == "stop":
        assert guard.stopped and event.action.endswith("training stops")
    else:
        # Those shot up have left nothing behind: the line is found.
        np.testing.assert_allclose(weights(model)[0], weights(reference)[0], atol=0.05)
        assert rate == pytest.approx(0.01 if spikes == "roll_back" else 0.02)
    assert np.isfinite(history.history["loss"][0])


def test_what_it_is_about_to_undo_is_never_saved(fit, line, tmp_path, monkeypatch):
    saved = []

    def noted(self, snapshot, step, best):
        saved.append(all(np.all(np.isfinite(array)) for array in snapshot.arrays.values()))

    monkeypatch.setattr(BackgroundWriter, "write", noted)
    x = line[0].copy()
    x[8 * 90] = np.nan
    model, guard = linear(), LossGuard("skip", snapshot_every=40)
    batches = Batches(x, line[1], 8, shuffle=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        callbacks = [guard, ResumableCheckpoint(tmp_path, batches, [guard], every_steps=1)]
        model.fit(batches, epochs=1, verbose=0, callbacks=callbacks)
    assert len(guard.events) == 1
    assert len(saved) > STEPS - 20 and all(saved)


class Broken(Exception):
    """In the place of a kill."""


@pytest.mark.first
@pytest.mark.parametrize("action", ["skip", pytest.param("roll_back", marks=pytest.mark.long)])
def test_it_goes_back_in_the_same_way_after_a_kill(action, weights, line, tmp_path):
    """Broken off before it goes back, while it is about to, and after; a spike comes later."""
    x, y = spoilt_from(130, line, count=8)
    x = x.copy()
    x[8 * 61] = np.nan

    def trained(folder, breaks=()):
        for count in (*breaks, None):
            waits = keras.callbacks.LambdaCallback(
                on_train_batch_begin=lambda batch, logs, left=[count]: countdown(left)
            )
            guard = LossGuard(action, action, snapshot_every=24)
            model = linear(keras.optimizers.Adam(0.02))
            batches = Batches(x, y, 8, seed=1, shuffle=False)
            saving = ResumableCheckpoint(tmp_path / folder, batches, [guard], every_steps=5)
            callbacks = [guard, waits, saving]
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    model.fit(batches, epochs=2, verbose=0, callbacks=callbacks)
            except Broken:
                saving.close()
        return guard.events, weights(model), weights(model.optimizer)

    def countdown(left):
        if left[0] == 0:
            raise Broken
        left[0] = None if left[0] is None else left[0] - 1

    whole = trained("whole")
    assert {event.kind for event in whole[0]} == {"not finite", "spike"}
    for place, breaks in enumerate([(57,), (70, 3), (97,), (20, 60, 60, 60)]):
        events, *values = trained(str(place), breaks)
        assert str(events) == str(whole[0])  # as NaN is not itself
        for mine, theirs in zip(sum(values, []), whole[1] + whole[2], strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_means_go_on_where_they_were_put_back_to(fit, line):
    """The epoch's loss after going back is the mean over the batches that count."""
    x = line[0].copy()
    x[8 * 100] = np.nan
    guard = LossGuard("skip", snapshot_every=40)
    history, _ = fit(linear(), guard, x=x, y=line[1])
    (event,) = guard.events
    assert "before step 80" in event.action
    assert 0 < history.history["loss"][0] < 100


def test_a_schedule_is_lowered_too(fit, line):
    x = line[0].copy()
    x[8 * 50] = np.inf
    model = linear(keras.optimizers.SGD(0.02 * Linear(10**6, 1.0)))
    _, messages = fit(model, guard := LossGuard("roll_back"), x=x, y=line[1])
    assert "before step 0; learning rate 0.02 -> 0.01" in messages[0]
    rate = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
    assert rate == pytest.approx(0.01)
    state = guard.state()
    again = linear(keras.optimizers.SGD(0.02 * Linear(10**6, 1.0)))
    resumed = LossGuard("roll_back")
    resumed.set_model(again)
    resumed.on_train_begin()
    resumed.on_epoch_begin(0)
    resumed.restore(state)
    assert resumed.events == guard.events


def test_a_rate_falls_each_time_and_stays_where_others_put_it(fit, line):
    x = line[0].copy()
    x[[8 * 20, 8 * 60, 8 * 100]] = np.nan

    def lower(batch, logs):
        if batch == 80:
            others.model.optimizer.learning_rate = 0.001  # by which JAX's state is up to date

    others = keras.callbacks.LambdaCallback(on_train_batch_begin=lower)
    guard = LossGuard("roll_back", snapshot_every=500)
    fit(linear(), guard, others, x=x, y=line[1])
    said = [event.action.partition("; ")[2] for event in guard.events]
    assert said == [
        "learning rate 0.02 -> 0.01",
        "learning rate 0.01 -> 0.005",
        "learning rate 0.001 -> 0.0005",
    ]


def test_it_gives_up_when_going_back_is_in_vain(fit, line):
    guard = LossGuard("skip", attempts=2, snapshot_every=20)
    x = np.full_like(line[0], np.nan)
    history, messages = fit(linear(), guard, x=x, y=line[1], epochs=4)
    assert guard.stopped and len(guard.events) == 3 and len(history.epoch) == 1
    assert messages[-1].endswith(
        "back to the weights before step 0, time 3 in a row; training stops"
    )


def test_a_gradient_spoilt_by_the_last_step_does_not_get_out(fit, weights):
    """The loss of the last step is finite, its gradient is not."""

    @keras.saving.register_keras_serializable(package="tests")
    class Steep(keras.layers.Layer):
        def call(self, x):
            return keras.ops.sqrt(keras.ops.maximum(x, 0.0))  # infinitely steep at 0

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, name="h", use_bias=False), Steep()]
    )
    model.compile("sgd", "mse")
    guard = LossGuard()
    fit(model, guard, x=np.zeros((8, 3), "float32"), y=np.ones((8, 4), "float32"))
    (event,) = guard.events
    assert event.where == f"the weight {model.name}/h/kernel"
    assert all(np.isfinite(value).all() for value in weights(model))
    assert guard.stopped


def test_several_steps_an_execution(fit, line):
    if keras.backend.backend() == "torch":
        pytest.skip("Keras does not compile several steps on PyTorch")
    x = line[0].copy()
    x[8 * 90] = np.nan
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", steps_per_execution=8)
    guard = LossGuard(snapshot_every=40)
    fit(model, guard, x=x, y=line[1])
    assert guard.events[0].step in range(88, 96)
    assert "before step 40" in guard.events[0].action


def test_overflow_under_loss_scaling_is_left_to_the_scale(classifier, fit, data):
    huge = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=3e38)
    guard = LossGuard()
    history, messages = fit(classifier(huge), guard, epochs=3, x=100 * data[0])
    assert (guard.events, messages, len(history.epoch)) == ([], [], 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"action": "note"}, "`action` must be one of stop, skip, roll_back. Received: action="),
        ({"spikes": "pray"}, "`spikes` must be one of note, stop, skip, roll_back. Received"),
        ({"deviations": 0}, "`deviations` must be a number > 0. Received: deviations=0"),
        ({"window": 20}, "`window` must be an integer >= 50. Received: window=20"),
        ({"lasting": 0}, "`lasting` must be an integer >= 1"),
        ({"factor": 1.0}, "`factor` must be a number in (0, 1). Received: factor=1.0"),
        ({"attempts": 0}, "`attempts` must be an integer >= 1"),
        ({"snapshot_every": 1}, "`snapshot_every` must be an integer >= 2"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(UserError) as caught:
        LossGuard(**arguments)
    assert message in str(caught.value)
