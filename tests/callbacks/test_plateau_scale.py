import json

import keras
import numpy as np
import pytest

from kerasdl.callbacks import PlateauScale
from kerasdl.errors import UserError
from kerasdl.optimizers import Lookahead, ParameterGroups
from kerasdl.schedules import Cosine, Linear
from kerasdl.testing.training import jit_compile


def epochs(callback, model, values):
    """Lets the callback see one value after the other; the learning rate after each."""
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {"val_loss": value})
        rates.append(float(keras.ops.convert_to_numpy(model.optimizer.learning_rate)))
    return rates


@pytest.mark.parametrize(
    ("options", "values", "factors"),
    [
        ({"patience": 2}, [5, 4, 4, 4, 4, 4], [1, 1, 1, 0.1, 0.1, 0.01]),
        ({"patience": 2}, [5, 4, 4, 3, 3, 3], [1, 1, 1, 1, 1, 0.1]),
        ({"patience": 1, "min_delta": 0.5}, [5, 4.6, 4.4, 4.2], [1, 0.1, 0.1, 0.01]),
        ({"patience": 1, "mode": "max"}, [1, 2, 2, 3], [1, 1, 0.1, 0.1]),
        ({"patience": 1, "cooldown": 2}, [5, 5, 5, 5, 5, 5], [1, 0.1, 0.1, 0.1, 0.01, 0.01]),
        ({"patience": 1, "factor": 0.5}, [5, float("nan"), 5, 5], [1, 0.5, 0.25, 0.125]),
    ],
)
def test_the_rate_is_multiplied_when_nothing_improves(classifier, options, values, factors):
    for rate in (0.2, 0.2 * Linear(10, 1.0)):
        model = classifier(keras.optimizers.SGD(rate))
        rates = epochs(PlateauScale(**options, verbose=False), model, values)
        np.testing.assert_allclose(rates, 0.2 * np.array(factors), rtol=1e-5)


def test_the_rate_does_not_fall_below_the_floor(classifier):
    for rate in (0.2, 0.2 * Linear(10, 1.0)):
        model = classifier(keras.optimizers.SGD(rate))
        rates = epochs(PlateauScale(patience=1, floor=0.01, verbose=False), model, [1] * 5)
        np.testing.assert_allclose(rates, [0.2, 0.02, 0.01, 0.01, 0.01], rtol=1e-5)


def test_figures_that_should_rise_are_known_by_their_names(classifier):
    callback = PlateauScale("val_accuracy", patience=1, verbose=False)
    callback.set_model(classifier())
    callback.on_train_begin()
    for epoch, value in enumerate([0.1, 0.2, 0.3, 0.2]):
        callback.on_epoch_end(epoch, {"val_accuracy": value})
        assert callback.times == (epoch == 3)


@pytest.mark.parametrize("jit", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_schedule_goes_on_beneath_in_a_compiled_fit(jit, tmp_path):
    schedule = 0.1 * Cosine(8, 0.1)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(schedule), "mae", jit_compile=jit and jit_compile())
    model.layers[0].kernel.assign([[100.0]])
    kernels = [100.0]
    keep = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: kernels.append(
            float(keras.ops.convert_to_numpy(model.layers[0].kernel)[0, 0])
        )
    )
    plateau = PlateauScale("loss", patience=2, min_delta=50.0, verbose=False)
    one = np.ones((1, 1), "float32")
    model.fit(one, 0 * one, epochs=7, verbose=0, callbacks=[keep, plateau])  # the gradient is 1
    wave = [0.1 * (0.1 + 0.9 * (1 + np.cos(np.pi * step / 8)) / 2) for step in range(7)]
    factors = [1, 1, 1, 0.1, 0.1, 0.01, 0.01]
    np.testing.assert_allclose(-np.diff(kernels), np.array(wave) * factors, atol=2e-5)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras").optimizer
    assert json.dumps(loaded.get_config()) == json.dumps(model.optimizer.get_config())
    assert loaded.get_config()["learning_rate"]["config"]["scale"] == pytest.approx(1e-3)


OPTIMIZERS = {
    "wrapped": lambda: Lookahead(keras.optimizers.SGD(0.1 * Linear(9, 1.0))),
    "groups": lambda: ParameterGroups(keras.optimizers.SGD(0.1 * Linear(9, 1.0)), verbose=False),
    "groups, a number": lambda: ParameterGroups(keras.optimizers.SGD(0.1), verbose=False),
    "loss scaling": lambda: keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(0.1 * Linear(9, 1.0))
    ),
    "several": lambda: keras.optimizers.MultiOptimizer(
        keras.optimizers.OptimizerMap(
            keras.optimizers.SGD(0.1 * Linear(9, 1.0)), {".*out.*": keras.optimizers.SGD(0.1)}
        )
    ),
}


QUICK = ("groups", "several")


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[] if n in QUICK else pytest.mark.long) for n in OPTIMIZERS],
)
def test_the_rate_is_found_inside_other_optimizers(name, classifier, fit, weights):
    """A rate scaled to a hundredth in training makes a hundredth of the step."""
    model = classifier(OPTIMIZERS[name]())
    plateau = PlateauScale("loss", factor=0.01, patience=1, min_delta=50.0, verbose=False)
    fit(model, plateau, epochs=2, x=np.ones((8, 3), "float32"), y=np.ones(8, int))
    assert plateau.times == 1
    before = weights(model)
    fit(model, x=np.ones((8, 3), "float32"), y=np.ones(8, int))
    plain = classifier(OPTIMIZERS[name]())
    fit(plain, epochs=2, x=np.ones((8, 3), "float32"), y=np.ones(8, int))
    start = weights(plain)
    fit(plain, x=np.ones((8, 3), "float32"), y=np.ones(8, int))
    small = [np.abs(a - b).max() for a, b in zip(weights(model), before, strict=True)]
    usual = [np.abs(a - b).max() for a, b in zip(weights(plain), start, strict=True)]
    np.testing.assert_allclose(small, 0.01 * np.array(usual), rtol=0.02, atol=2e-6)


def test_counting_goes_on_from_a_state(classifier):
    model, first = classifier(), PlateauScale(patience=3, verbose=False)
    epochs(first, model, [1, 1, 1])
    second = PlateauScale(patience=3, verbose=False)
    second.restore(json.loads(json.dumps(first.state())))
    assert epochs(second, model, [1]) == pytest.approx([0.01])


def test_a_figure_that_is_not_there_is_warned_of(classifier, fit):
    _, messages = fit(classifier(), PlateauScale())
    assert messages == [
        "PlateauScale watches 'val_loss', which is not in the logs of this epoch: loss"
    ]


def test_a_rate_that_is_a_function_is_refused(classifier):
    model = classifier(keras.optimizers.SGD(lambda: 0.1))
    with pytest.raises(UserError, match="`learning_rate` must be a number or a schedule"):
        epochs(PlateauScale(patience=1), model, [1, 1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"factor": 1.0}, "`factor` must be a number in (0, 1). Received: factor=1.0"),
        ({"patience": 0}, "`patience` must be an integer >= 1. Received: patience=0"),
        ({"floor": -1}, "`floor` must be a number >= 0. Received: floor=-1"),
        ({"mode": "low"}, "`mode` must be 'auto', 'min' or 'max'. Received: mode='low'"),
        ({"cooldown": -1}, "`cooldown` must be an integer >= 0. Received: cooldown=-1"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(UserError) as caught:
        PlateauScale(**arguments)
    assert str(caught.value) == message
