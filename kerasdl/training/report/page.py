"""The whole page."""

from importlib import resources
from pathlib import Path

from kerasdl.disk import write_whole
from kerasdl.training.records import RunRecord, read_record
from kerasdl.training.report.curves import curves
from kerasdl.training.report.examples import examples
from kerasdl.training.report.findings import findings
from kerasdl.training.report.markup import Markup, el
from kerasdl.training.report.opening import data_name, opening
from kerasdl.training.report.outcome import outcome
from kerasdl.training.report.pictures import pictures
from kerasdl.training.report.repeat import repeat
from kerasdl.training.report.sections import Section
from kerasdl.training.report.settings import settings
from kerasdl.training.report.surroundings import surroundings
from kerasdl.version import __version__

FILE = "report.html"


def write_report(run: str | Path, path: str | Path | None = None) -> Path:
    """Writes a page that says all about a run: one file, that opens without a network.

    It holds what was trained on what, the final figures, curves, advice, pictures, examples, the
    settings, the environment, and how to repeat it. All of it is read from the run's folder, so it
    can be written again at any time, and of a run that was interrupted too.

    Args:
        run: The run's folder.
        path: Where the page goes; `report.html` in the run's folder by default.

    Returns:
        Where it is.

    Raises:
        UserError: If the folder is no run, or the page cannot be written.
    """
    record = read_record(run)
    path = Path(run) / FILE if path is None else Path(path)
    page = report_page(record)
    write_whole(path, lambda part: part.write_text(page, "utf-8"))
    return path


def report_page(record: RunRecord) -> str:
    """The page as text."""
    seen = pictures(record)
    shown = [
        findings(record),
        curves(record),
        outcome(record),
        seen._replace(body=_both(seen.body, examples(record))),
        settings(record),
        surroundings(record),
        repeat(record),
    ]
    kept = [section for section in shown if section.body]
    title = f"{record.config.get('architecture', record.name)} on {data_name(record)}"
    return "<!doctype html>\n" + el(
        "html",
        el(
            "head",
            el("meta", charset="utf-8"),
            el("meta", name="viewport", content="width=device-width, initial-scale=1"),
            el("meta", name="color-scheme", content="light dark"),
            el("meta", http_equiv="Content-Security-Policy", content=_POLICY),
            el("title", f"{title} · kerasdl"),
            el("style", Markup(_style())),
        ),
        el(
            "body",
            opening(record),
            _faults(record),
            _contents(kept),
            el("main", [section.drawn() for section in kept]),
            el("footer", f"Written by kerasdl {__version__} from the run's folder."),
        ),
        lang="en",
    )


_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def _both(*bodies: object) -> list[object] | None:
    return [body for body in bodies if body] or None


def _contents(sections: list[Section]) -> Markup:
    return el("nav", [el("a", each.title, href=f"#{each.anchor}") for each in sections])


def _faults(record: RunRecord) -> Markup | None:
    if not record.faults:
        return None
    return el("ul", [el("li", fault) for fault in record.faults], class_="faults")


def _style() -> str:
    return (resources.files(__package__) / "style.css").read_text("utf-8")
