import numpy as np
import pytest
from PIL import Image

from kerasdl import plots


@pytest.mark.parametrize("channels", [1, 3])
def test_image_stays_where_the_map_is_zero_and_turns_red_where_it_is_high(tmp_path, channels):
    images = np.zeros((1, 8, 8, channels))
    images[0, 0, 0] = 1
    heat = np.zeros((1, 8, 8))
    heat[0, 5:, 5:] = 1

    def pixels(values):
        path = plots.heat_maps(images, values, ["true a\nsaid b"], tmp_path / "h.png", "conv")
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB")).astype(int)

    hot, cold = pixels(heat), pixels(np.zeros_like(heat))
    changed = np.argwhere((hot != cold).any(axis=-1))
    top, left = changed.min(axis=0)
    bottom, right = changed.max(axis=0)
    assert left > hot.shape[1] / 2  # the image on the left stays as it is
    panel = 2 * (bottom - top) > hot.shape[0] / 4
    assert panel and abs((bottom - top) - (right - left)) < 4
    red, green, blue = hot[bottom - 5, right - 5]
    assert red > 150 and red > green + 100 and red > blue + 100


def test_any_number_of_images_is_drawn(tmp_path, rng):
    sizes = []
    for count in (1, 4, 5):
        images, heat = rng.random((count, 6, 9, 2)), rng.random((count, 6, 9))
        path = plots.heat_maps(images, heat, ["name"] * count, tmp_path / "h.png")
        with Image.open(path) as picture:
            sizes.append(picture.size)
    assert sizes[0][0] < sizes[1][0] == sizes[2][0]  # four in a row
    assert sizes[0][1] == sizes[1][1] < sizes[2][1]
