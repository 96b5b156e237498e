"""Folders of images: classes, sizes, colours, and what is no image."""

import numpy as np
import pytest

from kerasdl.data import load
from kerasdl.data.images import read_image
from kerasdl.errors import UserError

pytestmark = pytest.mark.once

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def folder(tmp_path, write_image):
    """Two classes of two grey images, 4 high and 3 wide."""
    for name, value in {"cat/1": 10, "cat/2": 20, "dog/a": 200, "dog/b": 250}.items():
        write_image(f"photos/{name}.png", value=value)
    return tmp_path / "photos"


def test_a_folder_per_class_becomes_images_and_classes(folder):
    data = load(folder)
    assert (data.name, data.task, data.classes) == (
        "photos",
        "image-classification",
        ("cat", "dog"),
    )
    assert data.train.x.shape == (4, 4, 3, 1)
    assert data.train.x.dtype == np.uint8
    assert data.train.x[:, 0, 0, 0].tolist() == [10, 20, 200, 250]
    assert data.train.y.tolist() == [0, 0, 1, 1]
    assert data.inputs.shape == (4, 3, 1)
    assert data.inputs.value_range == (0, 255)
    assert (data.validation, data.test) == (None, None)


def test_pixels_keep_their_place(tmp_path, write_image):
    pixels = np.arange(24, dtype="uint8").reshape(2, 4, 3)
    for name in ("a", "b"):
        (tmp_path / "set" / name).mkdir(parents=True)
        Image.fromarray(pixels).save(tmp_path / "set" / name / "1.png")
    np.testing.assert_array_equal(load(tmp_path / "set").train.x[1], pixels)


def test_parts_in_folders_of_their_own_are_kept(tmp_path, write_image):
    for name in ("train/0", "train/1", "train/10", "test/1", "val/0"):
        write_image(f"set/{name}/x.jpg")
    data = load(tmp_path / "set")
    assert data.classes == ("0", "1", "10")
    assert data.test.y.tolist() == [1]
    assert data.validation.y.tolist() == [0]


def test_classes_named_by_numbers_are_in_their_order(tmp_path, write_image):
    for name in ("10", "9", "2"):
        write_image(f"set/{name}/x.png")
    assert load(tmp_path / "set").classes == ("2", "9", "10")


def test_a_class_may_be_named_train(tmp_path, write_image):
    for name in ("train", "bus"):
        write_image(f"set/{name}/x.png")
    assert load(tmp_path / "set").classes == ("bus", "train")


def test_grey_beside_colour_becomes_colour(folder, write_image):
    write_image("photos/dog/c.jpg", mode="RGB", value=(250, 0, 0))
    x = load(folder).train.x
    assert x.shape == (5, 4, 3, 3)
    assert x[0, 0, 0].tolist() == [10, 10, 10]
    assert np.abs(x[4, 0, 0].astype(int) - [250, 0, 0]).max() <= 6  # JPEG is not exact


def test_palettes_and_transparency_become_colour(tmp_path, write_image):
    write_image("set/a/1.png", mode="P", value=0)
    write_image("set/b/1.png", mode="RGBA", value=(1, 2, 3, 0))
    x = load(tmp_path / "set").train.x
    assert x.shape == (2, 4, 3, 3)
    assert x[1, 0, 0].tolist() == [1, 2, 3]


def test_files_that_are_no_images_are_passed_over(folder):
    (folder / "cat" / "notes.txt").write_text("nice")
    (folder / "cat" / ".hidden.png").write_text("no image")
    (folder / ".cache").mkdir()
    (folder / "__pycache__").mkdir()
    assert len(load(folder).train) == 4


def test_images_of_mixed_sizes_are_refused_and_two_are_named(folder, write_image):
    write_image("photos/dog/c.png", size=(5, 3))
    with pytest.raises(UserError, match=r"cat/1.png of 4x3 and .*dog/c.png of 5x3.*image_size="):
        load(folder)


def test_images_of_mixed_sizes_are_resized_when_asked(folder, write_image):
    write_image("photos/dog/c.png", size=(50, 30), value=77)
    data = load(folder, image_size=(8, 6))
    assert data.train.x.shape == (5, 8, 6, 1)
    assert (data.train.x[-1] == 77).all()
    assert data.inputs.resize


def test_resizing_smooths_when_it_shrinks(tmp_path):
    checks = np.indices((8, 8)).sum(axis=0) % 2 * 254
    Image.fromarray(checks.astype("uint8")).save(tmp_path / "a.png")
    small = read_image(tmp_path / "a.png", 1, (2, 2))
    assert np.abs(small.astype(int) - 127).max() <= 3


def test_an_image_is_turned_as_its_exif_says(tmp_path):
    image = Image.new("L", (3, 2))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    image.save(tmp_path / "a.jpg", exif=exif)
    assert read_image(tmp_path / "a.jpg", None, None).shape == (3, 2, 1)


def test_a_damaged_image_is_one_message_with_its_name(folder):
    path = folder / "cat" / "1.png"
    whole = path.read_bytes()
    for content in (b"", b"no image", whole[:20], whole[:-30]):
        path.write_bytes(content)
        with pytest.raises(UserError, match="cat/1.png: not a whole PNG or JPEG image"):
            load(folder)


def test_an_image_of_too_many_pixels_is_refused(folder, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 8)
    with pytest.raises(UserError, match="cat/1.png: the image is too large"):
        load(folder)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2)
    with pytest.raises(UserError, match="cat/1.png: the image is too large"):
        load(folder)


def test_an_image_of_16_bits_is_refused(tmp_path, write_image):
    write_image("set/a/1.png", mode="I;16")
    write_image("set/b/1.png", mode="I;16")
    with pytest.raises(UserError, match="a/1.png: images must have 8 bits a channel.*I;16"):
        load(tmp_path / "set")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "the folder is empty"),
        (["1.png", "2.png"], "one folder of PNG or JPEG images per class.*2 images and no folder"),
        (["a/1.png", "a/2.png"], "at least two classes.*of class 'a'"),
        (["a/1.png", "b/"], "b: a class folder must hold PNG or JPEG images. Received: none"),
        (
            ["train/a/1.png", "train/b/1.png", "test/c/1.png"],
            "test/c: a class must be among those of the training images.*has a, b",
        ),
        (["train/a/1.png", "train/b/1.png", "more/1.png"], "more: beside train/ only folders"),
    ],
)
def test_a_folder_of_another_form_is_one_message(tmp_path, write_image, files, message):
    root = tmp_path / "set"
    root.mkdir()
    for name in files:
        if name.endswith("/"):
            (root / name).mkdir()
        else:
            write_image(f"set/{name}")
    with pytest.raises(UserError, match=message):
        load(root)


@pytest.mark.parametrize("size", [(4,), (0, 3), (4, -1), (4.5, 3)])
def test_a_bad_image_size_is_named(folder, size):
    with pytest.raises(UserError, match="`image_size` must be"):
        load(folder, image_size=size)
