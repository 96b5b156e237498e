"""Files made by hand to do harm, and a watch over what opening one does."""

import io
import json
import sys
import zipfile
from pathlib import Path

import keras
import pytest

from kerasdl import load_model
from kerasdl.errors import UserError

_EVENTS = (
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "subprocess.Popen",
    "socket.connect",
    "socket.getaddrinfo",
    "urllib.Request",
    "pickle.find_class",
    "ctypes.dlopen",
    "builtins.input",
    "code.__new__",
)
_watched = []
SECRET = "secret.txt"


def _hook(event, arguments):
    if not _watched:
        return
    opened = event == "open" and str(arguments[0]).endswith(SECRET)
    if opened or event in _EVENTS or (event == "import" and "canary" in str(arguments[0])):
        _watched[-1].append((event, str(arguments[0])))


sys.addaudithook(_hook)


class Sandbox:
    """A folder with a model's file in it, a module that tells of its import, and a secret."""

    def __init__(self, folder, model):
        self.folder, self.model = folder, model
        self.file = folder / "model.keras"
        self.secret = folder / SECRET
        self.secret.write_text("a\nb\n")
        self.touched = folder / "touched"

    def config(self):
        """The configuration of a sound model, to be spoiled."""
        return json.loads(zipfile.ZipFile(io.BytesIO(self.model)).read("config.json"))

    def write(self, config=None, weights=None, more=(), suffix=".keras"):
        """A sound model's file, but for what is given."""
        sound = zipfile.ZipFile(io.BytesIO(self.model))
        given = {"config.json": config, "model.weights.h5": weights}
        self.file = self.folder / f"model{suffix}"
        with zipfile.ZipFile(self.file, "w") as archive:
            for name in sound.namelist():
                content = given.get(name)
                if isinstance(content, dict):
                    content = json.dumps(content)
                archive.writestr(name, sound.read(name) if content is None else content)
            for member, content in more:
                archive.writestr(member, content)
        return self.file

    def with_layer(self, layer):
        """A sound model's file with one more layer between its two."""
        config = self.config()
        layer = {"name": "evil", "registered_name": None, **layer}
        layer["config"] = layer.get("config") or {"name": "evil"}
        layers = config["config"]["layers"]
        layer["inbound_nodes"] = layers[1]["inbound_nodes"]
        layers.insert(1, layer)
        return self.write(config)

    def with_dense(self, **values):
        """A sound model's file with other arguments of its layer."""
        config = self.config()
        config["config"]["layers"][1]["config"].update(values)
        return self.write(config)

    def events(self, open_it):
        """What opening a file did that a sound one does not do."""
        before = {path: path.stat().st_mtime_ns for path in self.folder.rglob("*")}
        around = set(self.folder.parent.iterdir())
        seen = []
        _watched.append(seen)
        try:
            open_it()
        finally:
            _watched.pop()
            after = {path: path.stat().st_mtime_ns for path in self.folder.rglob("*")}
            assert after == before
            assert set(self.folder.parent.iterdir()) == around
        return seen

    def refuses(self, match, file=None, door=load_model):
        """Opening the file is a `UserError` and does nothing."""

        def opened():
            with pytest.raises(UserError, match=match) as caught:
                door(file or self.file)
            assert len(str(caught.value)) < 1500

        assert self.events(opened) == []


@pytest.fixture(scope="session")
def sound_model(tmp_path_factory):
    """The bytes of a model that nothing is wrong with."""
    inputs = keras.Input((3,), name="inputs")
    model = keras.Model(inputs, keras.layers.Dense(2, name="dense")(inputs))
    model.compile("sgd", "mse")
    file = tmp_path_factory.mktemp("sound") / "model.keras"
    model.save(file)
    return file.read_bytes()


@pytest.fixture
def sandbox(tmp_path, sound_model, monkeypatch):
    folder = tmp_path / "sandbox"
    folder.mkdir()
    made = Sandbox(folder, sound_model)
    modules = tmp_path / "modules"
    modules.mkdir()
    text = f"open({str(made.touched)!r}, 'w').close()\ndef run(*a, **k): pass\nclass Layer: pass\n"
    for name in ("canary", "keras_hub_canary"):
        (modules / f"{name}.py").write_text(text)
    (modules / "keras_hub").mkdir()
    (modules / "keras_hub" / "__init__.py").write_text("import canary")
    monkeypatch.syspath_prepend(str(modules))
    monkeypatch.chdir(folder)
    yield made
    for name in ("canary", "keras_hub"):
        sys.modules.pop(name, None)
    assert not Path(made.touched).exists()
