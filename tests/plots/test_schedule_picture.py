import numpy as np
from PIL import Image

from kerasdl.plots.schedules import schedules


def test_each_schedule_is_drawn_in_its_own_colour(tmp_path):
    steps = np.arange(50)
    curves = {"falls": 0.1 * 0.9**steps, "rises": 0.002 * steps}
    shades = []
    for names in (["falls"], ["falls", "rises"]):
        path = schedules({name: curves[name] for name in names}, steps, tmp_path / "s.png")
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
        shades.append({tuple(pixel) for pixel in pixels.tolist()})
    falls, rises = (0x1F, 0x6F, 0x8B), (0xD1, 0x49, 0x5B)
    assert falls in shades[0] and rises not in shades[0]
    assert {falls, rises} <= shades[1]


def test_a_single_point_is_no_mistake(tmp_path):
    assert schedules({"one": np.array([0.1])}, [0], tmp_path / "s.png").stat().st_size
