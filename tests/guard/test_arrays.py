"""Weights that are not plain arrays inside of their file."""

import io
import zipfile

import h5py
import numpy as np
import pytest

from kerasdl import create_model, load_model
from kerasdl.errors import UserError
from kerasdl.weights import load_into

pytestmark = pytest.mark.once
PLACE = "layers/dense/vars"


def spoiled(sandbox, spoil):
    """A sound model's file, its weights changed."""
    sound = sandbox.write()
    stream = io.BytesIO(zipfile.ZipFile(sound).read("model.weights.h5"))
    with h5py.File(stream, "r+") as weights:
        spoil(weights)
    return sandbox.write(weights=stream.getvalue())


def replaced(weights, make):
    group = weights[PLACE]
    del group["0"]
    make(group)


def soft(group):
    group["0"] = h5py.SoftLink("/layers/dense/vars/1")


def dangling(group):
    group["0"] = h5py.SoftLink("/nowhere")


def external_link(group):
    group["0"] = h5py.ExternalLink("secret.txt", "/a")


def external_storage(group):
    group.create_dataset("0", (3, 2), "u1", external=[("secret.txt", 0, 6)])


def virtual(group):
    layout = h5py.VirtualLayout((3, 2), "f4")
    layout[:] = h5py.VirtualSource("secret.txt", "a", (3, 2))
    group.create_virtual_dataset("0", layout)


def cycle(group):
    group["0"] = group.file["layers"]


def same_twice(group):
    group["0"] = group["1"]


def texts(group):
    group.create_dataset("0", data=np.array(["a"], object), dtype=h5py.string_dtype())


def fixed_texts(group):
    group.create_dataset("0", data=np.array([b"abc"]))


def records(group):
    group.create_dataset("0", data=np.zeros(2, [("a", "f4"), ("b", "i4")]))


def references(group):
    group.create_dataset("0", data=np.array([group.ref], object), dtype=h5py.ref_dtype)


def uneven(group):
    group.create_dataset("0", (2,), dtype=h5py.vlen_dtype(np.int32))


def a_type(group):
    group["0"] = np.dtype("f8")


def huge(group):
    group.create_dataset("0", (2**20, 2**20), "f8", chunks=(2**10, 2**10), compression="gzip")


def huge_in_small_pieces(group):
    for number in range(5):
        group.create_dataset(f"{number}x", (2**10, 2**14), "u1", chunks=(2**10, 2**10))


def unknown_filter(group):
    made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    made.set_chunk((2,))
    made.set_filter(32999, h5py.h5z.FLAG_OPTIONAL, (1,))
    space = h5py.h5s.create_simple((2,))
    h5py.h5d.create(group.id, b"0", h5py.h5t.IEEE_F32LE, space, made)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (soft, "is a link to somewhere else"),
        (dangling, "is a link to somewhere else"),
        (external_link, "is a link to somewhere else"),
        (external_storage, "lies in another file"),
        (virtual, "lies in another file"),
        (cycle, "is there under two names"),
        (same_twice, "is there under two names"),
        (texts, "not of numbers but of object"),
        (fixed_texts, "not of numbers but of"),
        (records, "not of numbers but of"),
        (references, "not of numbers but of object"),
        (uneven, "not of numbers but of object"),
        (a_type, "neither a group nor an array"),
        (huge, "arrays are of 8796.* bytes or more"),
        (huge_in_small_pieces, "arrays are of .* bytes or more"),
        (unknown_filter, "packed by the HDF5 filters .32999."),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_no_plain_array_is_refused_unread(sandbox, make, match):
    """CVE-2026-1669, CVE-2026-0897 and their kin."""
    spoiled(sandbox, lambda weights: replaced(weights, make))
    sandbox.refuses(match)


@pytest.mark.parametrize("make", [external_link, external_storage, virtual])
def test_a_weights_file_is_looked_at_too(sandbox, make):
    path = sandbox.folder / "a.weights.h5"
    with h5py.File(path, "w") as weights:
        group = weights.create_group(PLACE)
        group.create_dataset("1", data=np.zeros(2, "f4"))
        make(group)
    model = create_model("perceptron", input_shape=(3,), num_classes=2)
    sandbox.refuses(
        "a.weights.h5 is refused", path, lambda file: load_into(model, file, load_model)
    )


@pytest.mark.parametrize(
    "content", [b"", b"\x89HDF\r\n\x1a\n", b"PK\x05\x06" + bytes(18), bytes(4096)]
)
def test_weights_that_are_no_hdf5_are_refused(sandbox, content):
    sandbox.write(weights=content)
    sandbox.refuses("its weights cannot be read")
    path = sandbox.folder / "a.weights.h5"
    path.write_bytes(content)
    with pytest.raises(UserError, match="a.weights.h5: its weights cannot be read"):
        create_model("perceptron", input_shape=(3,), num_classes=2, weights=path)


def test_sizes_that_contradict_the_configuration_are_refused(sandbox):
    spoiled(sandbox, lambda w: replaced(w, lambda group: group.create_dataset("0", (9, 9), "f4")))
    sandbox.refuses("cannot be loaded as a model")
    spoiled(sandbox, lambda w: replaced(w, lambda group: None))
    sandbox.refuses("cannot be loaded as a model")


def test_packed_arrays_are_allowed(sandbox):
    def pack(weights):
        values = weights[f"{PLACE}/0"][:]
        replaced(
            weights, lambda g: g.create_dataset("0", data=values, compression="gzip", shuffle=True)
        )

    assert load_model(spoiled(sandbox, pack)).output_shape == (None, 2)
