import numpy as np

from kerasdl import plots


def test_a_channel_has_one_scale_over_all_images(tmp_path, rng, monkeypatch):
    from matplotlib.axes import Axes

    seen = []
    imshow = Axes.imshow
    monkeypatch.setattr(
        Axes, "imshow", lambda a, x, **k: (seen.append((x, k)), imshow(a, x, **k))[1]
    )
    maps = rng.normal(size=(2, 3, 4, 5))
    images = rng.integers(0, 255, (2, 6, 8, 3), dtype=np.uint8)
    names = ["a.png\nsaid x", "a_very_long_name_of_a_file.png\nsaid y"]
    path = plots.feature_maps(images, maps, tmp_path / "m.png", names, "conv", most=4)
    assert path.stat().st_size
    assert [image.shape for image, _ in seen] == 2 * [(6, 8, 3), *4 * [(3, 4)]]
    for place in range(4):
        for row in range(2):
            image, options = seen[5 * row + 1 + place]
            np.testing.assert_array_equal(image, maps[row, :, :, place])
            assert options["vmin"] == maps[..., place].min()
            assert options["vmax"] == maps[..., place].max()


def test_dead_channel_and_image_of_one_value_are_no_mistake(tmp_path):
    path = plots.feature_maps(np.zeros((1, 4, 4, 1)), np.zeros((1, 2, 2, 1)), tmp_path / "m.png")
    assert path.stat().st_size
