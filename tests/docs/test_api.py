"""Every public name has a line in the API pages, and every line names something public."""

import importlib
import re
from pathlib import Path

import pytest

API = Path(__file__).parents[2] / "docs" / "api"
LINES = re.findall(
    r"^::: (kerasdl\.\S+)", "".join(p.read_text("utf-8") for p in sorted(API.glob("*.md"))), re.M
)
ROOMS = sorted({line.split(".")[1] for line in LINES} - {"backbones", "models"})


def test_every_room_has_a_page():
    import kerasdl

    assert {f"{room}.md" for room in kerasdl._ROOMS} <= {path.name for path in API.glob("*.md")}


def test_no_name_has_two_lines():
    assert len(LINES) == len(set(LINES))


@pytest.mark.parametrize("room", ROOMS)
def test_page_lists_just_what_the_room_exports(room):
    exported = set(importlib.import_module(f"kerasdl.{room}").__all__)
    listed = {line.split(".", 2)[2] for line in LINES if line.split(".")[1] == room}
    assert listed == exported


def test_the_door_is_listed():
    import kerasdl

    assert {f"{home}.{name}" for name, home in kerasdl._HOMES.items()} <= set(LINES)
