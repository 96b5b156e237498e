"""Image files: PNG and JPEG, one by one or as a folder of images per class."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerasdl.data.checks import check_data
from kerasdl.data.inputs import Inputs
from kerasdl.data.records import Data, Samples
from kerasdl.errors import UserError, require

SUFFIXES = (".png", ".jpg", ".jpeg")
_PARTS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
}


def image_files(folder: Path) -> list[Path]:
    """PNG and JPEG files in a folder and the folders in it, hidden ones left out, by name."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return sorted(p for p in found if p.is_file() and not _is_hidden(p.relative_to(folder)))


def read_image(path: Path, channels: int | None, size: tuple[int, int] | None) -> np.ndarray:
    """One image as `(H, W, C)` bytes, turned as its EXIF says.

    Args:
        path: A PNG or JPEG file.
        channels: 1 for grey, 3 for colour; `None` keeps what the file has. Transparency is
            dropped.
        size: Height and width to resize to (bilinear, with smoothing), or `None`.

    Raises:
        UserError: If the file is missing, damaged, too large, or has 16 bits a channel.
    """
    require("PIL", "train", "reading images")
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=("PNG", "JPEG")) as opened:
                _refuse_deep(path, opened.mode)
                image = ImageOps.exif_transpose(opened)
                grey = channels == 1 if channels else _is_grey(opened)
                image = image.convert("L" if grey else "RGB")
    except UserError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise UserError(f"{path}: the image is too large to be read safely ({error}).") from None
    except Exception as error:  # a damaged file makes Pillow raise several kinds
        raise UserError(
            f"{path}: not a whole PNG or JPEG image ({error}). Repair or remove it."
        ) from None
    if size is not None and image.size != (size[1], size[0]):
        image = image.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    pixels = np.asarray(image, np.uint8)
    return pixels if pixels.ndim == 3 else pixels[..., np.newaxis]


def stack_images(
    paths: Sequence[Path], channels: int | None, size: tuple[int, int] | None
) -> np.ndarray:
    """Images of one size as `(N, H, W, C)` bytes; grey ones become colour beside colour ones.

    Raises:
        UserError: On images of different sizes where `size` is `None`; names two of them.
    """
    images = []
    for path in paths:
        images.append(read_image(path, channels, size))
        if images[-1].shape[:2] != images[0].shape[:2]:
            raise UserError(
                "images must be of one size (height x width). "
                f"Received: {paths[0]} of {_size(images[0])} and {path} of {_size(images[-1])}. "
                "Give image_size=(height, width) to resize all."
            )
    depth = max(image.shape[2] for image in images)
    stacked = np.empty((len(images), *images[0].shape[:2], depth), np.uint8)
    for number in range(len(images)):
        stacked[number] = images[number]
        images[number] = None  # so that the images are not held twice
    return stacked


def load_image_folder(folder: Path, image_size: tuple[int, int] | None = None) -> Data:
    """A folder with one folder of images per class; or `train/`, `validation/`, `test/` of such.

    Classes are the folders' names, in order (whole numbers by value). Files that are not PNG or
    JPEG are passed over.

    Raises:
        UserError: If there are no class folders, a class has no image, a test class is unknown in
            training, an image cannot be read, or sizes differ and `image_size` is not given.
    """
    roots = _part_folders(folder)
    classes = _class_folders(roots["train"])
    files = {part: _labelled(root, classes) for part, root in roots.items()}
    everything = [path for part in files.values() for path, _ in part]
    stacked = stack_images(everything, None, image_size)
    samples, start = {}, 0
    for part, labelled in files.items():
        end = start + len(labelled)
        y = np.array([label for _, label in labelled], np.int32)
        samples[part] = Samples(stacked[start:end], y)
        start = end
    return check_data(
        Data(
            name=folder.resolve().name,
            task="image-classification",
            **samples,
            inputs=Inputs(
                kind="images",
                shape=stacked.shape[1:],
                dtype="uint8",
                value_range=(0.0, 255.0),
                resize=image_size is not None,
            ),
            outputs=len(classes),
            classes=tuple(classes),
            source=str(folder),
        )
    )


def _part_folders(folder: Path) -> dict[str, Path]:
    """The folders of training, validation and test images, or the one folder."""
    folders = {path.name.lower(): path for path in _folders(folder)}
    train = next((folders[name] for name in ("train", "training") if name in folders), None)
    if train is None or not _folders(train):
        return {"train": folder}
    for name, path in folders.items():
        if name not in _PARTS:
            raise UserError(
                f"{path}: beside {train.name}/ only folders of other parts are expected "
                f"({', '.join(_PARTS)}). Received: {path.name}. Move it elsewhere."
            )
    return {_PARTS[name]: path for name, path in folders.items()}


def _class_folders(root: Path) -> list[str]:
    names = [path.name for path in _folders(root)]
    if not names:
        found = len(image_files(root))
        raise UserError(
            f"{root}: expected one folder of PNG or JPEG images per class, such as "
            f"{root.name}/cat/1.png. Received: {found or 'no'} images and no folder."
        )
    by_number = all(name.isdecimal() for name in names)
    return sorted(names, key=int) if by_number else sorted(names)


def _labelled(root: Path, classes: Sequence[str]) -> list[tuple[Path, int]]:
    """Each image of a part with the number of its class."""
    unknown = sorted({path.name for path in _folders(root)} - set(classes))
    if unknown:
        raise UserError(
            f"{root / unknown[0]}: a class must be among those of the training images. "
            f"Received: {unknown[0]!r}; training has {', '.join(classes)}."
        )
    labelled = []
    for label, name in enumerate(classes):
        found = image_files(root / name) if (root / name).is_dir() else []
        if not found and (root / name).is_dir():
            raise UserError(
                f"{root / name}: a class folder must hold PNG or JPEG images. Received: none."
            )
        labelled += [(path, label) for path in found]
    return labelled


def _folders(folder: Path) -> list[Path]:
    return [p for p in folder.iterdir() if p.is_dir() and not p.name.startswith((".", "__"))]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _size(image: np.ndarray) -> str:
    return f"{image.shape[0]}x{image.shape[1]}"


def _is_grey(image) -> bool:
    return image.mode in {"1", "L", "LA"}


def _refuse_deep(path: Path, mode: str) -> None:
    if mode.startswith(("I", "F")):
        raise UserError(
            f"{path}: images must have 8 bits a channel. Received: mode {mode!r} (16 or 32 bits). "
            "Give such images as a .npz of arrays x and y."
        )
