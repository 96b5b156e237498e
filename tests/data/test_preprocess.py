"""Preprocessing: fitted on training inputs, equal to NumPy and scikit-learn, saved with a model."""

import keras
import numpy as np
import pytest

from kerasdl.data import DATA_PREPROCESSING, Column, Inputs, preprocessing
from kerasdl.errors import UserError

NAN = float("nan")
SCALINGS = [kind for kind in DATA_PREPROCESSING if kind not in ("auto", "none", "piecewise")]


def apply(layers, x):
    for layer in layers:
        x = layer(x)
    return np.array(x)


def by_numpy(kind, train, x, axes):
    """The kinds' definitions in float64."""
    train, x = train.astype("float64"), x.astype("float64")
    if kind == "center":
        return x - train.mean(axes)
    if kind == "standardize":
        return (x - train.mean(axes)) / train.std(axes)
    if kind == "robust":
        low, middle, high = np.percentile(train, (25, 50, 75), axis=axes)
        return (x - middle) / ((high - low) / (2 * 0.674489750196))  # quartile of the normal
    low, high = train.min(axes), train.max(axes)
    unit = (x - low) / (high - low)
    return unit if kind == "unit" else 2 * unit - 1


@pytest.fixture
def features(rng):
    return (rng.normal(size=(40, 3)) * [1, 50, 0.01] + [0, 1000, 5]).astype("float32")


@pytest.fixture
def pictures(rng):
    return rng.integers(3, 200, (12, 5, 4, 3), np.uint8)


ARRAYS = Inputs(kind="arrays", shape=(3,))
IMAGES = Inputs(kind="images", shape=(5, 4, 3), dtype="uint8")


@pytest.mark.parametrize("kind", SCALINGS)
def test_arrays_are_scaled_by_feature(features, kind):
    new = features[:7] * 1.5
    layers = preprocessing(kind, features, ARRAYS)
    np.testing.assert_allclose(
        apply(layers, new), by_numpy(kind, features, new, (0,)), rtol=2e-4, atol=2e-4
    )


@pytest.mark.parametrize("kind", ["center", "standardize", "robust"])
def test_images_are_scaled_by_channel(pictures, kind):
    layers = preprocessing(kind, pictures, IMAGES)
    np.testing.assert_allclose(
        apply(layers, pictures[:2]),
        by_numpy(kind, pictures, pictures[:2], (0, 1, 2)),
        rtol=1e-4,
        atol=1e-4,
    )


@pytest.mark.parametrize(("kind", "ends"), [("unit", (0, 1)), ("symmetric", (-1, 1))])
def test_images_are_scaled_by_the_range_of_a_pixel_where_it_is_known(pictures, kind, ends):
    known = Inputs(kind="images", shape=(5, 4, 3), dtype="uint8", value_range=(0, 255))
    layers = preprocessing(kind, pictures, known)
    black_and_white = np.array([0, 255], np.uint8).reshape(2, 1, 1, 1)
    np.testing.assert_allclose(apply(layers, black_and_white).ravel(), ends, atol=1e-6)
    unknown = apply(preprocessing(kind, pictures, IMAGES), pictures)
    np.testing.assert_allclose((unknown.min(), unknown.max()), ends, atol=1e-6)


def test_auto_is_unit_for_images_standardize_for_arrays_none_for_words(pictures, features):
    pairs = [("unit", pictures, IMAGES), ("standardize", features, ARRAYS)]
    for kind, x, inputs in pairs:
        auto, named = (apply(preprocessing(k, x, inputs), x) for k in ("auto", kind))
        np.testing.assert_array_equal(auto, named)
    words = Inputs(kind="tokens", shape=(3,), dtype="int32")
    assert preprocessing("auto", np.zeros((2, 3), int), words) == []


def test_none_leaves_images_and_arrays_alone(pictures, features):
    assert preprocessing("none", features, ARRAYS) == []
    out = apply(preprocessing("none", pictures, IMAGES), pictures)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, pictures)


def test_a_feature_that_never_changes_is_not_scaled():
    x = np.array([[1.0, 5.0], [2.0, 5.0]], "float32")
    pair = Inputs(kind="arrays", shape=(2,))
    for kind in SCALINGS:
        out = apply(preprocessing(kind, x, pair), np.array([[1.0, 6.0]], "float32"))
        np.testing.assert_allclose(out[0, 1], {"symmetric": 1, "unit": 1}.get(kind, 1))


def test_features_of_tiny_units_are_scaled_too(features):
    tiny = (features * np.float32(1e-9)).astype("float32")
    out = apply(preprocessing("standardize", tiny, ARRAYS), tiny)
    np.testing.assert_allclose(out.std(axis=0), 1, rtol=1e-2)
    np.testing.assert_allclose(
        out[:, 0], by_numpy("standardize", tiny, tiny, (0,))[:, 0], rtol=1e-3
    )


def test_layers_compute_in_float32_and_survive_saving(pictures, features, tmp_path):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        for x, inputs in ((pictures, IMAGES), (features, ARRAYS)):
            for kind in ("unit", "standardize"):
                layers = preprocessing(kind, x, inputs)
                entry = keras.Input(inputs.shape, dtype=inputs.dtype)
                out = entry
                for layer in layers:
                    out = layer(out)
                model = keras.Model(entry, out)
                model.save(tmp_path / "m.keras")
                loaded = keras.saving.load_model(tmp_path / "m.keras")
                result = model(x[:3])
                assert keras.backend.standardize_dtype(result.dtype) == "float32"
                np.testing.assert_array_equal(np.array(loaded(x[:3])), np.array(result))
    finally:
        keras.config.set_dtype_policy(before)


TABLE = Inputs(
    kind="table",
    shape=(4,),
    columns=(
        Column("a"),
        Column("income"),
        Column("kind", "categorical", ("x", "y", "z", "rare")),
        Column("whole"),
    ),
)


@pytest.fixture
def rows(rng):
    rows = np.stack(
        [
            rng.normal(10, 3, 60),
            np.exp(rng.normal(3, 1.5, 60)),
            rng.integers(0, 3, 60),
            rng.normal(size=60),
        ],
        axis=1,
    ).astype("float32")
    rows[[3, 30], 0] = NAN
    rows[7, 2], rows[8, 2] = 3, NAN
    return rows


@pytest.mark.parametrize("kind", [kind for kind in SCALINGS if kind != "robust"])
def test_a_table_equals_scikit_learns_pipeline(rows, kind):
    compose = pytest.importorskip("sklearn.compose")
    from sklearn import impute, pipeline
    from sklearn import preprocessing as scalers

    scaler = {
        "center": scalers.StandardScaler(with_std=False),
        "standardize": scalers.StandardScaler(),
        "unit": scalers.MinMaxScaler(),
        "symmetric": scalers.MinMaxScaler((-1, 1)),
    }[kind]
    reference = compose.ColumnTransformer(
        [
            (
                "numbers",
                pipeline.make_pipeline(impute.SimpleImputer(strategy="median"), scaler),
                [0, 1, 3],
            )
        ]
    ).fit(rows)
    new = rows[:20] * 1.1
    out = apply(preprocessing(kind, rows, TABLE), new)
    np.testing.assert_allclose(out[:, :3], reference.transform(new), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(out[:, 3], np.isnan(new[:, 0]))


def test_a_tables_categories_are_those_seen_twice_in_training(rows):
    out = apply(preprocessing("standardize", rows, TABLE), rows)[:, 4:]
    assert out.shape[1] == 4  # unknown, x, y, z; "rare" was seen once
    expected = np.zeros((60, 4))
    for row, code in enumerate(rows[:, 2]):
        expected[row, 0 if np.isnan(code) or code == 3 else int(code) + 1] = 1
    np.testing.assert_array_equal(out, expected)


def test_a_table_is_fitted_on_training_rows_alone(rows):
    layers = preprocessing("standardize", rows[:30], TABLE)
    before = layers[0].get_config()
    apply(layers, rows * 100)
    assert layers[0].get_config() == before
    mean = np.nanmean(np.where(np.isnan(rows[:30, 3]), NAN, rows[:30, 3]).astype("float64"))
    assert before["columns"][3]["center"] == pytest.approx(mean)


def test_auto_takes_a_long_tail_by_its_logarithm(rows):
    columns = preprocessing("auto", rows, TABLE)[0].get_config()["columns"]
    assert columns[1]["log"] == pytest.approx(np.median(rows[:, 1]))
    assert (columns[0]["log"], columns[3]["log"]) == (0, 0)
    out = apply(preprocessing("auto", rows, TABLE), rows)[:, 1]
    logged = np.log1p(rows[:, 1].astype("float64") / np.median(rows[:, 1]))
    np.testing.assert_allclose(out, (logged - logged.mean()) / logged.std(), rtol=1e-4, atol=1e-5)


def test_piecewise_adds_each_numbers_place_among_its_quantiles(rows):
    layers = preprocessing("piecewise", rows, TABLE)
    out = apply(layers, rows)
    assert out.shape == (60, 3 + 3 * 4 + 1 + 4)
    whole = rows[:, 3].astype("float64")
    edges = np.sort(whole)[[0, 14, 29, 44, 59]]  # the first that a quarter, a half … is below
    expected = [
        np.clip((whole - a) / (b - a), 0, 1) for a, b in zip(edges, edges[1:], strict=False)
    ]
    np.testing.assert_allclose(out[:, 11:15], np.array(expected).T, rtol=1e-3, atol=1e-3)


def test_auto_cuts_the_numbers_of_a_large_table_only(rows):
    columns = preprocessing("auto", rows, TABLE)[0].get_config()["columns"]
    assert not any("edges" in column for column in columns)
    large = np.tile(rows, (20, 1))  # 1,200 rows: six pieces
    columns = preprocessing("auto", large, TABLE)[0].get_config()["columns"]
    assert [len(column.get("edges", ())) for column in columns] == [7, 7, 0, 7]
    large[:, 3] = np.arange(1200) % 2  # one piece between two values would say nothing new
    columns = preprocessing("auto", large, TABLE)[0].get_config()["columns"]
    assert "edges" not in columns[3]


def test_robust_table_uses_median_and_quartiles(rows):
    out = apply(preprocessing("robust", rows, TABLE), rows)[:, 2]
    expected = by_numpy("robust", rows[:, 3:], rows[:, 3:], (0,))[:, 0]
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5)


def test_a_column_without_a_training_value_is_taken_for_zero(rows):
    rows = rows.copy()
    rows[:, 3] = NAN
    out = apply(preprocessing("auto", rows, TABLE), rows)
    assert np.isfinite(out).all()


@pytest.mark.parametrize(
    ("kind", "inputs", "message"),
    [
        ("piecewise", ARRAYS, "is for tables. Received: arrays"),
        ("whiten", ARRAYS, "`preprocessing` must be one of auto, none.*'whiten'"),
        ("standardise", ARRAYS, "Did you mean 'standardize'"),
        (
            "unit",
            Inputs(kind="tokens", shape=(3,), dtype="int32"),
            "of texts must be none: their numbers stand for tokens",
        ),
    ],
)
def test_bad_kinds_are_named(features, kind, inputs, message):
    with pytest.raises(UserError, match=message):
        preprocessing(kind, features, inputs)
