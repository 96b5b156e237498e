"""Pictures of sequences: what is written on them, and that each is a PNG of some size."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from kerasdl import plots

pytestmark = pytest.mark.once


@pytest.fixture
def shown(monkeypatch):
    """The arrays of each call of imshow."""
    calls = []
    real = Axes.imshow

    def imshow(axes, array, **keywords):
        calls.append(np.asarray(array))
        return real(axes, array, **keywords)

    monkeypatch.setattr(Axes, "imshow", imshow)
    return calls


def test_attention_is_a_table_for_each_text(tmp_path, shown, rng):
    weights = [rng.random((3, 4)), rng.random((2, 2))]
    words = [["a", " ", "$c"], ["x", "y"]]
    path = plots.attention(weights, words, [list("wxyz"), list("pq")], tmp_path / "a.png")
    with Image.open(path) as image:
        assert image.size[0] > 200
    np.testing.assert_array_equal(shown[0], weights[0])
    np.testing.assert_array_equal(shown[1], weights[1])


def test_heads_are_a_table_each(tmp_path, shown, rng):
    weights = {"one": rng.random((2, 3, 3)), "two": rng.random((1, 3, 3))}
    plots.heads(weights, ["a", "b", "c"], tmp_path / "h.png")
    assert len(shown) == 3
    np.testing.assert_array_equal(shown[1], weights["one"][1])


def test_each_word_has_the_image_and_where_it_came_from(tmp_path, shown, rng):
    images = rng.random((2, 8, 8, 1))
    over = [rng.random((2, 4, 4)), rng.random((1, 4, 4))]
    plots.looked_at(images, over, [["a", "b"], ["c"]], tmp_path / "l.png")
    tables = [array for array in shown if array.shape == (4, 4)]
    np.testing.assert_allclose(tables[0], over[0][0] / over[0][0].max())
    assert len(tables) == 3


def test_forecasts_are_drawn_beside_what_came(tmp_path, monkeypatch, rng):
    drawn = []
    real = Axes.plot

    def plot(axes, x, y, **keywords):
        drawn.append((keywords.get("label"), np.asarray(y)))
        return real(axes, x, y, **keywords)

    monkeypatch.setattr(Axes, "plot", plot)
    seen, came, said = rng.random((5, 9, 1)), rng.random((5, 4, 1)), rng.random((5, 4, 1))
    plots.forecasts(seen, came, said, ["load"], tmp_path / "f.png")
    forecasts = [y for label, y in drawn if label == "forecast"]
    np.testing.assert_array_equal(forecasts[0], said[0, :, 0])
    np.testing.assert_array_equal(forecasts[-1], said[4, :, 0])
