import re
import subprocess
import sys
from pathlib import Path

import pytest

from kerasdl import list_models, model_info
from kerasdl.plugin import Architecture, host

NAMES = ["gpt", "transformer", "transformer-encoder", "vit"]


@pytest.mark.once
def test_plugin_is_loaded_with_its_architectures():
    state = next(state for state in host().states if state.name == "transformer")
    assert state.state == "loaded", state.reason
    assert sorted(r.name for r in state.records if isinstance(r, Architecture)) == NAMES


@pytest.mark.once
@pytest.mark.parametrize(
    "task, names",
    [
        ("language-modelling", {"gpt", "gpt2", "gpt2-xl", "gpt-modern", "nanogpt-cpu"}),
        ("text-classification", {"transformer-encoder"}),
        ("sequence-labelling", {"transformer-encoder"}),
        ("masked-language-modelling", {"transformer-encoder-base"}),
        ("sequence-to-sequence", {"transformer", "transformer-tiny", "transformer-base"}),
        ("image-classification", {"vit", "vit-tiny", "vit-small", "vit-mini"}),
    ],
)
def test_names_are_listed_by_task(task, names):
    assert names <= set(list_models(task=task))


@pytest.mark.once
def test_plugin_module_imports_no_keras():
    code = "import sys, kerasdl_transformer.plugin; sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


@pytest.mark.once
def test_every_field_says_what_it_is_for():
    for name in NAMES:
        record = model_info(name)
        assert record.reference
        assert all(field.help and field.help[0].isupper() for field in record.config)


@pytest.mark.long
def test_example_of_the_readme_counts(capsys):
    text = (Path(__file__).parents[1] / "README.md").read_text()
    code = re.search(r"```python\n(.*?)```", text, re.S).group(1)
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out == "[3, 4, 5, 6, 7]\n"
