"""What is wrong with an image is said with its file's name and the rule."""

import numpy as np
import pytest
from PIL import Image

from kerasdl.data import Inputs
from kerasdl.errors import UserError
from kerasdl.training import RunConfig, train

pytestmark = pytest.mark.once


@pytest.fixture
def photos(tmp_path):
    """Forty images of 8x8 in two classes."""
    for number in range(40):
        folder = tmp_path / "photos" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (8, 8), dtype="uint8")
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return tmp_path / "photos"


@pytest.fixture
def inputs():
    return Inputs(kind="images", shape=(8, 8, 1), dtype="uint8", value_range=(0.0, 255.0))


def test_too_small_for_the_network_names_the_folder_and_the_size(photos, tmp_path):
    with pytest.raises(UserError) as error:
        train(RunConfig(architecture="alexnet", data=str(photos)), tmp_path / "run")
    for part in ("too small", "at least (3, 3)", str(photos), "8x8x1", "image_size"):
        assert part in str(error.value)
    assert not (tmp_path / "run").exists()


def test_unreadable_file_is_named(photos, tmp_path):
    (photos / "a" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n then nothing")
    with pytest.raises(UserError, match=r"broken\.png: not a whole PNG or JPEG image"):
        train(RunConfig(architecture="cnn", data=str(photos)), tmp_path / "run")


def test_wrong_channels_are_named_with_what_is_expected(inputs, tmp_path):
    np.save(tmp_path / "colour.npy", np.zeros((2, 8, 8, 3), "uint8"))
    with pytest.raises(
        UserError, match=r"colour\.npy: expected inputs of shape \(samples, 8, 8, 1"
    ):
        inputs.read([tmp_path / "colour.npy"])


def test_wrong_size_is_named_with_what_is_expected(inputs, tmp_path):
    Image.fromarray(np.zeros((9, 8), "uint8")).save(tmp_path / "tall.png")
    with pytest.raises(UserError, match=r"tall\.png: expected an image of \(height=8, width=8\)"):
        inputs.read([tmp_path / "tall.png"])
