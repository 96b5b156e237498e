"""Whether a record is true as far as can be seen without importing what it names."""

import importlib.util
import re
from pathlib import Path

from kerasdl.plugin.types import (
    API_VERSION,
    COMPONENT_KINDS,
    OWN_TASKS,
    RECIPE_KEYS,
    Architecture,
    Card,
    Command,
    Component,
    Dataset,
    Record,
)

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_COMPONENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# Defined, assigned, imported (on one line or in a list), or named for a lazy `__getattr__`.
_WRITTEN = (
    r"^\s*(def|class|async def)\s+{name}\b|^{name}\s*[:=]|import\b.*\b{name}\b"
    r"|^\s+{name},?$|[\"']{name}[\"']"
)
_FILE = re.compile(r"([A-Za-z_]\w*):((?:[\w-]+/)*[\w.-]+\.toml)")
_REQUIRED = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]*:{_NAME.pattern}")
_TARGET = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)")

RESERVED_FIELDS = frozenset(
    "name task spec weights freeze input_shape num_classes vocab_size context outputs".split()
)
"""Argument names of `create_model`, which no config field may take."""


class RecordError(ValueError):
    """A record that breaks the rules of its kind."""


class ApiError(RecordError):
    """A record made for other versions of the plugin interface."""


def check_record(record: Record) -> None:
    """Raises `RecordError` with the reason unless `record` can be used."""
    if API_VERSION not in record.api:
        served = ", ".join(map(str, record.api)) or "none"
        raise ApiError(
            f"{record.name!r} serves plugin API {served}; "
            f"this kerasdl speaks plugin API {API_VERSION}"
        )
    pattern = _COMPONENT_NAME if isinstance(record, Component) else _NAME
    if not isinstance(record.name, str) or not pattern.fullmatch(record.name):
        raise RecordError(f"name {record.name!r} must match {pattern.pattern}")
    if isinstance(record, Architecture):
        _check_architecture(record)
    elif isinstance(record, Dataset):
        check_target("loader", record.loader)
    elif isinstance(record, Component):
        if record.kind not in COMPONENT_KINDS:
            raise RecordError(f"component kind {record.kind!r} is none of {COMPONENT_KINDS}")
        if record.kind == "task" and record.name in OWN_TASKS:
            raise RecordError(f"task {record.name!r} is kerasdl's own")
        if record.extends and record.kind != "task":
            raise RecordError(f"`extends` is for tasks. Received: a {record.kind} {record.name!r}")
        check_target("target", record.target)
    elif isinstance(record, Command):
        check_target("target", record.target)
    elif isinstance(record, Card):
        _check_card(record)


def _check_card(record: Card) -> None:
    """Whether the file is there; what it says is read when it is asked for."""
    match = _FILE.fullmatch(record.file) if isinstance(record.file, str) else None
    if match is None:
        raise RecordError(f"file must be 'package:folder/file.toml'. Received: {record.file!r}")
    spec = importlib.util.find_spec(match[1])
    if spec is None or not spec.submodule_search_locations:
        raise RecordError(f"file {record.file!r}: there is no package {match[1]!r}")
    if not any(Path(home, match[2]).is_file() for home in spec.submodule_search_locations):
        raise RecordError(f"file {record.file!r}: package {match[1]!r} has no {match[2]!r}")


def _check_architecture(record: Architecture) -> None:
    check_target("builder", record.builder)
    if record.decoder is not None:
        check_target("decoder", record.decoder)
    if isinstance(record.tasks, str) or not record.tasks:
        raise RecordError(f"`tasks` must be a non-empty tuple. Received: {record.tasks!r}")
    if unknown := set(record.recipe) - RECIPE_KEYS:
        raise RecordError(f"`recipe` holds {sorted(unknown)}; allowed: {sorted(RECIPE_KEYS)}")
    if isinstance(record.requires, str):
        raise RecordError(f"`requires` must be a tuple. Received: {record.requires!r}")
    for need in record.requires:
        if not isinstance(need, str) or not _REQUIRED.fullmatch(need):
            raise RecordError(
                f"`requires` must hold DISTRIBUTION:ARCHITECTURE, such as kerasdl-resnet:resnet. "
                f"Received: {need!r}"
            )
    names = [entry.name for entry in record.config]
    for name in names:
        if not name.isidentifier() or name in RESERVED_FIELDS or names.count(name) > 1:
            raise RecordError(
                f"config field {name!r} must be a unique identifier and none of "
                f"{', '.join(sorted(RESERVED_FIELDS))}"
            )
    try:
        record.resolve({}, {})
    except ValueError as error:
        raise RecordError(f"default of a config field: {error}") from None
    try:
        record.resolve({}, record.small)
    except ValueError as error:
        raise RecordError(f"`small`: {error}") from None
    _check_variants(record)


def _check_variants(record: Architecture) -> None:
    for variant, preset in record.variants.items():
        if not _NAME.fullmatch(variant):
            raise RecordError(f"variant name {variant!r} must match {_NAME.pattern}")
        try:
            record.resolve({}, preset)
        except ValueError as error:
            raise RecordError(f"variant {variant!r}: {error}") from None
    known = {record.name, *record.variants}
    for alias, target in record.aliases.items():
        if not _NAME.fullmatch(alias) or target not in known:
            raise RecordError(f"alias {alias!r} names {target!r}, which is no variant of it")
    for variant in record.parameters:
        if variant not in known:
            raise RecordError(f"`parameters` names {variant!r}, which is no variant of it")


def check_target(role: str, target: str) -> None:
    """Raises `RecordError` unless `"package.module:name"` is written somewhere on this machine.

    Looks at the source text, since importing the module would import a backend.
    """
    match = _TARGET.fullmatch(target) if isinstance(target, str) else None
    if match is None:
        raise RecordError(f"{role} must be 'package.module:name'. Received: {target!r}")
    module, name = match.groups()
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        raise RecordError(f"{role} {target!r}: there is no module {module!r}")
    if not spec.origin or not spec.origin.endswith(".py"):
        return
    text = Path(spec.origin).read_text("utf-8", errors="replace")
    if not re.search(_WRITTEN.format(name=name), text, re.M):
        raise RecordError(f"{role} {target!r}: module {module!r} has no {name!r}")
