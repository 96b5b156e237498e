"""The renderer of tutorials runs each script once and fails where a cell fails."""

import pytest

SCRIPT = """# not shown
# %% [markdown]
# # Title
#
#     indented

# %%
from pathlib import Path
print("runs", len(list(Path().iterdir())))

# %%
Path("deep").mkdir()
Path("deep/one.png").write_bytes(b"1")
"""


def test_cells_are_told_apart(docs_module):
    text, code, picture = docs_module("render_tutorials").parse(SCRIPT)
    assert text.is_text and text.source == "# Title\n\n    indented"
    assert not code.is_text and code.source.startswith("from pathlib") and code.line == 7
    assert "deep" in picture.source


def test_script_is_run_once_until_it_changes(docs_module, tmp_path, monkeypatch):
    module = docs_module("render_tutorials")
    monkeypatch.setattr(module, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    script = tmp_path / "small.py"
    script.write_text(SCRIPT)
    monkeypatch.setattr(module, "fingerprint", lambda files: str(len(files[1].read_text())))
    first = module.render(script, [])
    page = (first / "page.md").read_text()
    assert "not shown" not in page and "\nruns 0\n" in page and "![one](small/one.png)" in page
    assert (first / "one.png").read_bytes() == b"1"
    stamp = (first / "page.md").stat().st_mtime_ns
    assert module.render(script, []) == first
    assert (first / "page.md").stat().st_mtime_ns == stamp
    script.write_text(SCRIPT + "\n# %%\nraise RuntimeError('stop')\n")
    with pytest.raises(RuntimeError, match="small.py failed(.|\n)*line 16(.|\n)*stop"):
        module.render(script, [])
    assert not list((tmp_path / "cache").glob("small*"))
