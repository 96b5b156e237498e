"""`kerasdl plugins check`: every record of a plugin against the rules of its kind."""

from kerasdl.testing.plugin_checks.check import check_plugin
from kerasdl.testing.plugin_checks.result import Result

__all__ = ["Result", "check_plugin"]
