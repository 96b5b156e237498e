"""A new plugin's files: a distribution that installs, passes its tests and does something small."""

from kerasdl.scaffold.plugin import KINDS, Plugin, new_plugin

__all__ = ["KINDS", "Plugin", "new_plugin"]
