import re
import subprocess
import sys
from pathlib import Path

from kerasdl import list_models, model_info
from kerasdl.plugin import Architecture, host

NAMES = ["cifar-resnet", "densenet", "densenet-bc", "resnet", "resnet9", "resnext", "wide-resnet"]


def test_plugin_is_loaded_with_its_architectures():
    state = next(state for state in host().states if state.name == "resnet")
    assert state.state == "loaded", state.reason
    architectures = [record for record in state.records if isinstance(record, Architecture)]
    assert sorted(record.name for record in architectures) == NAMES
    assert {*NAMES, "resnet18", "resnet200-v2", "cifar-resnet110"} <= set(list_models())
    assert model_info("resnext50").name == "resnext"


def test_plugin_module_imports_no_keras():
    code = "import sys, kerasdl_resnet.plugin; sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_every_field_says_what_it_is_for():
    for name in NAMES:
        record = model_info(name)
        assert record.reference
        assert all(field.help and field.help[0].isupper() for field in record.config)


def test_readme_states_every_count_and_every_network():
    text = (Path(__file__).parents[1] / "README.md").read_text()
    for name in NAMES:
        for count in model_info(name).parameters.values():
            assert name == "wide-resnet" or f"{count:,}" in text
        assert f"`{name}`" in text


def test_example_of_the_readme_tells_bars_apart(capsys):
    text = (Path(__file__).parents[1] / "README.md").read_text()
    code = re.search(r"```python\n(.*?)```", text, re.S).group(1)
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out == "[0 1 0 1]\n"
