"""Arrays and images: NumPy's files, IDX, PNG and JPEG, alone and in folders."""

import gzip
import io
import lzma

import numpy as np
import pytest
from hypothesis import strategies as st
from PIL import Image

from kerasdl.data import Inputs, load
from kerasdl.data.arrays import read_npy, read_npz
from kerasdl.data.idx import read_idx
from kerasdl.data.images import read_image


def npy(array, version=None):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version)
    return stream.getvalue()


def npz(save=np.savez, **arrays):
    stream = io.BytesIO()
    save(stream, **arrays)
    return stream.getvalue()


def idx(array, code):
    head = bytes([0, 0, code, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return head + array.tobytes()


def picture(mode, kind, size=(5, 7), **how):
    values = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 4), np.uint8)
    stream = io.BytesIO()
    image = Image.fromarray(values, "RGBA")
    image = image.convert("L").convert(mode) if mode == "I;16" else image.convert(mode)
    image.save(stream, kind, **how)
    return stream.getvalue()


X = np.arange(24, dtype="f4").reshape(6, 4)
PIXELS = np.arange(6 * 25, dtype="u1").reshape(6, 5, 5)
Y = np.array([0, 1, 2, 0, 1, 2])
NPY = [
    npy(X),
    npy(Y),
    npy(np.asfortranarray(X.astype(">f8")), (2, 0)),
    npy(np.array(["a", "b"])),
    npy(np.array(["a", None], object)),
    npy(np.zeros(2, [("a", "f4")])),
    npy(np.array(["2020-01-01"], "M8[D]")),
    npy(np.array(1 + 2j)),
    npy(np.array(np.inf, "f2")),
    npy(X, (3, 0)),
]
NPZ = [
    npz(x=X, y=Y),
    npz(np.savez_compressed, x=PIXELS, y=Y),
    npz(x_train=X, y_train=list("ababab"), x_test=X, y_test=list("bababa"), classes=["a", "b"]),
    npz(x=X, y=np.full(6, np.nan)),
    npz(images=PIXELS, labels=np.eye(3)[Y]),
]
IDX = [
    idx(PIXELS, 8),
    idx(Y.astype("u1"), 8),
    idx(X.astype(">f4"), 0x0D),
    idx(X.astype(">i4"), 0x0C),
    idx(np.zeros((0, 3), ">f8"), 0x0E),
]
PACKERS = {"": bytes, ".gz": lambda content: gzip.compress(content, 1), ".xz": lzma.compress}
IMAGES = [
    *(picture(mode, "PNG") for mode in ("L", "RGB", "RGBA", "P", "1", "LA", "I;16")),
    *(picture(mode, "JPEG") for mode in ("L", "RGB", "CMYK")),
    picture("RGB", "JPEG", progressive=True, exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"),
    picture("RGB", "GIF"),
    picture("RGB", "TIFF"),
    picture("L", "PPM"),
]  # fmt: skip


def test_npy(fuzz, bytes_of):
    fuzz.run(bytes_of(NPY), lambda content: read_npy(fuzz.write("a.npy", content)))


def test_npz(fuzz, bytes_of):
    fuzz.run(bytes_of(NPZ), lambda content: read_npz(fuzz.write("a.npz", content)))


@pytest.mark.parametrize(
    "task", [None, "image-classification", "tabular-regression", "autoencoding"]
)
def test_npz_as_data(fuzz, bytes_of, task):
    fuzz.run(
        bytes_of(NPZ), lambda content: load(fuzz.write("a.npz", content), task=task), most=2_500
    )


@pytest.mark.parametrize("ending", PACKERS)
def test_idx(fuzz, bytes_of, ending):
    spoiled = st.one_of(
        bytes_of(IDX).map(PACKERS[ending]), bytes_of([PACKERS[ending](content) for content in IDX])
    )
    fuzz.run(spoiled, lambda content: read_idx(fuzz.write(f"a-images-idx3-ubyte{ending}", content)))


def test_a_folder_of_idx(fuzz, bytes_of):
    def act(contents):
        for name, content in zip(("images-idx3", "labels-idx1"), contents, strict=True):
            fuzz.write(f"train-{name}-ubyte", content)
        load(fuzz.folder)

    fuzz.run(st.tuples(bytes_of(IDX), bytes_of(IDX)), act)


@pytest.mark.parametrize("size", [None, (4, 4)])
def test_image(fuzz, bytes_of, size):
    fuzz.run(bytes_of(IMAGES), lambda content: read_image(fuzz.write("a.png", content), None, size))


def test_a_folder_of_images(fuzz, bytes_of):
    def act(contents):
        for number, content in enumerate(contents):
            fuzz.write(f"images/{number % 2}/{number}.png", content)
        load(fuzz.folder / "images", image_size=(4, 4))

    images = st.lists(bytes_of(IMAGES), min_size=3, max_size=3)
    fuzz.run(images, act, most=3_000)


@pytest.mark.parametrize(
    "inputs",
    [
        Inputs(kind="images", shape=(5, 5, 1), dtype="uint8", value_range=(0.0, 255.0)),
        Inputs(kind="images", shape=(5, 5, 1), value_range=(0.0, 1.0), resize=True),
        Inputs(kind="arrays", shape=(4,)),
        Inputs(kind="arrays", shape=(4,), dtype="int8"),
    ],
    ids=["bytes", "resized", "floats", "integers"],
)
@pytest.mark.parametrize("name", ["a.png", "a.npy", "a.npz", "a-images-idx3-ubyte"])
def test_inputs_of_a_trained_model(fuzz, bytes_of, inputs, name):
    corpus = {"a.png": IMAGES, "a.npy": NPY, "a.npz": NPZ}.get(name, IDX)
    fuzz.run(bytes_of(corpus), lambda content: inputs.read([fuzz.write(name, content)]), most=1_250)
