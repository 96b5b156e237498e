import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from kerasdl import plots


@pytest.fixture
def drawn(monkeypatch):
    """The points of each call of scatter, with its label."""
    calls = []
    real = Axes.scatter

    def scatter(axes, x, y, **keywords):
        calls.append((np.column_stack([x, y]), keywords.get("label")))
        return real(axes, x, y, **keywords)

    monkeypatch.setattr(Axes, "scatter", scatter)
    return calls


def test_codes_of_two_numbers_are_the_plane_itself(tmp_path, rng, drawn):
    codes, labels = rng.normal(size=(9, 2)), np.arange(9) % 2
    plots.embedding(codes, tmp_path / "e.png", labels, ["cat", "dog"])
    assert [label for _, label in drawn] == ["cat", "dog"]
    np.testing.assert_array_equal(drawn[0][0], codes[::2])
    np.testing.assert_array_equal(drawn[1][0], codes[1::2])


def test_longer_codes_are_shown_by_principal_components_and_tsne(tmp_path, rng, drawn):
    labels = np.repeat([0, 1, 2], 5)
    codes = rng.normal(size=(15, 6)) + 30 * np.diag([1, 2, 3, 0, 0, 0])[labels]
    plots.embedding(codes, tmp_path / "e.png", labels)
    assert [label for _, label in drawn] == ["0", "1", "2"] * 2
    plane, tsne = (np.concatenate([points for points, _ in drawn[i : i + 3]]) for i in (0, 3))
    _, vectors = np.linalg.eigh(np.cov(codes.T))
    expected = (codes - codes.mean(axis=0)) @ vectors[:, ::-1][:, :2]
    np.testing.assert_allclose(np.abs(plane), np.abs(expected), rtol=1e-6, atol=1e-8)
    assert tsne.shape == (15, 2)
    groups = tsne.reshape(3, 5, 2)
    centres = groups.mean(axis=1)
    apart = min(np.linalg.norm(centres[i] - centres[j]) for i, j in ((0, 1), (0, 2), (1, 2)))
    assert apart > 2 * groups.std(axis=1).max()


def test_at_most_so_many_points_are_drawn_the_same_each_time(tmp_path, rng, drawn):
    codes = rng.normal(size=(50, 2))
    for _ in range(2):
        plots.embedding(codes, tmp_path / "e.png", most=8)
    assert len(drawn[0][0]) == 8
    np.testing.assert_array_equal(drawn[0][0], drawn[1][0])


def test_codes_of_one_number_are_drawn_over_their_classes(tmp_path, rng, drawn):
    codes, labels = rng.normal(size=(5, 1)), np.array([0, 0, 1, 1, 1])
    plots.embedding(codes, tmp_path / "e.png", labels)
    np.testing.assert_array_equal(drawn[1][0], np.column_stack([codes[2:, 0], [1, 1, 1]]))


def test_codes_that_are_not_finite_are_left_out(tmp_path, rng, drawn):
    codes = rng.normal(size=(6, 2))
    codes[1] = np.nan
    plots.embedding(codes, tmp_path / "e.png")
    np.testing.assert_array_equal(drawn[0][0], codes[[0, 2, 3, 4, 5]])
    codes[:4] = np.inf
    assert plots.embedding(codes, tmp_path / "none.png") is None
    assert not (tmp_path / "none.png").exists()


def test_codes_that_are_all_equal_are_drawn(tmp_path, drawn):
    path = plots.embedding(np.ones((12, 4)), tmp_path / "e.png", np.arange(12) % 3)
    assert len(drawn) == 3
    with Image.open(path) as picture:
        assert picture.format == "PNG"
