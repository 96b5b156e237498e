"""Models and weights with damaged bytes, odd configurations and odd arrays."""

import io
import json
import zipfile

import h5py
import keras
import numpy as np
import pytest
from hypothesis import strategies as st

from kerasdl import create_model, load_model
from kerasdl.models import model_origin
from kerasdl.weights import load_into, save_safetensors


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A small model, and its files."""
    folder = tmp_path_factory.mktemp("sound")
    model = create_model("mlp", input_shape=(3,), num_classes=2, widths=(2,))
    model.save(folder / "model.keras")
    model.save_weights(folder / "a.weights.h5")
    save_safetensors(model, folder / "a.safetensors")
    return model, {path.suffix: path.read_bytes() for path in folder.iterdir()}


def packed(content, **members):
    """A `.keras` file with other members, their checksums right."""
    kept = zipfile.ZipFile(io.BytesIO(content))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in kept.namelist():
            archive.writestr(name, members.get(name, kept.read(name)))
    return stream.getvalue()


def opened(fuzz, content):
    """A model that opens is sound enough to predict."""
    path = fuzz.write("model.keras", content)
    model_origin(path)
    load_model(path)


def test_archive(fuzz, bytes_of, sound):
    fuzz.run(bytes_of([sound[1][".keras"]]), lambda content: opened(fuzz, content), most=5_000)


@pytest.mark.parametrize("how", ["bytes", "values"])
def test_configuration(fuzz, bytes_of, sound, how):
    content = sound[1][".keras"]
    text = zipfile.ZipFile(io.BytesIO(content)).read("config.json")

    def put(drawn):
        tree, spots = json.loads(text), []

        def walk(node):
            for key in node if isinstance(node, dict) else range(len(node)):
                spots.append((node, key))
                if isinstance(node[key], dict | list):
                    walk(node[key])

        walk(tree)
        for place, value in drawn:
            node, key = spots[place % len(spots)]
            node[key] = value
        return json.dumps(tree).encode()

    odd = st.sampled_from(
        [None, 0, -1, 1.5, 10**20, float("nan"), "", "relu", "os.system", "__lambda__", [], {}, [[]], True,
         {"class_name": "Dense", "config": {}}, {"class_name": "Lambda", "module": "keras.layers", "config": {}},
         "function", "keras.layers", "keras.activations", "mlp", [None, 3], {"module": "os", "class_name": "system"}]
    )  # fmt: skip
    values = st.lists(st.tuples(st.integers(0, 10_000), odd), min_size=1, max_size=3).map(put)
    changed = bytes_of([text]) if how == "bytes" else values
    fuzz.run(
        changed, lambda config: opened(fuzz, packed(content, **{"config.json": config})), most=5_000
    )


def test_weights(fuzz, bytes_of, sound):
    model, files = sound

    def act(content):
        load_into(model, fuzz.write("a.weights.h5", content), load_model)

    fuzz.run(bytes_of([files[".h5"]]), act)


def test_weights_inside_a_model(fuzz, bytes_of, sound):
    content = sound[1][".keras"]
    weights = zipfile.ZipFile(io.BytesIO(content)).read("model.weights.h5")
    fuzz.run(
        bytes_of([weights]),
        lambda damaged: opened(fuzz, packed(content, **{"model.weights.h5": damaged})),
        most=3_000,
    )


def test_arrays_of_another_kind(fuzz, sound):
    """Whole files whose arrays have odd shapes, types and names."""
    model, files = sound
    kinds = st.sampled_from(["f4", "f8", "f2", "i1", "u8", ">f4", "?", "S3", "c8"])
    shapes = st.lists(st.integers(0, 4), max_size=3)
    names = st.sampled_from(["layers", "vars", "0", "1", "2", "dense", "a/b", "ü"])
    entries = st.lists(st.tuples(names, names, kinds, shapes), max_size=4)

    def act(drawn):
        stream = io.BytesIO(files[".h5"])
        with h5py.File(stream, "r+") as weights:
            for group, name, kind, shape in drawn:
                place = f"{group}/{name}"
                try:
                    if place in weights:
                        del weights[place]
                    weights[place] = np.zeros(shape, kind)
                except (ValueError, TypeError, KeyError):
                    pass  # a group where an array would be
        load_into(model, fuzz.write("a.weights.h5", stream.getvalue()), load_model)

    fuzz.run(entries, act)


def test_safetensors(fuzz, bytes_of, sound):
    model, files = sound

    def act(content):
        keras.utils.set_random_seed(0)
        load_into(model, fuzz.write("a.safetensors", content), load_model)

    fuzz.run(bytes_of([files[".safetensors"]]), act)
