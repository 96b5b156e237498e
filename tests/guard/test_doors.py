"""Every way by which a model's file comes in is guarded alike."""

import json
import shutil
import struct

import pytest

from kerasdl import create_model
from kerasdl.cli import main
from kerasdl.errors import UserError
from kerasdl.training import load_run
from kerasdl.training.finished import open_finished

pytestmark = pytest.mark.once

SMALL = {"input_shape": (3,), "num_classes": 2}
MATCH = "refused: it holds a layer keras.layers.TFSMLayer, which runs code"


@pytest.fixture
def run(sandbox):
    """A run's folder whose model is spoiled."""
    sandbox.with_layer(
        {
            "module": "keras.layers",
            "class_name": "TFSMLayer",
            "config": {"name": "evil", "filepath": str(sandbox.secret)},
        }
    )
    folder = sandbox.folder / "run"
    folder.mkdir()
    shutil.copy(sandbox.file, folder / "model.keras")
    (folder / "config.toml").write_text('architecture = "mlp"\ndata = "iris"\n')
    inputs = {"kind": "arrays", "shape": [3]}
    about = {"task": "tabular-classification", "labels": ["a", "b"], "inputs": inputs}
    (folder / "task.json").write_text(json.dumps(about))
    return folder


@pytest.mark.parametrize("door", [load_run, open_finished])
def test_a_run_folder(sandbox, run, door):
    sandbox.refuses(MATCH, run, door)


def test_weights_to_start_from(sandbox, run):
    for source in (run, run / "model.keras"):
        sandbox.refuses(MATCH, source, lambda file: create_model("mlp", weights=file, **SMALL))


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", "run", "secret.txt"),
        ("evaluate", "run"),
        ("generate", "run", "text"),
        ("look", "run"),
        ("compress", "run"),
        ("train", "mlp", "--data", "iris", "--from", "run", "--run-dir", "other"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_command_prints_one_message_and_leaves_nothing(sandbox, run, arguments, capsys):
    def called():
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        assert left.value.code == 2

    assert sandbox.events(called) == []
    said = capsys.readouterr().err.strip().splitlines()
    assert said[-1].startswith("error: ")
    assert MATCH in said[-1] and "Traceback" not in "".join(said)


def safetensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


ARRAY = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        struct.pack("<Q", 2**63) + b"{}",
        safetensors(b"{"),
        safetensors(b"\x80\x04}."),
        safetensors({"a": {**ARRAY, "data_offsets": [0, 2**40]}}, bytes(4)),
        safetensors({"a": {**ARRAY, "shape": [2**40]}}, bytes(4)),
        safetensors({"a": {**ARRAY, "dtype": "F8_E4M3", "shape": [4]}}, bytes(4)),
        safetensors({"a": {**ARRAY, "dtype": "BF16", "shape": [2]}}, bytes(4)),
        safetensors({"a": ARRAY, "__metadata__": {"order": "3"}}, bytes(4)),
        safetensors({"a": ARRAY, "__metadata__": {"order": '["b"]'}}, bytes(4)),
        safetensors({"a": ARRAY, "__metadata__": {"order": '["a", "a"]'}}, bytes(4)),
        safetensors({"a": ARRAY, "__metadata__": {"order": "[[]]"}}, bytes(4)),
        safetensors({"a": ARRAY, "__metadata__": {"order": "[" * 10**5}}, bytes(4)),
        safetensors({"a": ARRAY, "__metadata__": {"order": "{"}}, bytes(4)),
    ],
    ids=range(14),
)
def test_hostile_safetensors_are_one_message(tmp_path, content):
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    with pytest.raises(UserError, match="a.safetensors"):
        create_model("perceptron", weights=path, **SMALL)
