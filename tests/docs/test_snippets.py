"""The Python in the README and in the pages runs as it stands."""

import re
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^( *)```python\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
# docs/data.md runs in tests/data.
FILES = [ROOT / "README.md", *sorted({*ROOT.glob("docs/**/*.md")} - {ROOT / "docs" / "data.md"})]


def blocks(page):
    found = [textwrap.dedent(code) for _, code in _BLOCK.findall(page.read_text("utf-8"))]
    return [code for code in found if "--8<--" not in code]


def pages():
    """Pages with code; those on components train much, so they are long."""
    for file in filter(blocks, FILES):
        name = str(file.relative_to(ROOT))
        marks = pytest.mark.long if file.parent.name == "components" else ()
        yield pytest.param(file, id=name, marks=marks)


@pytest.mark.filterwarnings("ignore::UserWarning")  # pages show what warns
@pytest.mark.parametrize("page", list(pages()))
def test_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for code in blocks(page):
        exec(compile(code, str(page), "exec"), names)


def test_pages_with_code_are_found():
    assert {page.name for page in FILES if blocks(page)} >= {"README.md", "components_in_fit.md"}
