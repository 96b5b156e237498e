"""What a record names, imported."""

import importlib
from typing import TYPE_CHECKING, Any

from kerasdl.plugin.manager import PluginError, PluginState, host
from kerasdl.plugin.types import Component

if TYPE_CHECKING:
    from kerasdl.plugin.catalog import Provider


def resolve(state: PluginState, target: str) -> Any:
    """The object that a plugin's `"package.module:name"` means.

    Raises:
        PluginError: If it cannot be imported.
    """
    module, _, name = target.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"plugin {state.describe()}: {target} cannot be imported: "
            f"{type(error).__name__}: {error}"
        ) from error


def find_component(kind: str, name: str) -> "tuple[Provider, Any]":
    """Who provides a component, and the object itself.

    Raises:
        UserError: If there is none of that name, or more than one.
        PluginError: If it cannot be imported.
    """
    found = host().catalog.find(kind, name, host().states)
    if not isinstance(found.record, Component):
        raise TypeError(found.record)
    return found, resolve(found.plugin, found.record.target)


def base_task(name: str) -> str:
    """The task whose data and architectures a plugin's task takes; `name` for any other."""
    seen: list[str] = []
    while name not in seen and name.rpartition(":")[2] in host().catalog.names("task"):
        seen.append(name)
        record = host().component("task", name)
        name = record.extends or name
    return name
