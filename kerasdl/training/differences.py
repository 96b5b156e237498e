"""In which settings runs differ: from the defaults, and from one another."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kerasdl.training.config import RunConfig

_IDENTITY = ("architecture", "data")
_FIELD = "set "


class Difference(NamedTuple):
    """A setting that is not as usual.

    Args:
        value: What it is.
        default: What it would be.
    """

    value: Any
    default: Any


def from_defaults(config: Mapping[str, Any]) -> dict[str, Difference]:
    """Settings of a run that are not the default's, the architecture's fields as `set NAME`.

    Fields of an architecture that is not installed are all listed: their defaults are not known.
    """
    usual = {entry.name: _default(entry) for entry in dataclasses.fields(RunConfig)}
    usual |= _field_defaults(config.get("architecture"))
    found = flattened(config)
    return {
        name: Difference(value, usual.get(name))
        for name, value in found.items()
        if name not in _IDENTITY and _plain(value) != _plain(usual.get(name))
    }


def between(configs: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Settings in which runs differ, with the value of each; None where it has no such setting."""
    flat = [flattened(config) for config in configs]
    names = dict.fromkeys(name for each in flat for name in each)
    rows = {name: [each.get(name) for each in flat] for name in names}
    return {
        name: values
        for name, values in rows.items()
        if any(_plain(value) != _plain(values[0]) for value in values)
    }


def flattened(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings in one level: the architecture's fields as `set NAME`."""
    fields = config.get("fields")
    flat = {str(name): value for name, value in config.items() if name != "fields"}
    if isinstance(fields, Mapping):
        flat |= {f"{_FIELD}{name}": value for name, value in fields.items()}
    return flat


def _default(entry: dataclasses.Field) -> Any:
    return None if entry.default is dataclasses.MISSING else entry.default


def _field_defaults(architecture: Any) -> dict[str, Any]:
    from kerasdl.errors import UserError
    from kerasdl.plugin import host

    try:
        provider = host().architecture(str(architecture))
    except UserError:
        return {}
    values = provider.record.resolve(provider.preset, {})
    return {f"{_FIELD}{name}": value for name, value in values.items()}


def _plain(value: Any) -> Any:
    """TOML has lists where Python has tuples, and no None."""
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value)) or None
    return value
