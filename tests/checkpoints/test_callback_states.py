import keras
import numpy as np
import pytest

from kerasdl.checkpoints.callback_states import callback_states, restore_callbacks


class Counting(keras.callbacks.Callback):
    """Remembers by attributes alone."""

    def __init__(self, patience=3):
        super().__init__()
        self.patience = patience
        self.seen = 0
        self.best = [np.zeros(2, "float32"), {"a": np.float64(0.5)}]
        self.hook = print
        self._clock = 1.0


class Saying(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.noise, self.count = 5, 0

    def state(self):
        return {"count": self.count}

    def restore(self, state):
        self.count = state["count"]


def test_plain_public_values_come_back_and_arguments_stay_the_user_s():
    old = Counting(patience=3)
    old.seen, old.best[0] = 4, np.array([1.0, 2.0], "float32")
    arrays, states = callback_states([old])
    new = Counting(patience=9)
    new._clock = 2.0
    restore_callbacks([new], arrays, states)
    assert (new.seen, new.patience, new._clock, new.hook) == (4, 9, 2.0, print)
    np.testing.assert_array_equal(new.best[0], [1.0, 2.0])
    assert new.best[1] == {"a": 0.5}


def test_a_callback_may_say_itself_what_it_is():
    old = Saying()
    old.noise, old.count = 6, 7
    arrays, states = callback_states([old])
    new = Saying()
    restore_callbacks([new], arrays, states)
    assert (new.noise, new.count) == (5, 7)


def test_callbacks_are_told_apart_by_class_and_order():
    first, second = Counting(), Counting()
    first.seen, second.seen = 1, 2
    arrays, states = callback_states([first, Saying(), second])
    new = [Saying(), Counting(), Counting(), Counting()]
    restore_callbacks(new, arrays, states)
    assert [callback.seen for callback in new[1:]] == [1, 2, 0]


@pytest.mark.parametrize("rule", ["early", "plateau"])
def test_what_keras_s_own_remember_is_kept(rule):
    make = {
        "early": lambda: keras.callbacks.EarlyStopping("loss", restore_best_weights=True),
        "plateau": lambda: keras.callbacks.ReduceLROnPlateau("loss"),
    }[rule]
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    old, new = make(), make()
    for callback in (old, new):
        callback.set_model(model)
        callback.on_train_begin()
    for epoch, loss in enumerate((3.0, 2.0, 2.5)):
        old.on_epoch_end(epoch, {"loss": loss})
    arrays, states = callback_states([old])
    restore_callbacks([new], arrays, states)
    assert (new.best, new.wait) == (2.0, 1)
    if rule == "early":
        for a, b in zip(old.best_weights, new.best_weights, strict=True):
            np.testing.assert_array_equal(a, b)
