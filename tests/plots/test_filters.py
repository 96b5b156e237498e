import numpy as np
import pytest

from kerasdl import plots


@pytest.fixture
def drawn(monkeypatch):
    """Arrays and options of the images drawn, and the titles of figures."""
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    seen, titles = [], []
    imshow, suptitle = Axes.imshow, Figure.suptitle
    monkeypatch.setattr(
        Axes, "imshow", lambda a, x, **k: (seen.append((x, k)), imshow(a, x, **k))[1]
    )
    monkeypatch.setattr(
        Figure, "suptitle", lambda f, t, **k: (titles.append(t), suptitle(f, t, **k))[1]
    )
    return seen, titles


def test_a_weight_of_zero_is_in_the_middle_between_dark_and_light(tmp_path, drawn):
    kernels = np.zeros((3, 2, 2, 1))
    kernels[0, 0, 0], kernels[2, 1, 1] = -2, 1  # one scale for all filters
    path = plots.filters(kernels, tmp_path / "f.png", "conv")
    assert path.stat().st_size
    seen, titles = drawn
    assert titles == ["conv: 3 filters, 2x2x1"]
    shades = np.stack([image for image, _ in seen])
    expected = np.full((3, 2, 2), 0.5)
    expected[0, 0, 0], expected[2, 1, 1] = 0, 0.75
    np.testing.assert_allclose(shades, expected, atol=0.02)  # a hundredth of the scale is cut off
    assert all(options["cmap"] == "gray" for _, options in seen)


def test_three_channels_are_colours_and_other_numbers_their_mean(tmp_path, drawn, rng):
    plots.filters(rng.normal(size=(1, 3, 3, 3)), tmp_path / "3.png")
    two = np.array([1.0, -3.0, 3.0, 1.0]).reshape(1, 1, 2, 2)
    plots.filters(two, tmp_path / "2.png")
    seen, titles = drawn
    assert seen[0][0].shape == (3, 3, 3)
    np.testing.assert_allclose(seen[1][0], [[0.25, 1.0]], atol=0.01)  # means of -1 and 2
    assert titles == ["1 filter, 3x3x3", "1 filter, 1x2x2, mean of 2 channels"]


def test_only_so_many_filters_are_shown_and_the_title_says_so(tmp_path, drawn, rng):
    plots.filters(rng.normal(size=(9, 2, 2, 1)), tmp_path / "f.png", most=4)
    seen, titles = drawn
    assert len(seen) == 4 and titles == ["4 of 9 filters, 2x2x1"]


def test_filters_of_zeros_are_no_mistake(tmp_path):
    assert plots.filters(np.zeros((2, 3, 3, 1)), tmp_path / "f.png").stat().st_size
