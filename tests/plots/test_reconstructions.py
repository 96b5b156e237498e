import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from kerasdl import plots


@pytest.fixture
def shown(monkeypatch):
    images = []
    real = Axes.imshow
    monkeypatch.setattr(
        Axes, "imshow", lambda axes, image, **k: (images.append(image), real(axes, image, **k))[1]
    )
    return images


def test_inputs_stand_above_outputs_from_best_to_worst(tmp_path, shown):
    images = np.zeros((3, 2, 2, 1), "uint8")
    images[:, 0, 0, 0] = 200
    made = images.astype("float32")
    made[0] += 20.0
    made[1] += 100.0
    path = plots.reconstructions(images, made, tmp_path / "r.png")
    assert path == tmp_path / "r.png"
    assert [image[1, 1] for image in shown] == pytest.approx([0, 0, 0, 0.1, 0, 0.5])
    assert [image[0, 0] for image in shown] == [1.0] * 6  # 220 and 300 are cut off


@pytest.mark.parametrize("channels, shape", [(1, (5, 4)), (3, (5, 4, 3)), (2, (5, 4))])
def test_images_of_any_channels_are_drawn(tmp_path, rng, shown, channels, shape):
    images = rng.normal(size=(30, 5, 4, channels))
    plots.reconstructions(images, images, tmp_path / "r.png", most=4)
    assert [image.shape for image in shown] == [shape] * 8


def test_outputs_that_are_not_finite_count_as_the_worst(tmp_path, rng, shown):
    images = rng.uniform(0.2, 1, size=(3, 2, 2, 1))
    made = images.copy()
    made[0] = np.nan
    made[1] += 100
    plots.reconstructions(images, made, tmp_path / "r.png")
    assert (shown[-1] == 0).all()
    with Image.open(tmp_path / "r.png") as picture:
        assert picture.format == "PNG"
