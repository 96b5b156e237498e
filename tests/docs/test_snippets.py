"""The Python in the README and in the pages runs as it stands."""

import re
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^( *)```python\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
# docs/data.md runs in tests/data.
PAGES = [p for p in (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))) if p.name != "data.md"]


def blocks(page):
    found = [textwrap.dedent(code) for _, code in _BLOCK.findall(page.read_text("utf-8"))]
    return [code for code in found if "--8<--" not in code]


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)], ids=lambda page: page.name)
def test_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for code in blocks(page):
        exec(compile(code, str(page), "exec"), names)


def test_pages_with_code_are_found():
    assert {page.name for page in PAGES if blocks(page)} >= {"README.md", "components_in_fit.md"}
