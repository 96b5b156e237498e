"""The table layer equals its formula, keeps what it knows, and refuses what it cannot take."""

import keras
import numpy as np
import pytest

from kerasdl.data import TablePreprocessing
from kerasdl.errors import UserError
from kerasdl.testing import check_layer

NAN = float("nan")
COLUMNS = [
    {"kind": "numeric", "fill": 4.0, "center": 2.0, "scale": 0.5, "indicator": True},
    {"kind": "categorical", "codes": [0, 2]},
    {"kind": "numeric", "log": 10.0, "center": 1.0, "scale": 2.0, "fill": 5.0},
    {"kind": "numeric", "edges": [-2.0, 0.0, 1.0, 5.0]},
]
ROWS = np.array(
    [[1, 0, 0, 7], [NAN, 2, 10, -3], [3, 1, NAN, 0], [2, -1, -5, 1], [2, NAN, 1e6, 2]], "float32"
)


def by_formula(rows):
    """The docstring's formula, number by number, in float64; numbers, indicators, slots."""
    out = []
    for a, code, b, c in rows.astype("float64"):
        first = ((4 if np.isnan(a) else a) - 2) / 0.5
        filled = 5 if np.isnan(b) else b
        second = (np.log(1 + max(filled, 0) / 10) - 1) / 2
        slots = [0, 1, 0] if code == 0 else [0, 0, 1] if code == 2 else [1, 0, 0]
        pieces = [min(max(part, 0), 1) for part in ((c + 2) / 2, c, (c - 1) / 4)]
        out.append([first, second, c, *pieces, float(np.isnan(a)), *slots])
    return np.array(out)


@pytest.fixture(scope="module")
def model():
    inputs = keras.Input((4,))
    return keras.Model(inputs, TablePreprocessing(COLUMNS)(inputs))


def test_layer_equals_its_formula(model):
    np.testing.assert_allclose(model.predict(ROWS, verbose=0), by_formula(ROWS), rtol=1e-5)


def test_layer_keeps_the_rules_of_a_layer():
    check_layer(
        lambda: TablePreprocessing(COLUMNS),
        ROWS,
        reference=lambda weights, rows: by_formula(rows),
        trainable=False,
        differentiable=False,  # at a gap the output does not depend on the input
        output_dtype="float32",
    )


def test_layer_says_its_output_shape(model):
    assert model.output_shape == (None, 10)
    assert TablePreprocessing(COLUMNS).compute_output_shape((3, 4)) == (3, 10)


def test_layer_has_no_weights_and_its_config_holds_all(model):
    layer = model.layers[-1]
    assert layer.weights == []
    twin = TablePreprocessing.from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    assert twin.get_config()["columns"] == COLUMNS
    np.testing.assert_allclose(np.array(twin(ROWS)), by_formula(ROWS), rtol=1e-5)


def test_a_saved_model_holds_the_statistics(model, tmp_path):
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded.predict(ROWS, verbose=0), model.predict(ROWS, verbose=0))


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_layer_computes_in_float32_under_any_policy(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        layer = TablePreprocessing(COLUMNS)
        assert keras.backend.standardize_dtype(layer(ROWS).dtype) == "float32"
    finally:
        keras.config.set_dtype_policy(before)
    rows = np.array([[2024, 0, 0, 1]], "float32")  # bfloat16 has no 2023
    layer = TablePreprocessing([{"kind": "numeric", "center": 2023.0}] + COLUMNS[1:])
    assert np.array(layer(rows))[0, 0] == 1


@pytest.mark.parametrize(
    ("columns", "rows", "expected"),
    [
        ([{"kind": "numeric"}], [[2.0]], [[2]]),
        ([{"kind": "categorical", "codes": [1]}], [[1.0], [NAN]], [[0, 1], [1, 0]]),
        ([{"kind": "categorical", "codes": []}], [[1.0]], [[1]]),
    ],
)
def test_a_table_of_one_column_works(columns, rows, expected):
    layer = TablePreprocessing(columns)
    np.testing.assert_array_equal(np.array(layer(np.array(rows, "float32"))), expected)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ([{"kind": "date"}], r"`columns\[0\]` must be of kind numeric or categorical"),
        ([{"kind": "numeric", "mean": 1}], "unknown entry 'mean'"),
        ([{"kind": "numeric", "scale": 0.0}], "scale > 0"),
        ([{"kind": "numeric", "scale": NAN}], "scale > 0"),
        ([{"kind": "numeric", "log": -1.0}], "log >= 0"),
        ([{"kind": "numeric", "edges": [0.0, 2.0, 2.0]}], "rising `edges`"),
        ([{"kind": "categorical"}], "different `codes`"),
        ([{"kind": "categorical", "codes": [1, 1]}], "different `codes`"),
    ],
)
def test_bad_columns_are_named(columns, message):
    with pytest.raises(UserError, match=message):
        TablePreprocessing(columns)


def test_another_number_of_columns_is_refused():
    with pytest.raises(UserError, match=r"\(batch, columns=4\). Received: \(None, 3\)"):
        TablePreprocessing(COLUMNS)(keras.Input((3,)))
