"""What the tutorial on plugins prints is true.

It is rendered once with `--fast`, into the cache that the site's build shares.
"""

import json
import re

import pytest

pytestmark = pytest.mark.long


@pytest.fixture
def page(docs_module, root):
    """What the tutorial printed, and the names of its pictures."""
    script = root / "tutorials" / "write_a_plugin.py"
    folder = docs_module("render_tutorials").render(script, ["--fast"])
    about = json.loads((folder / "about.json").read_text("utf-8"))
    return about["outputs"], {path.stem for path in folder.glob("*.png")}


def test_the_kit_finds_the_field_that_is_forgotten_and_then_passes(page):
    text, _ = page
    first, second = re.findall(r"^exit status (\d)$", text, re.MULTILINE)
    assert (first, second) == ("1", "0")
    assert re.search(r"failed .*fields_matter\n +without effect: frequency", text)
    assert re.search(r"snake: \d+ passed, 0 failed", text)


def test_the_rhythm_goes_on_where_the_other_network_does_not_know_it(page):
    text, pictures = page
    snake, relu = (float(n) for n in re.findall(r"error beyond the data ([\d.]+)", text))
    assert snake < 0.4 < 0.6 < relu
    assert pictures


def test_a_stranger_installs_trains_and_removes_it(page):
    text, _ = page
    before, installed, gone = re.findall(r"^\$ kerasdl list snake\n(\w+)", text, re.MULTILINE)
    assert (before, installed, gone) == ("no", "architecture", "no")
    assert re.search(r"test rmse +\d+\.\d+", text)
