"""Smaller models: units that no output depends on are removed."""

from kerasdl.compress.dead_unit_report import LayerReport, dead_unit_report, unsupported_layers
from kerasdl.compress.remove_dead_units import remove_dead_units

__all__ = ["LayerReport", "dead_unit_report", "remove_dead_units", "unsupported_layers"]
