"""New plugins on the import path: kerasdl finds them, and what they offer works."""

import importlib
import os
import re
import subprocess
import sys

import keras
import numpy as np
import pytest

from kerasdl import create_model, model_info
from kerasdl.decoding import decoder_of
from kerasdl.plugin import Architecture, Command, Component, Dataset, Spec, host
from kerasdl.scaffold.files import COMPONENTS
from kerasdl.scaffold.tasks import TASKS

KINDS = {"dataset": Dataset, "command": Command, "component": Component}


def spec_of(task):
    return eval(f"Spec(task={task!r}, {', '.join(TASKS[task].spec)})", {"Spec": Spec})


def config_of(task):
    return {name: eval(value) for name, value in TASKS[task].config.items()}


def test_every_plugin_is_loaded_with_one_record_and_imports_no_keras(install, site, every):
    for name in every:
        install(name)
    states = {state.distribution: state for state in host().states}
    for name, arguments in every.items():
        assert states[name].state == "loaded", states[name].reason
        (record,) = states[name].records
        assert isinstance(record, KINDS.get(arguments.get("kind"), Architecture))
        assert record.name == name
    code = "import sys, kerasdl.plugin as p; p.host(); sys.exit('keras' in sys.modules)"
    assert run_python(site, code) == 0


def run_python(site, code):
    environment = {**os.environ, "PYTHONPATH": str(site.folder)}
    return subprocess.run([sys.executable, "-c", code], env=environment, timeout=120).returncode


@pytest.mark.parametrize("task", TASKS)
def test_model_of_every_task_is_built(install, task):
    install(f"sound-{task}")
    name, spec = f"sound-{task}", spec_of(task)
    assert model_info(name).tasks == (task,)
    model = create_model(name, spec=spec, **config_of(task))
    assert model.output_shape == eval(TASKS[task].shape)


@pytest.mark.parametrize("task", ["language-modelling", "sequence-to-sequence", "captioning"])
def test_decoder_gives_the_logits_of_the_whole_model_step_by_step(install, task, rng):
    install(f"sound-{task}")
    model = create_model(f"sound-{task}", spec=spec_of(task), **config_of(task))
    tokens = np.array([[1, 3, 2], [2, 4, 4]], "int32")
    inputs = {
        "language-modelling": None,
        "sequence-to-sequence": np.array([[3, 4, 5, 2], [6, 7, 0, 0]], "int32"),
        "captioning": rng.normal(size=(2, 8, 8, 1)).astype("float32"),
    }[task]
    whole = plain(model(tokens if inputs is None else [inputs, tokens]))
    assert np.abs(whole[0, 0] - whole[1, 0]).max() > 1e-4
    decoder = decoder_of(model)
    state = decoder.start(inputs, 2)
    for step in range(3):
        logits, state = decoder.step(tokens[:, step], state, np.full(2, step))
        np.testing.assert_allclose(plain(logits), whole[:, step], rtol=1e-4, atol=1e-5)


def plain(tensor):
    return keras.ops.convert_to_numpy(keras.ops.stop_gradient(tensor))


@pytest.mark.parametrize("kind", COMPONENTS)
def test_component_is_found_and_imported(install, kind):
    install(f"sound-{kind}")
    module, _, name = host().component(kind, f"sound-{kind}").target.partition(":")
    assert name == f"Sound{kind.capitalize()}"
    assert isinstance(getattr(importlib.import_module(module), name), type)


@pytest.mark.parametrize("kind", ["layer", "loss", "optimizer", "regularizer", "callback"])
def test_component_is_made_by_its_name(install, kind):
    from kerasdl.training.components import make_component

    install(f"sound-{kind}")
    assert type(make_component(kind, f"sound-{kind}")).__name__ == f"Sound{kind.capitalize()}"


def test_schedule_is_part_of_an_expression(install):
    from kerasdl.schedules import parse_schedule, schedule_values
    from kerasdl.schedules.known import known_schedules

    install("sound-schedule")
    found = parse_schedule("0.1 * sound_schedule(10)", known_schedules())
    np.testing.assert_allclose(schedule_values(found, [5]), [0.025], rtol=1e-6)


@pytest.mark.parametrize(
    "name", ["sound-image-classification", "sound-set", *(f"sound-{k}" for k in COMPONENTS)]
)
def test_example_of_the_readme_says_what_comes_out(install, name, capsys):
    readme = (install(name) / "README.md").read_text("utf-8")
    code = re.search(r"```python\n(.*?)```", readme, re.DOTALL).group(1)
    exec(compile(code, "README.md", "exec"), {})
    promised = re.findall(r"  # (.+)$", code, re.MULTILINE)
    assert promised and capsys.readouterr().out.splitlines() == promised


def test_command_of_the_readme_counts_the_steps(install, site):
    readme = (install("sound-steps") / "README.md").read_text("utf-8")
    (words,) = re.findall(r"^kerasdl (.*)$", readme, re.MULTILINE)
    done = site.run(*words.split())
    assert (done.returncode, done.stdout) == (0, "570\n"), done.stderr
    assert "Count the steps of a training" in site.run("--help").stdout
