"""The files of each kind of plugin: which template each comes from, and what fills its blanks."""

import string
from collections.abc import Mapping
from importlib.resources import files

from kerasdl.scaffold.names import Names
from kerasdl.scaffold.tasks import FieldText, TaskText, task_text

COMPONENTS = {
    "layer": "A gate for each feature",
    "loss": "The pinball loss, whose best answer is a quantile",
    "optimizer": "Gradient descent in steps of one length",
    "regularizer": "A penalty that grows slowly for large weights",
    "callback": "The seconds of each epoch",
    "schedule": "A fall along a power of what is left",
    "metric": "The share of predictions that are close enough",
}
"""Kinds of components that can be started with, and the summary of each example."""

_USES = {
    "layer": "kerasdl list {name} --kind layer",
    "loss": "kerasdl train mlp --data diabetes --loss {name}",
    "optimizer": "kerasdl train mlp --data iris --optimizer {name}",
    "regularizer": "kerasdl train mlp --data iris --regularizer {name}",
    "callback": "kerasdl train mlp --data iris --callback {name}",
    "schedule": 'kerasdl schedule "0.1 * {identifier}(1000)"',
    "metric": "kerasdl list {name} --kind metric",
}
_ENCODED = """
        self.encoder = keras.Model(model.inputs[0], self.layers["code"].output)"""
_STARTS = {
    "text": """recurrent = self.layers["recurrent"]
        return keras.ops.zeros((batch_size, recurrent.units), recurrent.compute_dtype)""",
    "inputs": "return self.encoder(inputs, training=False)",
}


def template(name: str) -> str:
    """The text of a template, by its path without `.txt`."""
    home = files("kerasdl.scaffold").joinpath("templates")
    return home.joinpath(*f"{name}.txt".split("/")).read_text("utf-8")


def filled(name: str, blanks: Mapping[str, str]) -> str:
    """A template with its blanks filled, and one line end at its end."""
    return string.Template(template(name)).substitute(blanks).rstrip("\n") + "\n"


def architecture(names: Names, task: str) -> dict[str, str]:
    """The files of an architecture, by path."""
    text = task_text(task)
    blanks = {**_blanks(names, text.summary, "model"), "task": task, "shape": text.shape}
    blanks["spec"] = "".join(f"\n    {argument}," for argument in text.spec)
    blanks["example"] = _inner("architecture/example", blanks)
    blanks["command"] = f"kerasdl train {names.name} --data {text.data}"
    package = f"src/{names.package}"
    made = {
        **_common(names, blanks),
        f"{package}/plugin.py": filled(
            "architecture/plugin.py", {**blanks, **_record(names, text)}
        ),
        f"{package}/model.py": filled(
            f"architecture/{text.builder}.py", {**blanks, **_parts(text)}
        ),
        "tests/test_model.py": filled("architecture/test_model.py", blanks),
    }
    if text.decoder:
        start = {
            "start": _STARTS[text.decoder],
            "encoder": _ENCODED if text.decoder == "inputs" else "",
        }
        made[f"{package}/decoder.py"] = filled("architecture/decoder.py", start)
    return made


def component(names: Names, kind: str) -> dict[str, str]:
    """The files of a component, by path."""
    blanks = {**_blanks(names, COMPONENTS[kind], kind), "component": kind, "cls": names.cls}
    blanks["example"] = _inner(f"component/{kind}", blanks)
    blanks["command"] = _USES[kind].format(name=names.name, identifier=names.identifier)
    if " mlp " in blanks["command"]:
        blanks["needs"] = "kerasdl-mlp "
    package = f"src/{names.package}"
    return {
        **_common(names, blanks),
        f"{package}/plugin.py": filled("component/plugin.py", blanks),
        f"{package}/{kind}.py": filled(f"component/{kind}.py", blanks),
        f"tests/test_{kind}.py": filled(f"component/test_{kind}.py", blanks),
    }


def dataset(names: Names) -> dict[str, str]:
    """The files of a data set, by path."""
    summary = "54 chemical elements, three numbers each: metal, metalloid or nonmetal"
    blanks = _blanks(names, summary, "data")
    blanks["example"] = _inner("dataset/example", blanks)
    blanks |= {"command": f"kerasdl train mlp --data {names.name}", "needs": "kerasdl-mlp "}
    package = f"src/{names.package}"
    return {
        **_common(names, blanks),
        f"{package}/plugin.py": filled("dataset/plugin.py", blanks),
        f"{package}/data.py": filled("dataset/data.py", blanks),
        f"{package}/elements.csv": template("dataset/elements.csv"),
        "tests/test_data.py": filled("dataset/test_data.py", blanks),
    }


def command(names: Names) -> dict[str, str]:
    """The files of a command, by path."""
    blanks = _blanks(names, "Count the steps of a training", "command")
    blanks["example"] = _inner("command/example", blanks)
    blanks["command"] = f"kerasdl {names.name} 1797 --batch-size 32 --epochs 10"
    package = f"src/{names.package}"
    return {
        **_common(names, blanks),
        f"{package}/plugin.py": filled("command/plugin.py", blanks),
        f"{package}/command.py": filled("command/command.py", blanks),
        "tests/test_command.py": filled("command/test_command.py", blanks),
    }


def _common(names: Names, blanks: Mapping[str, str]) -> dict[str, str]:
    return {
        "pyproject.toml": filled("common/pyproject.toml", blanks),
        "README.md": filled("common/README.md", blanks),
        "LICENSE": template("common/LICENSE"),
        ".gitignore": template("common/gitignore"),
        ".github/workflows/test.yml": filled("common/test.yml", blanks),
        f"src/{names.package}/__init__.py": filled("common/init.py", blanks),
        f"src/{names.package}/py.typed": "",
        "tests/conftest.py": filled("common/conftest.py", blanks),
        "tests/test_plugin.py": filled("common/test_plugin.py", blanks),
    }


def _blanks(names: Names, summary: str, module: str) -> dict[str, str]:
    return {
        "distribution": names.distribution,
        "package": names.package,
        "name": names.name,
        "identifier": names.identifier,
        "summary": summary,
        "module": module,
        "needs": "",
    }


def _inner(name: str, blanks: Mapping[str, str]) -> str:
    return filled(name, blanks).rstrip("\n")


def _parts(text: TaskText) -> dict[str, str]:
    """The blanks of `model.py`, other templates among them."""
    parts = {"convolutions": _inner("architecture/convolutions", {}), **text.blanks}
    if "encoder" in parts:
        parts["encoder"] = _inner(f"architecture/{parts['encoder']}", parts)
    return parts


def _record(names: Names, text: TaskText) -> dict[str, str]:
    """The blanks of an architecture's record."""
    decoder = f'\n        decoder="{names.package}.decoder:StateDecoder",' if text.decoder else ""
    small = f"\n        small={_mapping(text.config)}," if text.config else ""
    return {"fields": "".join(map(_field, text.fields)), "decoder": decoder, "small": small}


def _field(text: FieldText) -> str:
    limits = f"\n                {text.limits}," if text.limits else ""
    return _inner(
        "architecture/field",
        {
            "name": text.name,
            "type": text.type,
            "default": text.default,
            "help": text.help,
            "limits": limits,
        },
    )


def _mapping(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'"{name}": {value}' for name, value in values.items()) + "}"
