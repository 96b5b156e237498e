"""Plugins: hook specifications, the records they yield, discovery and quarantine.

Nothing in this package imports Keras or a backend.
"""

from kerasdl.plugin.hookspecs import hookimpl
from kerasdl.plugin.manager import Host, PluginError, PluginState, PluginWarning, host, reset_host
from kerasdl.plugin.types import (
    API_VERSION,
    Architecture,
    Card,
    Command,
    Component,
    Config,
    Dataset,
    Field,
    Spec,
)

__all__ = [
    "API_VERSION",
    "Architecture",
    "Card",
    "Command",
    "Component",
    "Config",
    "Dataset",
    "Field",
    "Host",
    "PluginError",
    "PluginState",
    "PluginWarning",
    "Spec",
    "hookimpl",
    "host",
    "reset_host",
]
