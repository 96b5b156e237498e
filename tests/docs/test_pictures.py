"""The pictures of components: all drawn by docs/pictures.py, and true to the components."""

import re

import keras
import numpy as np
import pytest

pytest.importorskip("matplotlib")

OVER_AN_AXIS = {"glu", "log_softmax", "softmax", "sparsemax"}
NOT_BY_NAME = {"deserialize", "get", "serialize", "threshold"}  # the last needs an argument
SAME = {"hard_swish": "hard_silu", "swish": "silu"}


@pytest.fixture
def pictures(docs_module):
    docs_module("layer_pictures")
    return docs_module("pictures")


@pytest.fixture(scope="module")
def shown(root):
    pages = (root / "docs" / "components").glob("*.md")
    return set(re.findall(r"images/(\w+)\.png", "".join(p.read_text("utf-8") for p in pages)))


def test_pages_show_just_what_the_script_draws(pictures, shown):
    assert shown == set(pictures.PICTURES)


def test_every_picture_is_there_and_small(pictures, shown):
    for name in shown:
        assert 5_000 < (pictures.IMAGES / f"{name}.png").stat().st_size < 120_000, name


def test_picture_is_drawn_into_the_folder_given(pictures, tmp_path):
    (drawn,) = pictures.draw(["regularizers"], tmp_path)
    assert drawn.parent == tmp_path
    assert drawn.read_bytes().startswith(b"\x89PNG")


def test_every_activation_that_keras_has_by_name_is_drawn(pictures):
    public = {name for name in vars(keras.activations) if not name.startswith("_")}
    callables = {name for name in public if callable(getattr(keras.activations, name))}
    expected = {SAME.get(name, name) for name in callables - OVER_AN_AXIS - NOT_BY_NAME}
    drawn = {name for rows in pictures.ACTIVATIONS.values() for row in rows for name in row}
    assert drawn == expected | set(pictures.STRAIGHT_THROUGH)


def test_page_on_activations_has_a_row_for_each_drawn(root, pictures):
    page = (root / "docs" / "components" / "activations.md").read_text("utf-8")
    rows = " ".join(re.findall(r"^\| (`[^|]*) \|", page, re.MULTILINE))
    for drawn in pictures.ACTIVATIONS.values():
        for name in (name for row in drawn for name in row):
            assert f"`{name}`" in rows


def test_slope_is_the_derivative(pictures):
    x = np.array([-2.0, -0.5, 0.25, 3.0])
    values, slopes = pictures.curve_and_slope(keras.activations.tanh, x)
    np.testing.assert_allclose(values, np.tanh(x), rtol=1e-5)
    np.testing.assert_allclose(slopes, 1 - np.tanh(x) ** 2, rtol=1e-4)
