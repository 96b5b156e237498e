"""The page holds what the folder says, is whole in itself, and runs nothing."""

import html.parser
import re

import pytest

from kerasdl.training.report import write_report
from kerasdl.training.report.chart import line_chart
from kerasdl.training.report.markup import el

pytestmark = pytest.mark.once
EVIL = "<script>alert(1)</script>\"'&"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (500).to_bytes(4, "big") + (300).to_bytes(4, "big")
_EMPTY = {"meta", "img", "br"}


class Page(html.parser.HTMLParser):
    """What a browser would see."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text, self.links = [], [], "", []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [v for k, v in attributes if k in ("src", "href", "srcset", "data", "action")]
        assert not any(name.startswith("on") for name, _ in attributes)
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in _EMPTY:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data + " "


def page_of(folder):
    return Page(write_report(folder).read_text("utf-8"))


def test_page_says_what_the_folder_says(made_run):
    folder = made_run()
    (folder / "confusion.png").write_bytes(PNG)
    text = re.sub(r"\s+", " ", page_of(folder).text)
    for said in (
        "cnn on digits",
        "finished",
        "97.50%",
        "image classification",
        "1,234",
        "1 min 15 s",
        "20 samples, beside 80 for train, 10 for validation",
        "learning rate",
        "gradient norm",
        "best validation: 0.4400 in epoch 5",
        "Which class is taken for which",
        "0.667",
        "seed",
        "0123456789ab",
        "kerasdl-cnn 0.1.0",
        "abababababababab",
        "kerasdl train cnn --data digits --epochs 3",
        f"kerasdl train --config {folder / 'config.toml'}",
        "keras==3.15.1 jax==0.10.2 kerasdl-cnn==0.1.0",
    ):
        assert said in text, said
    assert "torch==" not in text


def test_page_needs_no_network_and_no_script(made_run):
    folder = made_run()
    (folder / "mistakes.png").write_bytes(PNG)
    page = page_of(folder)
    assert "script" not in page.tags and "link" not in page.tags and "iframe" not in page.tags
    assert page.links and all(
        link.startswith(("#", "data:image/png;base64,")) for link in page.links
    )
    source = write_report(folder).read_text("utf-8")
    assert not re.search(r"url\(|@import|https?://", source.replace("http-equiv", ""))


def test_whatever_stands_in_the_files_is_text(made_run):
    results = {
        **made_run.results,
        "test": {EVIL: 0.5},
        "table": [{EVIL: EVIL, "precision": EVIL}],
        "notes": {EVIL: EVIL},
        "data": {"name": EVIL},
        "samples": {"test": EVIL, EVIL: EVIL},
    }
    environment = {
        **made_run.environment,
        "platform": EVIL,
        "git": EVIL,
        "folder": EVIL,
        "devices": [EVIL],
        "packages": {EVIL: EVIL},
        "command": ["kerasdl", "train", EVIL],
        "plugins": [{"plugin": EVIL, "distribution": EVIL, "version": EVIL, "sha256": EVIL}],
    }
    folder = made_run(
        "<img src=x onerror=alert(1)>",
        config__toml=f"architecture = '''{EVIL}'''\ndata = '''{EVIL}'''\n[fields]\nx = '''{EVIL}'''\n",
        results__json=results,
        environment__json=environment,
        task__json={"task": EVIL, "labels": [EVIL], "inputs": {"kind": EVIL, "shape": [EVIL]}},
        metrics__csv=f'epoch,"{EVIL.replace(chr(34), chr(34) * 2)}"\n1,2\n2,3\n',
        examples__json={"rows": [{EVIL: EVIL, "right": False}, {"a": [EVIL], "right": EVIL}]},
    )
    (folder / "<b>.png").write_bytes(PNG)
    page = page_of(folder)
    assert "script" not in page.tags
    assert page.tags.count("img") == 1
    assert page.text.count("alert(1)") > 12


def test_examples_are_marked(made_run):
    rows = [
        {"input": "good <b>", "said": "x", "right": True},
        {"input": "long " * 200, "said": "y", "right": False},
    ]
    page = page_of(made_run(examples__json={"rows": rows}))
    assert "✓" in page.text and "✕" in page.text and "good <b>" in page.text
    assert "long long …" in page.text


def test_page_of_an_interrupted_run_and_of_an_empty_one(made_run):
    killed = made_run(results__json=None, environment__json=None, task__json=None)
    (killed / ".lock").write_text("1")
    page = page_of(killed)
    assert "kerasdl resume" not in page.text
    (killed / "checkpoints").mkdir()
    assert f"kerasdl resume {killed}" in page_of(killed).text
    assert "interrupted" in page.text and "Curves" in page.text and "Figures" not in page.text
    bare = page_of(made_run("bare", results__json=None, metrics__csv=None, config__toml="]"))
    assert "broken" in bare.text and "config.toml cannot be read" in bare.text


def test_a_file_that_only_calls_itself_a_picture_is_left_out(made_run):
    folder = made_run()
    (folder / "confusion.png").write_text("<svg onload=alert(1)>")
    assert "img" not in page_of(folder).tags


def test_findings_are_those_of_the_curves(made_run):
    curves = "epoch,loss,val_loss\n" + "".join(
        f"{e},{1 / e},{1 + abs(e - 3) / 2}\n" for e in range(1, 13)
    )
    text = page_of(made_run(metrics__csv=curves)).text
    assert re.search(r"over fitting\s+(warning|problem)", text)


def test_chart_places_values_where_they_belong():
    """Linear: the middle value stands in the middle; a gap where a value is not finite."""
    drawn = str(line_chart([1, 2, 3], {"train": [0.0, 1.0, 2.0]}, "x"))
    (x1, y1), (x2, y2), (x3, y3) = (
        (float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', drawn)
    )
    assert (x1 + x3) / 2 == pytest.approx(x2, abs=0.11)
    assert (y1 + y3) / 2 == pytest.approx(y2, abs=0.11) and y1 > y3
    gap = str(line_chart([1, 2, 3], {"train": [1.0, float("nan"), 2.0]}, "x"))
    assert len(re.findall("M", re.search(r'd="(M[^"]*)" class="line', gap)[1])) == 2


@pytest.mark.parametrize(
    "values",
    [[1.0], [2.0, 2.0], [float("nan")], [0.0, 0.0], [1e-30, 1e30], [-1e300, 1e300], [5e-324]],
)
def test_any_values_can_be_drawn(values):
    drawn = str(line_chart(list(range(1, len(values) + 1)), {"val": values}, "x"))
    assert "nan" not in drawn.replace("val nan", "").replace("validation nan", "")


def test_wide_range_is_drawn_by_its_logarithm():
    drawn = str(line_chart([1, 2, 3], {"other": [1.0, 10.0, 100.0]}, "x"))
    y = [float(value) for value in re.findall(r'cy="([\d.]+)"', drawn)]
    assert y[0] - y[1] == pytest.approx(y[1] - y[2], abs=0.11)


def test_what_is_no_markup_is_escaped():
    assert str(el("a", "<", 3, None, ["&"], href='"')) == '<a href="&quot;">&lt;3&amp;</a>'
