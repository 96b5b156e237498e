"""The linear forecasters beside their formula, and what `residual` does."""

import keras
import numpy as np
import pytest

from kerasdl import create_model
from kerasdl.plugin import Spec
from kerasdl.testing import check_architecture

LINEAR = {"over_fits_ten_samples": "a linear map passes through no ten series"}
SERIES = Spec(task="forecasting", input_shape=(6, 2), horizon=3, outputs=2)


def filled(model, rng):
    """Random weights, by path in float64."""
    for variable in model.trainable_variables:
        variable.assign(rng.normal(scale=0.5, size=variable.shape))
    return {v.path: keras.ops.convert_to_numpy(v).astype("float64") for v in model.weights}


@pytest.fixture
def x(rng):
    return rng.normal(size=(4, 6, 2)).astype("float32")


def over_time(w, name, x):
    return np.einsum("blc,lh->bhc", x, w[f"{name}/kernel"]) + w[f"{name}/bias"][:, None]


def test_nlinear_is_its_formula(rng, x):
    model = create_model("nlinear", spec=SERIES)
    w = filled(model, rng)
    expected = over_time(w, "season", x - x[:, -1:]) + x[:, -1:]
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("window", [3, 4])
def test_dlinear_is_its_formula(rng, x, window):
    model = create_model("dlinear", spec=SERIES, trend=window)
    w = filled(model, rng)
    around = range(-((window - 1) // 2), window // 2 + 1)
    places = [[min(max(step + shift, 0), 5) for shift in around] for step in range(6)]
    trend = x.astype("float64")[:, places].mean(2)
    expected = over_time(w, "season", x - trend) + over_time(w, "trend", trend)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-5)


def test_other_outputs_are_made_of_the_channels_forecasts(rng, x):
    model = create_model("nlinear", spec=SERIES.replace(outputs=1))
    w = filled(model, rng)
    channels = over_time(w, "season", x - x[:, -1:]) + x[:, -1:]
    expected = channels @ w["outputs/kernel"] + w["outputs/bias"]
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-5)


def test_untrained_linear_forecast_is_the_last_value(x):
    found = create_model("linear-forecaster", spec=SERIES).predict(x, verbose=0)
    np.testing.assert_allclose(found, np.repeat(x[:, -1:], 3, 1), rtol=1e-6)


@pytest.mark.parametrize("name", ["simple-rnn", pytest.param("lstm", marks=pytest.mark.long)])
def test_residual_forecast_moves_with_the_series(rng, x, name):
    one = SERIES.replace(outputs=1)
    for spec, config, moves in (
        (SERIES, {}, True),
        (SERIES, {"residual": False}, False),
        (one, {}, False),
    ):
        model = create_model(name, spec=spec, units=3, **config)
        filled(model, rng)
        low, high = (model.predict(x + shift, verbose=0) for shift in (0, 5))
        assert low.shape == (4, 3, spec.outputs)
        assert np.allclose(high, low + 5, atol=1e-4) == moves


@pytest.mark.long
@pytest.mark.once
def test_dlinear_keeps_the_rules():
    check_architecture("dlinear", spec=SERIES, config={"trend": 3}, skip=LINEAR)


@pytest.mark.long
@pytest.mark.once
def test_nlinear_keeps_the_rules():
    check_architecture("nlinear", spec=SERIES.replace(outputs=1), skip=LINEAR)
