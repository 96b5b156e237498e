import keras
import numpy as np
import pytest

from kerasdl.callbacks import GradientMonitor, TrainingGuard
from kerasdl.errors import UserError


def test_vanishing_gradients_are_warned_of_by_layer(classifier, fit):
    model, monitor = classifier(activation="sigmoid", depth=10), GradientMonitor(every=1)
    _, messages = fit(model, monitor, epochs=2)
    assert "the gradient vanishes in sequential" in "".join(messages).replace("_", "")
    text = " ".join(messages)
    assert "/h0 (" in text and "/h1 (" in text
    assert "/h9 (" not in text and "/out (" not in text
    assert "explodes" not in text
    assert text.count("/h0 (") == 1  # once in all


def test_exploding_gradients_are_warned_of_by_layer(classifier, fit, data):
    large = keras.initializers.Constant(3.0)
    model, monitor = classifier(depth=6, init=large), GradientMonitor(every=1, patience=1)
    model.optimizer.learning_rate = 1e-30  # nothing but the initial weights is wrong
    _, messages = fit(model, monitor, x=np.abs(data[0]))
    assert any("the gradient explodes in" in message for message in messages)


def test_a_gradient_that_is_no_number_is_warned_of_at_once(classifier, fit, data):
    x = data[0].copy()
    x[9, 1] = np.nan
    monitor = GradientMonitor(every=1, patience=50)
    _, messages = fit(classifier(activation="tanh"), monitor, x=x)
    assert any("explodes" in message and "norm nan at step 1" in message for message in messages)


def test_a_sound_network_is_not_warned_of(classifier, fit):
    model, monitor = classifier(depth=6, width=8, init="he_normal"), GradientMonitor(every=1)
    history, messages = fit(model, monitor, epochs=2)
    assert messages == []
    assert len(monitor.history) == 7 * 8
    last = np.sqrt(sum(row.gradient**2 for row in monitor.history if row.step == 7))
    np.testing.assert_allclose(history.history["gradient_norm"][-1], last, rtol=1e-5)


def test_measuring_goes_on_after_steps_that_were_left_out(classifier, fit, data):
    x = data[0].copy()
    x[3, 0] = np.inf  # step 0 is held back, so the optimizer counts one less from then on
    monitor = GradientMonitor(every=2)
    fit(classifier(activation="tanh"), monitor, TrainingGuard("skip"), x=x, epochs=3)
    finite = [step for step, norm in monitor.global_norms.items() if np.isfinite(norm)]
    assert finite and max(monitor.global_norms) > 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"every": 0}, "`every` must be an integer >= 1. Received: every=0"),
        ({"vanishing": 1}, "`vanishing` must be a number in (0, 1). Received: vanishing=1"),
        ({"exploding": -1.0}, "`exploding` must be a number > 0. Received: exploding=-1.0"),
        ({"patience": 1.5}, "`patience` must be an integer >= 1. Received: patience=1.5"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(UserError) as caught:
        GradientMonitor(**arguments)
    assert str(caught.value) == message
