"""The page on data runs as it stands."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "data.md"


@pytest.mark.skipif(not PAGE.exists(), reason="the documentation is not part of this tree")
def test_every_snippet_of_the_page_runs(tmp_path, monkeypatch, capsys):
    pytest.importorskip("sklearn")
    pytest.importorskip("PIL")
    monkeypatch.chdir(tmp_path)
    snippets = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names = {}
    for snippet in snippets:
        exec(compile(snippet, str(PAGE), "exec"), names)
    printed = capsys.readouterr().out
    assert "tabular-regression {'train': 420, 'validation': 60, 'test': 120}" in printed
    assert "quarter categorical harbour north south" in printed
    assert float(re.search(r"mean absolute error: ([\d.]+)", printed)[1]) < 15
    assert "image-classification ('0', '1'," in printed
    assert float(re.search(r"accuracy: ([\d.]+)", printed)[1]) > 0.8
    assert "{'seed': 7, 'epoch': 13, 'batch': 0}" in printed
