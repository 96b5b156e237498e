import numpy as np
import pytest
from PIL import Image

from kerasdl import plots


def colours(path):
    with Image.open(path) as picture:
        return len(picture.convert("RGB").getcolors(2**24))


def test_learning_curves_draw_both_splits(tmp_path):
    history = {"loss": [1.0, 0.5], "val_loss": [1.1, 0.7], "learning_rate": [0.1, 0.1]}
    both = plots.learning_curves(history, tmp_path / "both.png")
    one = plots.learning_curves({"loss": [1.0, 0.5]}, tmp_path / "one.png")
    assert colours(both) > colours(one) > 2


@pytest.mark.parametrize("size", [2, 10, 30, 60])
def test_confusion_matrix_of_any_size(tmp_path, rng, size):
    labels = rng.integers(0, size, 200)
    names = [f"class number {i}" for i in range(size)]
    path = plots.confusion_matrix(labels, labels, names, tmp_path / "c.png")
    with Image.open(path) as picture:
        assert max(picture.size) < 2500


def test_worst_mistakes_shows_the_surest_first(tmp_path, rng, monkeypatch):
    titles = []
    from matplotlib.axes import Axes

    real = Axes.set_title
    monkeypatch.setattr(Axes, "set_title", lambda a, t, **k: (titles.append(t), real(a, t, **k))[1])
    images = rng.integers(0, 16, (3, 8, 8, 1))
    probabilities = np.array([[0.4, 0.6], [0.1, 0.9], [0.8, 0.2]])
    plots.worst_mistakes(images, np.array([0, 0, 0]), probabilities, "ab", tmp_path / "m.png")
    assert titles == ["true a\nsaid b (90%)", "true a\nsaid b (60%)"]


def test_worst_mistakes_of_a_faultless_classifier_draws_nothing(tmp_path):
    probabilities = np.array([[0.9, 0.1]])
    path = tmp_path / "m.png"
    drawn = plots.worst_mistakes(np.zeros((1, 8, 8, 1)), np.array([0]), probabilities, "ab", path)
    assert drawn is None
    assert not path.exists()


def test_residuals_draws_a_row_an_output(tmp_path, rng):
    targets = rng.normal(size=(50, 2))
    one = plots.residuals(targets[:, :1], targets[:, :1], ["a"], tmp_path / "1.png")
    two = plots.residuals(targets, targets + 0.1, ["a", "b"], tmp_path / "2.png")
    with Image.open(one) as first, Image.open(two) as second:
        assert second.size[1] == pytest.approx(2 * first.size[1], abs=2)
