"""A training broken off anywhere and fitted again ends as one that never was."""

import json
import warnings

import keras
import numpy as np
import pytest

import kerasdl.optimizers
from kerasdl.callbacks import GradientMonitor, PlateauScale, ResumableCheckpoint, WeightsAtRest
from kerasdl.data import Batches
from kerasdl.errors import UserError
from kerasdl.schedules import Cosine

STEPS, EPOCHS = 5, 4


class Broken(Exception):
    """In the place of a kill."""


class Breaks(keras.callbacks.Callback):
    """Ends the training before its n-th batch, or in its n-th validation."""

    def __init__(self, batch=None, validation=None):
        super().__init__()
        self.left = {"batch": batch, "validation": validation}

    def on_train_batch_begin(self, batch, logs=None):
        self._count("batch")

    def on_test_begin(self, logs=None):
        self._count("validation")

    def _count(self, kind):
        if self.left[kind] is not None:
            if not self.left[kind]:
                raise Broken
            self.left[kind] -= 1


class Figures(keras.callbacks.Callback):
    """Every epoch's logs."""

    def __init__(self):
        super().__init__()
        self.rows = {}

    def on_epoch_end(self, epoch, logs=None):
        self.rows[epoch] = dict(logs)


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(37, 4)).astype("float32")
    return x, (x[:, 0] > x[:, 1]).astype("int32")


@pytest.fixture(scope="module")
def trainer(samples):
    """Trains in a folder until the end or the break; everything that training ends with."""

    def run(folder, *others, optimizer=None, every=2, epochs=EPOCHS, raw=False, **options):
        keras.utils.set_random_seed(5)
        layers = [keras.layers.Dense(5), keras.layers.BatchNormalization()]
        layers += [keras.layers.Dropout(0.3, seed=1), keras.layers.Dense(2)]
        model = keras.Sequential([keras.Input((4,)), *layers])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer or kerasdl.optimizers.Nesterov(0.05), loss, metrics=["accuracy"])
        batches = None if raw else Batches(*samples, 8, seed=2)
        stopping = keras.callbacks.EarlyStopping("val_loss", patience=9, restore_best_weights=True)
        figures = Figures()
        plateaus = [other for other in others if isinstance(other, PlateauScale)]
        checkpoint = ResumableCheckpoint(
            folder, batches, [stopping, *plateaus], **{"every_steps": every} | options
        )
        callbacks = [WeightsAtRest(), stopping, figures, *others, checkpoint]
        data = samples if raw else (batches,)
        how = {"batch_size": 8, "shuffle": False} if raw else {}
        try:
            model.fit(
                *data,
                epochs=epochs,
                validation_data=samples,
                callbacks=callbacks,
                verbose=0,
                **how,
            )
        except (Broken, KeyboardInterrupt):
            checkpoint.close()
        else:
            figures.ended = {
                "model": values(model.variables),
                "optimizer": values(model.optimizer.variables),
                "stopping": (stopping.best, stopping.wait),
            }
        figures.checkpoint = checkpoint
        return figures

    return run


@pytest.fixture(scope="module")
def expected(trainer, tmp_path_factory):
    """The training that was never broken off."""
    return trainer(tmp_path_factory.mktemp("whole"), every=1000)


@pytest.fixture
def train(trainer, tmp_path):
    """`trainer`, by the name of a folder."""

    def run(name, *others, **options):
        return trainer(tmp_path / name, *others, **options)

    return run


def values(variables):
    return [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in variables]


def assert_same(found, expected):
    for name in ("model", "optimizer"):
        for own, other in zip(found.ended[name], expected.ended[name], strict=True):
            np.testing.assert_array_equal(own, other, name)
    assert found.ended["stopping"] == expected.ended["stopping"]
    for epoch, row in found.rows.items():
        assert row == expected.rows[epoch]


@pytest.mark.parametrize(
    ("breaks", "every"),
    [
        ({"batch": 12}, 1),
        pytest.param({"batch": 3}, 2, marks=pytest.mark.long),
        pytest.param({"batch": 12}, 4, marks=pytest.mark.long),
        pytest.param({"validation": 1}, 3, marks=pytest.mark.long),
    ],
)
def test_it_ends_as_if_never_broken_off(train, expected, breaks, every):
    train("broken", Breaks(**breaks), every=every)
    found = train("broken", every=every)
    assert found.checkpoint.begun_at["step"] > 0
    assert_same(found, expected)


@pytest.mark.long
def test_again_and_again(train, expected):
    for batch in (2, 4, 1, 6):
        train("broken", Breaks(batch=batch), every=1)
    assert_same(train("broken", every=1), expected)


@pytest.mark.long
def test_a_rate_that_was_lowered_stays_lowered(train):
    """Under a schedule, which is a constant of the compiled step."""

    def parts():
        plateau = PlateauScale("val_accuracy", patience=1, min_delta=9.0, verbose=False)
        return plateau, keras.optimizers.SGD(0.2 * Cosine(60))

    plateau, optimizer = parts()
    expected = train("whole", plateau, optimizer=optimizer)
    assert plateau.times == 3
    plateau, optimizer = parts()
    train("broken", plateau, Breaks(batch=13), optimizer=optimizer, every=1)
    plateau, optimizer = parts()
    assert_same(train("broken", plateau, optimizer=optimizer), expected)
    assert plateau.times == 3


@pytest.mark.long
def test_measurements_of_steps_go_on_by_the_optimizer_s_count(train):
    whole, broken = GradientMonitor(every=4), GradientMonitor(every=4)
    train("whole", whole)
    train("broken", Breaks(batch=7), every=1)
    train("broken", broken)
    assert {row.step for row in broken.history} == {
        row.step for row in whole.history if row.step >= 7
    }


@pytest.mark.long
def test_an_ended_training_does_nothing_more(train):
    expected = train("whole")
    again = train("whole")
    assert again.rows == {}
    assert again.ended["stopping"] == expected.ended["stopping"]
    for own, other in zip(again.ended["model"], expected.ended["model"], strict=True):
        np.testing.assert_array_equal(own, other)


@pytest.mark.long
def test_leaving_saves_before_the_next_batch(train, expected):
    class Leaves(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                found.checkpoint.leave()

    class Holder:
        checkpoint = None

    found = Holder()
    original = ResumableCheckpoint.on_train_begin

    def begun(self, logs=None):
        found.checkpoint = self
        original(self, logs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ResumableCheckpoint, "on_train_begin", begun)
        train("left", Leaves(), every=1000)
    rest = train("left", every=1000)
    assert rest.checkpoint.begun_at == {"epoch": 0, "batch": 3, "step": 3}
    assert_same(rest, expected)


@pytest.mark.long
def test_raw_arrays_go_on_at_an_epoch(train):
    expected = train("whole", raw=True, every=1000)
    train("broken", Breaks(batch=13), raw=True, every=1)
    found = train("broken", raw=True)
    assert found.checkpoint.begun_at == {"epoch": 2, "batch": 0, "step": 2 * STEPS}
    assert_same(found, expected)


def test_a_damaged_newest_is_passed_over(train, expected, tmp_path):
    train("broken", Breaks(batch=9), every=3, keep=3)
    newest = sorted((tmp_path / "broken").glob("step-*"))[-1]
    (newest / "arrays.safetensors").write_bytes(b"")
    with pytest.warns(UserWarning, match=f"passed over for an older one: .*{newest.name}"):
        found = train("broken")
    assert found.checkpoint.begun_at["step"] < 9
    assert_same(found, expected)


def test_a_disk_that_refuses_ends_nothing(train, expected, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kerasdl.checkpoints.folder.write_checkpoint", full)
    with pytest.warns(UserWarning, match="the disk is full. Nothing has been saved since"):
        found = train("full", every=1)
    assert_same(found, expected)


def test_the_best_epoch_stays(train, tmp_path):
    found = train("best", every=1, monitor="val_loss", every_seconds=None)
    best = min(found.rows, key=lambda epoch: found.rows[epoch]["val_loss"])
    names = [path.name for path in (tmp_path / "best").glob("*-best")]
    assert max(names) == f"step-{(best + 1) * STEPS:010d}-best"


def test_another_model_or_other_data_is_refused(train, samples, tmp_path):
    train("mine", Breaks(batch=3), every=1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss)
    batches = Batches(*samples, 8)
    with pytest.raises(UserError, match="the checkpoint is of another model"):
        model.fit(batches, verbose=0, callbacks=[ResumableCheckpoint(tmp_path / "mine", batches)])
    batches = Batches(samples[0][:30], samples[1][:30], 8)
    checkpoint = ResumableCheckpoint(tmp_path / "mine", batches)
    about = json.loads(next((tmp_path / "mine").glob("step-*/about.json")).read_text())
    checkpoint._in_middle = True
    with pytest.raises(UserError, match="made on 37 samples. Received: 30"):
        checkpoint._restore_data(about)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every_steps": 0}, "`every_steps` must be an integer >= 1"),
        ({"every_seconds": 0}, "`every_seconds` must be a number > 0"),
        ({"keep": 0}, "`keep` must be an integer >= 1"),
        ({"mode": "best"}, "`mode` must be 'min' or 'max'"),
        ({"data": np.zeros(3)}, "`data` must be batches that know their place"),
    ],
)
def test_arguments_out_of_range(tmp_path, options, message):
    with pytest.raises(UserError, match=message):
        ResumableCheckpoint(tmp_path, **options)


def test_keras_still_reads_the_first_epoch_where_it_is_set():
    """`kerasdl.backend.first_epoch` sets what Keras has no public name for."""
    from kerasdl.backend.first_epoch import set_first_epoch

    class Skips(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            set_first_epoch(self.model, 2)

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        seen = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=3, verbose=0, callbacks=[Skips()])
    assert seen.epoch == [2]
