"""Raw inputs: their record, and reading new ones from files."""

import json
import tomllib

import numpy as np
import pytest

from kerasdl.data import Column, Inputs, TextForm, load, train_tokenizer
from kerasdl.errors import UserError

pytestmark = pytest.mark.once

tomli_w = pytest.importorskip("tomli_w")

IMAGES = Inputs(kind="images", shape=(4, 3, 1), dtype="uint8", value_range=(0, 255))
ARRAYS = Inputs(kind="arrays", shape=(2,))


@pytest.mark.parametrize(
    "inputs",
    [
        IMAGES,
        ARRAYS,
        Inputs(kind="images", shape=(4, 3, 3), value_range=(0, 1), resize=True),
        Inputs(
            kind="table",
            shape=(7,),
            columns=(Column("a b"), Column("c", "categorical", ("x", "")), Column("d", "date")),
        ),
        Inputs(kind="series", shape=(9, 1), columns=(Column("load"),)),
    ],
)
def test_a_record_survives_json_and_toml(inputs):
    state = inputs.to_dict()
    assert Inputs.from_dict(json.loads(json.dumps(state))) == inputs
    assert Inputs.from_dict(tomllib.loads(tomli_w.dumps(state))) == inputs


def test_a_record_with_a_tokenizer_survives_json():
    form = TextForm(tokenizer=train_tokenizer(["né 😀"], "characters"), context=4, eos=True)
    inputs = Inputs(kind="tokens", shape=(4,), dtype="int32", text=form)
    again = Inputs.from_dict(json.loads(json.dumps(inputs.to_dict())))
    assert again.to_dict() == inputs.to_dict()
    assert again.text.rows(["né"]).tolist() == form.rows(["né"]).tolist()


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"kind": "sound", "shape": [1]}, "`kind` must be one of images.*'sound'"),
        ({"kind": "arrays", "shape": ["wide"]}, "`shape` must be a whole number.*wide"),
        ({"kind": "arrays", "shape": 3}, "an entry of a wrong form"),
        ({"kind": "table", "shape": [1], "columns": [{"kind": "date"}]}, "wrong form.*name"),
        ({"shape": [1]}, "must have the entry 'kind'"),
        ({"kind": "arrays", "shape": [1], "shap": 3}, "no entry 'shap'. Did you mean 'shape'"),
        (
            {"kind": "table", "shape": [1], "columns": [{"name": "a", "kind": "word"}]},
            "`kind` of column 'a' must be one of numeric",
        ),
    ],
)
def test_a_bad_record_is_named(state, message):
    with pytest.raises(UserError, match=message):
        Inputs.from_dict(state)


def test_tokens_and_words_of_another_shape_than_their_contexts_are_refused():
    form = TextForm(tokenizer=train_tokenizer(["né 😀"], "characters"), context=4)
    tokens = {"kind": "tokens", "shape": [5], "text": form.to_dict()}
    with pytest.raises(UserError, match=r"must be \(4,\), as their contexts say.*\(5,\)"):
        Inputs.from_dict(tokens)
    words = tokens | {"kind": "words", "shape": [4, 4], "characters": form.to_dict()}
    with pytest.raises(UserError, match=r"must be \(4, 5\), as their contexts say.*\(4, 4\)"):
        Inputs.from_dict(words)
    with pytest.raises(UserError, match="must have the entry 'characters'"):
        Inputs.from_dict(tokens | {"kind": "words", "shape": [4, 5]})


def test_image_files_and_folders_are_read_with_their_names(write_image, tmp_path):
    one = write_image("one.png", value=7)
    write_image("more/b.png", value=9)
    write_image("more/deep/a.jpg", value=200, mode="RGB")
    x, names = IMAGES.read([one, tmp_path / "more"])
    assert (x.shape, x.dtype) == ((3, 4, 3, 1), np.uint8)
    assert x[:2, 0, 0, 0].tolist() == [7, 9]
    assert names == [str(one), str(tmp_path / "more/b.png"), str(tmp_path / "more/deep/a.jpg")]


def test_a_grey_image_is_read_as_colour_where_colour_was_trained(write_image):
    colour = Inputs(kind="images", shape=(4, 3, 3), dtype="uint8", value_range=(0, 255))
    x, _ = colour.read([write_image("a.png", value=50)])
    assert (x == 50).all()


@pytest.mark.parametrize(
    ("value_range", "dtype", "expected"),
    [
        ((0, 16), "uint8", [0, 8, 16]),
        ((0, 1), "float32", [0, 0.50196, 1]),
        ((-1, 1), "float32", [-1, 0.00392, 1]),
    ],
)
def test_an_image_file_is_brought_to_the_range_of_training(
    write_image, value_range, dtype, expected
):
    inputs = Inputs(kind="images", shape=(4, 3, 1), dtype=dtype, value_range=value_range)
    x, _ = inputs.read([write_image(f"{value}.png", value=value) for value in (0, 128, 255)])
    np.testing.assert_allclose(x[:, 0, 0, 0], expected, atol=1e-4)


def test_an_image_of_another_size_is_resized_only_where_training_did(write_image):
    path = write_image("a.png", size=(8, 6))
    with pytest.raises(UserError, match=r"\(height=4, width=3\). Received: \(height=8, width=6\)"):
        IMAGES.read([path])
    resized = Inputs(
        kind="images", shape=(4, 3, 1), dtype="uint8", value_range=(0, 255), resize=True
    )
    assert resized.read([path])[0].shape == (1, 4, 3, 1)


def test_arrays_of_every_form_are_read(tmp_path, write_idx):
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    np.save(tmp_path / "a.npy", pixels)
    np.save(tmp_path / "one.npy", pixels[0])
    np.savez(tmp_path / "b.npz", x=pixels[..., None])
    np.savez(tmp_path / "c.npz", anything=pixels)
    idx = write_idx("t10k-images-idx3-ubyte.gz", pixels)
    for path in (tmp_path / "a.npy", tmp_path / "b.npz", tmp_path / "c.npz", idx):
        x, names = IMAGES.read([path])
        np.testing.assert_array_equal(x, pixels[..., None])
        assert names == [f"{path}[0]", f"{path}[1]"]
    np.testing.assert_array_equal(IMAGES.read([tmp_path / "one.npy"])[0], pixels[:1, ..., None])


def test_features_are_read_as_float32(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[1, 2], [3, 4]]))
    x, _ = ARRAYS.read(tmp_path / "a.npy")
    assert x.dtype == np.float32
    np.save(tmp_path / "one.npy", np.array([5.0, 6.0]))
    assert ARRAYS.read([tmp_path / "one.npy"])[0].tolist() == [[5, 6]]


@pytest.mark.parametrize(
    ("inputs", "array", "message"),
    [
        (ARRAYS, np.zeros((3, 5)), r"shape \(samples, 2\). Received: \(3, 5\)"),
        (ARRAYS, np.array([["a", "b"]]), "inputs must be numbers"),
        (ARRAYS, np.array([[1.0, np.nan]]), "must be finite"),
        (ARRAYS, np.array([[1.0, 1e300]]), "must be finite"),
        (IMAGES, np.full((1, 4, 3), 0.5), "whole numbers from 0 to 255.*from 0.5 to 0.5"),
        (
            Inputs(kind="images", shape=(4, 3, 1), dtype="uint8", value_range=(0, 16)),
            np.full((1, 4, 3), 255),
            "whole numbers from 0 to 16, as in training. Received: values from 255 to 255",
        ),
        (IMAGES, np.full((1, 4, 3), -1), "whole numbers from 0 to 255"),
    ],
)
def test_arrays_of_another_form_are_refused(tmp_path, inputs, array, message):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(UserError, match=message) as caught:
        inputs.read([tmp_path / "a.npy"])
    assert "a.npy" in str(caught.value)


def test_what_cannot_be_read_is_one_message(tmp_path, write_image):
    (tmp_path / "a.gif").write_bytes(b"GIF89a")
    (tmp_path / "empty").mkdir()
    np.savez(tmp_path / "two.npz", p=np.zeros(2), q=np.zeros(2))
    table = Inputs(kind="table", shape=(1,), columns=(Column("a"),))
    unknown = Inputs(kind="images", shape=(4, 3, 1))
    cases = [
        (IMAGES, [], "at least one input file"),
        (IMAGES, [tmp_path / "none.png"], "no such file"),
        (IMAGES, [tmp_path / "a.gif"], "read from PNG, JPEG, .npy, .npz, IDX.*'.gif'"),
        (IMAGES, [tmp_path / "empty"], "must hold PNG or JPEG images. Received: none"),
        (IMAGES, [tmp_path / "two.npz"], "must be named x. Received: p, q"),
        (unknown, [write_image("a.png")], "have no image-file form"),
        (ARRAYS, [tmp_path / "a.gif"], "arrays are read from .npy, .npz"),
        (table, [tmp_path / "empty"], "read from a CSV file. Received: a folder"),
    ]
    for inputs, paths, message in cases:
        with pytest.raises(UserError, match=message):
            inputs.read(paths)


def test_what_load_read_read_reads_again(idx_folder):
    data = load(idx_folder)
    x, _ = data.inputs.read([idx_folder / "train-images-idx3-ubyte.gz"])
    np.testing.assert_array_equal(x, data.train.x)
