"""Trainable parameters counted by hand."""

import numpy as np
import pytest

from kerasdl import create_model
from kerasdl.plugin import Spec

D, U, V, K = 3, 4, 7, 5
SMALL = {"embedding": D, "units": U}


def lstm(inputs, units=U):
    return 4 * (inputs * units + units * units + units)


def gru(inputs, units=U):
    return 3 * (inputs * units + units * units + 2 * units)


def simple(inputs, units=U):
    return inputs * units + units * units + units


def dense(inputs, outputs):
    return inputs * outputs + outputs


def trainable(model):
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


TEXT = Spec(task="text-classification", vocab_size=V, outputs=K)
LANGUAGE = Spec(task="language-modelling", vocab_size=V)
LABELS = Spec(task="sequence-labelling", vocab_size=V, outputs=K)
SPELT = LABELS.replace(characters=6, word_length=5)
SERIES = Spec(task="forecasting", input_shape=(9, 2), horizon=3, outputs=2)
CHARACTERS = {"character_size": 2, "character_units": 3}


@pytest.mark.parametrize(
    ("name", "spec", "config", "expected"),
    [
        ("lstm", TEXT, {}, V * D + lstm(D) + dense(U, K)),
        ("gru", TEXT, {"layers": 2}, V * D + gru(D) + gru(U) + dense(U, K)),
        ("simple-rnn", TEXT, {}, V * D + simple(D) + dense(U, K)),
        ("bilstm", TEXT, {"layers": 2}, V * D + 2 * (lstm(D) + lstm(2 * U)) + dense(2 * U, K)),
        ("lstm", LANGUAGE, {}, V * D + lstm(D) + dense(U, V)),
        ("lstm", LANGUAGE, {"tied": True}, V * D + V + lstm(D) + dense(U, D)),
        ("lstm", LANGUAGE, {"tied": True, "embedding": U}, V * U + V + lstm(U)),
        ("bigru", LABELS, {}, V * D + 2 * gru(D) + dense(2 * U, K)),
        (
            "bilstm",
            SPELT,
            CHARACTERS,
            V * D + 6 * 2 + dense(3 * 2, 3) + 2 * lstm(D + 3) + dense(2 * U, K),
        ),
        (
            "bilstm",
            SPELT,
            {**CHARACTERS, "character_encoder": "lstm"},
            V * D + 6 * 2 + 2 * lstm(2, 3) + 2 * lstm(D + 6) + dense(2 * U, K),
        ),
        ("lstm", SERIES, {}, lstm(2) + dense(U, 6)),
    ],
)
def test_network_has_those_counted_by_hand(name, spec, config, expected):
    assert trainable(create_model(name, spec=spec, **{**SMALL, **config})) == expected


@pytest.mark.parametrize(
    ("name", "outputs", "expected"),
    [
        ("linear-forecaster", 2, dense(9, 3)),
        ("dlinear", 2, 2 * dense(9, 3)),
        ("nlinear", 1, dense(9, 3) + dense(2, 1)),
    ],
)
def test_linear_forecaster_has_those_counted_by_hand(name, outputs, expected):
    trend = {"trend": 4} if name == "dlinear" else {}
    model = create_model(name, spec=SERIES.replace(outputs=outputs), **trend)
    assert trainable(model) == expected
    assert model.output_shape == (None, 3, outputs)
