"""The pictures in the folder, inside the page."""

import base64
from collections.abc import Iterator
from pathlib import Path

from kerasdl.training.records import RunRecord
from kerasdl.training.report.markup import Markup, el
from kerasdl.training.report.sections import Section

CAPTIONS = {
    "confusion.png": "Which class is taken for which: rows are true, columns predicted.",
    "mistakes.png": "The surest mistakes.",
    "barely_right.png": "Right, but least sure.",
    "residuals.png": "Predicted against true values, and the errors.",
    "attention.png": "Where the network looks as it writes.",
    "forecasts.png": "Forecasts beside what came.",
    "reconstructions.png": "Inputs above what comes out.",
    "embedding.png": "The codes on a plane.",
    "filters.png": "What the first layer looks for.",
    "feature_maps.png": "What a layer makes of each image.",
    "grad_cam.png": "Places that speak for the class.",
}
_DRAWN_AS_LINES = ("curves.png", "compare.png")
_LARGEST = 6 * 2**20  # bytes
_MAGIC = b"\x89PNG\r\n\x1a\n"


def pictures(record: RunRecord) -> Section:
    """What training and `kerasdl look` have drawn."""
    found = [_figure(path, data) for path, data in _files(record.folder)]
    body = el("div", found, class_="pictures") if found else None
    return Section("pictures", "Right and wrong", body)


def _files(folder: Path) -> Iterator[tuple[Path, bytes]]:
    names = list(CAPTIONS)
    files = [path for place in (folder, folder / "inside") for path in sorted(place.glob("*.png"))]
    files.sort(key=lambda p: names.index(p.name) if p.name in names else len(names))
    for path in files:
        if path.name in _DRAWN_AS_LINES or path.stat().st_size > _LARGEST:
            continue
        data = path.read_bytes()
        if data.startswith(_MAGIC):
            yield path, data


def _figure(path: Path, data: bytes) -> Markup:
    caption = CAPTIONS.get(path.name, path.stem.replace("_", " "))
    source = "data:image/png;base64," + base64.b64encode(data).decode("ascii")
    # The pixels are twice as dense as a page's.
    width = int.from_bytes(data[16:20], "big")
    return el(
        "figure",
        el("img", src=source, alt=caption, width=round(width / 1.25)),
        el("figcaption", caption),
    )
