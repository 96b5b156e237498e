"""Each rule of a callback is broken by a planted fault, and kept by Keras's own."""

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.testing import check_callback
from kerasdl.testing.callback import CALLBACK_CHECKS

pytestmark = pytest.mark.first

Callback = keras.callbacks.Callback


class Sound(Callback):
    """Overrides a batch hook and is safe there."""

    async_safe = True

    def on_train_begin(self, logs=None):
        self.losses = []

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(logs)


class NotAsyncSafe(Sound):
    async_safe = False


class ReadsModel(Sound):
    def on_train_batch_end(self, batch, logs=None):
        assert self.model is not None


class BreaksWeights(Callback):
    def on_train_end(self, logs=None):
        for variable in self.model.trainable_variables:
            variable.assign(np.full(variable.shape, np.nan))


class Raises(Callback):
    def on_test_end(self, logs=None):
        raise KeyError("nowhere")


class StopsWhenReused(Callback):
    """Its counter goes on from the first training."""

    epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        self.epochs += 1
        self.model.stop_training = self.epochs > 2


class SpoilsSaving(Callback):
    """Leaves an activation in the model that no file can hold."""

    def on_train_end(self, logs=None):
        self.model.layers[-1].activation = lambda x: x * 2


class Recompiles(Callback):
    def set_model(self, model):
        super().set_model(model)
        self.kept = model

    def on_train_batch_begin(self, batch, logs=None):
        if self.kept.train_function is not None:
            self.kept.make_train_function(force=True)


FAULTS = {
    "batch_hooks_async_safe": [
        (NotAsyncSafe, "on_train_batch_end overridden, and `async_safe` is not True")
    ],
    "batch_hooks_avoid_model": [
        (ReadsModel, "readings of `self.model` in hooks of training batches")
    ],
    "fits": [
        (BreaksWeights, "after fit: 12 of 12 entries are not finite"),
        (Raises, "KeyError: 'nowhere'"),
    ],
    "fits_again": [(StopsWhenReused, "epochs [0] with logs")],
    "survives_saving": [(SpoilsSaving, "lambda")],
    "compiles_once": [(Recompiles, "the model had been traced")],
}
PLANTED = [(name, *fault) for name, faults in FAULTS.items() for fault in faults]


def test_every_rule_has_a_planted_fault():
    assert [check.name for check in CALLBACK_CHECKS] == list(FAULTS)


@pytest.mark.parametrize(
    "check, callback, found", PLANTED, ids=lambda v: getattr(v, "__name__", None)
)
def test_check_callback_when_a_fault_is_planted(check, callback, found):
    if check == "compiles_once" and keras.backend.backend() == "torch":
        pytest.skip("nothing is traced on PyTorch")
    with pytest.raises(AssertionError) as caught:
        check_callback(callback, only=[check])
    message = str(caught.value)
    assert found in message
    assert f"check `{check}` failed for {callback.__name__}" in message


def test_check_callback_when_sound():
    check_callback(Sound)


def test_check_callback_when_early_stopping():
    check_callback(lambda: keras.callbacks.EarlyStopping("val_loss", patience=1))


def test_check_callback_when_a_hook_is_given_to_the_instance():
    with pytest.raises(AssertionError, match="on_train_batch_end overridden"):
        check_callback(
            lambda: keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None),
            only=["batch_hooks_async_safe"],
        )


def test_check_callback_when_another_model_is_asked_for():
    seen = []

    def make_model():
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="mine")])
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    def note(logs):
        seen.append(True)

    check_callback(
        lambda: keras.callbacks.LambdaCallback(on_train_end=note),
        make_model=make_model,
        only=["fits"],
    )
    assert seen == [True]


def test_check_callback_when_make_gives_a_class():
    with pytest.raises(UserError, match="`make` must return a keras.callbacks.Callback"):
        check_callback(lambda: Sound)
