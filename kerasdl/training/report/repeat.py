"""How to do it again."""

import shlex
from pathlib import PurePath
from typing import Any

from kerasdl.training.records import RunRecord
from kerasdl.training.report.markup import Content, el
from kerasdl.training.report.sections import Section

_INSTALLED = ("keras", "jax", "tensorflow", "tensorflow-cpu", "torch", "numpy", "scikit-learn")
_OF_BACKEND = {"jax": ("jax",), "tensorflow": ("tensorflow", "tensorflow-cpu"), "torch": ("torch",)}


def repeat(record: RunRecord) -> Section:
    """The command as it was given, the one that needs the configuration alone, and the versions."""
    config = shlex.join(["kerasdl", "train", "--config", str(record.folder / "config.toml")])
    given = _given(record)
    body: list[Content] = []
    if record.status == "interrupted" and (record.folder / "checkpoints").is_dir():
        go_on = shlex.join(["kerasdl", "resume", str(record.folder)])
        body += [el("p", "It was broken off. To go on:"), el("pre", el("code", go_on))]
    if given:
        body += [el("p", "As it was started:"), el("pre", el("code", given))]
        body.append(el("p", "From the configuration alone, which holds every setting:"))
    else:
        body.append(el("p", "The configuration holds every setting:"))
    body.append(el("pre", el("code", config)))
    if record.environment:
        body += [el("p", "With these versions:"), el("pre", el("code", _install(record)))]
    folder = record.environment.get("folder")
    if folder:
        body.append(el("p", "Paths are as seen from ", el("code", folder), ".", class_="note"))
    return Section("repeat", "How to repeat it", body)


def _given(record: RunRecord) -> str:
    """What was typed, where the program was the command line's."""
    command = record.environment.get("command")
    if not isinstance(command, list) or not command:
        return ""
    program, *arguments = map(str, command)
    name = PurePath(program).name
    if name == "__main__.py":
        name = "kerasdl"
    if name not in ("kerasdl", "kerasdl.exe") or "train" not in arguments[:3]:
        return ""
    return _folded(shlex.join(["kerasdl", *arguments]))


def _folded(command: str) -> str:
    """Long commands on several lines, broken before options."""
    if len(command) <= 90:
        return command
    return command.replace(" --", " \\\n    --")


def _install(record: RunRecord) -> str:
    about = record.environment
    packages: Any = about.get("packages")
    packages = packages if isinstance(packages, dict) else {}
    others = {n for b, names in _OF_BACKEND.items() if b != about.get("backend") for n in names}
    needed = {n: packages[n] for n in _INSTALLED if n in packages and n not in others}
    plugins = about.get("plugins")
    for each in plugins if isinstance(plugins, list) else ():
        if isinstance(each, dict) and each.get("distribution") and each.get("version"):
            needed[str(each["distribution"])] = each["version"]
    own = [f"kerasdl=={about['kerasdl']}"] if about.get("kerasdl") else []
    return _wrapped(["pip install", *own, *(f"{name}=={v}" for name, v in needed.items())])


def _wrapped(words: list[str], width: int = 88) -> str:
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + len(word) + 1 > width:
            lines[-1] += " \\"
            lines.append("   ")
        lines[-1] += " " + shlex.quote(word)
    return "\n".join(lines)
