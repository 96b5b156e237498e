"""One page about a run, made from its folder alone, that needs no network."""

from kerasdl.training.report.page import report_page, write_report

__all__ = ["report_page", "write_report"]
