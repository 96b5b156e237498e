"""An archive with members that Keras would not write, or that unpack to too much."""

import io
import pickle
import stat
import struct
import zipfile

import numpy as np
import pytest

from kerasdl import load_model
from kerasdl.models import model_origin

pytestmark = pytest.mark.once


def link(name, target="/etc/passwd"):
    member = zipfile.ZipInfo(name)
    member.create_system = 3
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member, target


def device(name):
    member = zipfile.ZipInfo(name)
    member.external_attr = (stat.S_IFCHR | 0o666) << 16
    return member, ""


def packed(name, content, way):
    member = zipfile.ZipInfo(name)
    member.compress_type = way
    return member, content


class Opens:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize(
    "name",
    [
        "../evil.py",
        "assets/../../evil.py",
        "assets/./evil",
        "assets//evil",
        "/tmp/evil.py",
        "//evil",
        "C:/evil.py",
        "..\\evil.py",
        "assets\\..\\evil",
        "assets/e\x00vil",
        "assets/e\nvil",
        "assets/\u202eevil",
        "evil.py",
        "config.json/evil",
        "metadata.json/",
        "__init__.py",
        "",
    ],
)
def test_a_member_that_leads_elsewhere_or_has_no_place_is_refused(sandbox, name):
    """CVE-2025-12060 and the traversal mended in Keras 3.14."""
    member = zipfile.ZipInfo("x")
    member.filename = member.orig_filename = name
    sandbox.write(more=[(member, "evil")])
    sandbox.refuses("its member .* (leads elsewhere|is none of|no member's name)")
    assert not (sandbox.folder.parent / "evil.py").exists()


@pytest.mark.parametrize(
    "member", [link("assets/link"), device("assets/null")], ids=["link", "device"]
)
def test_a_link_or_device_is_refused(sandbox, member):
    sandbox.write(more=[member])
    sandbox.refuses("is a link or a device")


@pytest.mark.parametrize("way", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_unusual_packing_is_refused(sandbox, way):
    sandbox.write(more=[packed("assets/a", b"a" * 100, way)])
    sandbox.refuses("encrypted or packed in an unusual way")


def test_an_encrypted_member_is_refused(sandbox):
    file = sandbox.write()
    content = bytearray(file.read_bytes())
    for place in (content.index(b"PK\x03\x04") + 6, content.index(b"PK\x01\x02") + 8):
        content[place] |= 1
    file.write_bytes(content)
    sandbox.refuses("encrypted")


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5", "assets/a"])
def test_a_member_that_is_there_twice_is_refused(sandbox, name):
    more = [(name, "{}"), (name, "{}")]
    with pytest.warns(UserWarning, match="Duplicate name"):
        sandbox.write(more=more)
    sandbox.refuses("is there [23] times")


def test_too_many_members_are_refused(sandbox):
    sandbox.write(more=[(f"assets/{n}", "") for n in range(10_001)])
    sandbox.refuses("10004 members, and 10000 are allowed")


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5", "assets/a", "metadata.json"])
def test_a_member_that_unpacks_to_too_much_is_refused_unpacked(sandbox, name):
    """Really there: 100 MB of blanks in 100 kB."""
    file = sandbox.write()
    kept = zipfile.ZipFile(io.BytesIO(file.read_bytes()))
    with zipfile.ZipFile(file, "w") as archive:
        for other in kept.namelist():
            if other != name:
                archive.writestr(other, kept.read(other))
        archive.writestr(*packed(name, b" " * 100_000_000, zipfile.ZIP_DEFLATED))
    assert file.stat().st_size < 200_000
    sandbox.refuses("it unpacks to 100.* bytes, and .* are allowed for its size")


def test_many_members_that_are_small_alone_are_refused_together(sandbox):
    bomb = b" " * 5_000_000
    sandbox.write(more=[packed(f"assets/{n}", bomb, zipfile.ZIP_DEFLATED) for n in range(20)])
    sandbox.refuses("it unpacks to 100.* bytes")


def test_a_size_that_is_only_claimed_is_refused(sandbox):
    file = sandbox.write()
    content = bytearray(file.read_bytes())
    place = content.rindex(
        b"PK\x01\x02", 0, content.index(b"config.json", content.index(b"PK\x01\x02"))
    )
    struct.pack_into("<I", content, place + 24, 2**32 - 2)
    file.write_bytes(content)
    sandbox.refuses("it unpacks to 42949.* bytes")


def test_a_configuration_beyond_its_limit_is_refused(sandbox, monkeypatch):
    monkeypatch.setattr("kerasdl.guard.members.LARGEST_CONFIG", 100)
    sandbox.write()
    sandbox.refuses("its config.json is larger than 100 bytes")


@pytest.mark.parametrize("name", ["model.weights.npz", "assets.npy"])
def test_pickles_in_place_of_weights_are_refused_unread(sandbox, name):
    stream = io.BytesIO()
    np.savez(stream, vars=np.array([Opens(sandbox.touched)], object))
    with zipfile.ZipFile(sandbox.write(), "a") as archive:
        archive.writestr(name, stream.getvalue())
    sandbox.refuses("is none of metadata.json, config.json, model.weights.h5, assets/")


def test_a_pickled_configuration_is_refused_unread(sandbox):
    sandbox.write(config=pickle.dumps(Opens(sandbox.touched)))
    sandbox.refuses("is not a .keras file")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"null",
        b"3",
        b"{",
        b"\xff\xfe\x00",
        b'{"a":NaN',
        b"!!python/object:os.system",
        b"\x00",
    ],
)
def test_a_configuration_that_is_no_object_is_refused(sandbox, text):
    sandbox.write(config=text)
    sandbox.refuses("is not a .keras file")


def test_an_archive_without_weights_or_configuration_is_refused(sandbox):
    for left, match in (
        ("config.json", "holds no model.weights.h5"),
        ("model.weights.h5", "has no config"),
    ):
        with zipfile.ZipFile(sandbox.file, "w") as archive:
            archive.writestr(left, "{}")
        sandbox.refuses(match)


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"PK\x05\x06" + bytes(18), b"\x89HDF\r\n\x1a\n", b"\x80\x04."]
)
def test_other_files_by_that_name_are_refused(sandbox, content):
    sandbox.file.write_bytes(content)
    sandbox.refuses("is not a .keras file")
    sandbox.refuses("is not a .keras file", door=model_origin)


def test_another_ending_is_refused_since_keras_would_read_another_format(sandbox):
    """CVE-2025-9905: the old HDF5 format, whose lambdas were not looked at."""
    sandbox.refuses("must be named .keras", file=sandbox.write(suffix=".h5"))
    sandbox.refuses("must be named .keras", file=sandbox.write(suffix=".hdf5"))


def test_assets_and_folders_of_them_are_allowed(sandbox):
    sandbox.write(more=[("assets/", ""), ("assets/layers/", ""), ("assets/layers/a.txt", "a")])
    assert load_model(sandbox.file).output_shape == (None, 2)
