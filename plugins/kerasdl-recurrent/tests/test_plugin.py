import re
import subprocess
import sys
from pathlib import Path

import pytest

from kerasdl import list_models, model_info
from kerasdl.plugin import Architecture, host

NAMES = ["linear-forecaster", "recurrent"]
VARIANTS = ["lstm", "gru", "simple-rnn", "bilstm", "bigru"]


@pytest.mark.once
def test_plugin_is_loaded_with_its_architectures():
    state = next(state for state in host().states if state.name == "recurrent")
    assert state.state == "loaded", state.reason
    assert sorted(r.name for r in state.records if isinstance(r, Architecture)) == NAMES
    for task in model_info("recurrent").tasks:
        assert set(VARIANTS) <= set(list_models(task=task))
    assert {"nlinear", "dlinear", *VARIANTS} <= set(list_models(task="forecasting"))


@pytest.mark.once
def test_plugin_module_imports_no_keras():
    code = "import sys, kerasdl_recurrent.plugin; sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


@pytest.mark.once
def test_every_field_says_what_it_is_for():
    for name in NAMES:
        record = model_info(name)
        assert record.reference
        assert all(field.help and field.help[0].isupper() for field in record.config)


@pytest.mark.long
def test_example_of_the_readme_goes_on_as_it_says(capsys):
    text = (Path(__file__).parents[1] / "README.md").read_text()
    code = re.search(r"```python\n(.*?)```", text, re.S).group(1)
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out == re.search(r"# (\[\[.*\]\])", code).group(1) + "\n"
