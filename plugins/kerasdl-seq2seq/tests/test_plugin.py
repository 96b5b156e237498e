import re
import subprocess
import sys
from pathlib import Path

import pytest

from kerasdl import list_models, model_info
from kerasdl.plugin import Architecture, host

TEXT = ["seq2seq", "seq2seq-attention", "seq2seq-luong", "seq2seq-plain", "sequence-autoencoder"]
IMAGES = ["captioner", "captioner-hard", "captioner-plain", "captioner-soft"]


@pytest.mark.once
def test_plugin_is_loaded_with_its_architectures():
    state = next(state for state in host().states if state.name == "seq2seq")
    assert state.state == "loaded", state.reason
    names = sorted(r.name for r in state.records if isinstance(r, Architecture))
    assert names == ["captioner", "seq2seq"]
    assert {*TEXT} <= set(list_models(task="sequence-to-sequence"))
    assert {*IMAGES} <= set(list_models(task="captioning"))


@pytest.mark.once
def test_plugin_module_imports_no_keras():
    code = "import sys, kerasdl_seq2seq.plugin; sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


@pytest.mark.once
def test_every_field_says_what_it_is_for():
    for name in ("seq2seq", "captioner"):
        record = model_info(name)
        assert record.reference and record.decoder and record.recipe
        assert all(field.help and field.help[0].isupper() for field in record.config)


@pytest.mark.long
def test_example_of_the_readme_turns_numbers_around(capsys):
    text = (Path(__file__).parents[1] / "README.md").read_text()
    code = re.search(r"```python\n(.*?)```", text, re.S).group(1)
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out == "[5, 3, 4, 7, 3, 6]\n"
