"""The page on data and the examples of docstrings run as they stand."""

import doctest
import importlib
import re
from pathlib import Path

import keras
import numpy as np
import pytest

pytestmark = pytest.mark.once

PAGE = Path(__file__).parents[2] / "docs" / "data.md"


@pytest.mark.parametrize("name", ["sample_order", "batches", "table_preprocessing"])
def test_the_example_of_a_docstring_is_true(name):
    module = importlib.import_module(f"kerasdl.data.{name}")
    result = doctest.testmod(module, extraglobs={"np": np, "keras": keras})
    assert result.attempted > 0
    assert result.failed == 0


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
