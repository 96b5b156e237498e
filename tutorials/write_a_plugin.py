# ruff: noqa: E402 (cells import what they need where they need it)
# %% [markdown]
# # Write a plugin: from an empty folder to a wheel
#
# An idea becomes an architecture that anybody can `pip install` and train: written, installed,
# checked, mended, built, installed elsewhere, and gone again.
#
# The idea is that of Ziyin and others ([2020](https://arxiv.org/abs/2006.08195)): networks with
# ReLU or tanh cannot go on with a rhythm beyond the data they have seen. The activation
# $x + \sin^2(a x) / a$, called Snake, can.
#
# Run it yourself with `python tutorials/write_a_plugin.py`; `--fast` trains fewer epochs. All is
# written into `runs/tutorials/write_a_plugin/`.

# %%
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import kerasdl

fast = "--fast" in sys.argv
home = Path("runs/tutorials/write_a_plugin").resolve()
shutil.rmtree(home, ignore_errors=True)
home.mkdir(parents=True)


def show(path):
    """Prints a file."""
    print((home / path).read_text("utf-8").strip())


def put(path, text):
    """Writes a file."""
    (home / path).write_text(text.lstrip("\n"), "utf-8")


# %% [markdown]
# ## 1. An environment
#
# In your own project this is `python -m venv env` and `env/bin/pip install "kerasdl[jax,train]"`.
# Here a path lends the new environment what is installed already, so that nothing is downloaded;
# of kerasdl's plugins it shall see none but ours.


# %%
def environment(name):
    """A virtual environment, and what runs a command in it."""
    venv.create(home / name, with_pip=False)
    (site,) = (home / name).glob("lib/python*/site-packages")
    lent = [sysconfig.get_path("purelib"), Path(kerasdl.__file__).parents[1]]
    (site / "lent.pth").write_text("\n".join(map(str, lent)) + "\n")
    known = {
        **os.environ,
        "PATH": f"{home / name / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "KERASDL_PLUGINS": "snake",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }

    def sh(command, folder="."):
        print(f"$ {command}")
        module = "" if command.startswith("python ") else "python -m "
        how = {"shell": True, "capture_output": True, "text": True, "env": known}
        done = subprocess.run(module + command, cwd=home / folder, **how)
        said = done.stdout.strip() or done.stderr.strip()
        print(said, end="\n" if said else "")
        return done.returncode

    return sh


sh = environment("env")

# %% [markdown]
# ## 2. A distribution
#
# One command writes a whole one, with a small example that works. A table is the task; its numbers
# are the targets.

# %%
sh("kerasdl plugins new kerasdl-snake --task tabular-regression")

# %%
show("kerasdl-snake/src/kerasdl_snake/plugin.py")

# %% [markdown]
# `plugin.py` says what there is to offer, and imports no Keras: listing stays quick with fifty
# plugins. `model.py` is imported when a model is made. `pyproject.toml` names `plugin.py` as an
# entry point, by which it is found:

# %%
about = tomllib.loads((home / "kerasdl-snake/pyproject.toml").read_text("utf-8"))
print(about["project"]["entry-points"])

# %% [markdown]
# ## 3. The idea
#
# A layer for the activation, with one trained `a` for each unit. It is registered under the name of
# its own package, so that no other plugin's `Snake` can take its place in a saved file.

# %%
put(
    "kerasdl-snake/src/kerasdl_snake/snake.py",
    '''
"""An activation that can go on with a rhythm."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerasdl_snake")
class Snake(keras.layers.Layer):
    """`x + sin(a x)^2 / a`, with a trained `a` for each unit.

    Args:
        frequency: First value of `a`.
    """

    def __init__(self, frequency=1.0, **kwargs):
        super().__init__(**kwargs)
        self.frequency = frequency

    def build(self, input_shape):
        first = keras.initializers.Constant(self.frequency)
        self.a = self.add_weight(shape=input_shape[-1:], initializer=first, name="a")

    def call(self, x):
        return x + ops.square(ops.sin(self.a * x)) / self.a

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "frequency": self.frequency}
''',
)
put(
    "kerasdl-snake/src/kerasdl_snake/model.py",
    '''
"""How the network is built."""

import keras

from kerasdl import building
from kerasdl_snake.snake import Snake


def build(config, spec):
    """Hidden layers with Snake, and a value for each output."""
    inputs, x = building.flat_inputs(spec)
    for number, width in enumerate(config.widths, 1):
        x = keras.layers.Dense(width, name=f"hidden{number}")(x)
        x = Snake(name=f"snake{number}")(x)
    outputs = keras.layers.Dense(spec.output_count, name="head")(x)
    return keras.Model(inputs, outputs, name="snake")
''',
)
put(
    "kerasdl-snake/src/kerasdl_snake/plugin.py",
    '''
"""What this plugin offers. Imports no Keras: the builder is resolved when a model is made."""

from kerasdl.plugin import Architecture, Field, hookimpl


@hookimpl
def kerasdl_architectures():
    """Yields the architectures."""
    yield Architecture(
        name="snake",
        summary="Hidden layers that can go on with a rhythm",
        tasks=("tabular-regression", "tabular-classification"),
        builder="kerasdl_snake.model:build",
        config=(
            Field(
                name="widths",
                type=tuple[int, ...],
                default=(64, 64),
                minimum=1,
                help="Units of each hidden layer",
            ),
            Field(
                name="frequency",
                type=float,
                default=1.0,
                minimum=0.01,
                help="First value of the activations' frequency, in radians per unit",
            ),
        ),
        small={"widths": (16,)},
        reference="Ziyin et al., 2020, https://arxiv.org/abs/2006.08195",
    )
''',
)

# %% [markdown]
# ## 4. Install it, and look
#
# Everything knows it at once. (While you work, `pip install -e .` spares installing anew after a
# change.)

# %%
INSTALL = "pip install --quiet --no-deps --no-build-isolation --force-reinstall ."
sh(INSTALL, "kerasdl-snake")
sh("kerasdl describe snake")

# %% [markdown]
# ## 5. Check it
#
# The kit has [27 checks](../check_a_plugin.md). One of them finds what a careful reader of the code
# above has seen already:

# %%
status = sh("kerasdl plugins check snake --only builds --only fields_matter")
print("exit status", status)

# %% [markdown]
# `frequency` is declared, and the builder forgets it. Mended:

# %%
model = home / "kerasdl-snake/src/kerasdl_snake/model.py"
text = model.read_text("utf-8")
model.write_text(text.replace("Snake(name", "Snake(config.frequency, name"), "utf-8")
sh(INSTALL, "kerasdl-snake")
quick = " ".join(
    f"--only {check}"
    for check in (
        "builds own_names finite_output samples_independent save_and_load resumes_exactly "
        "every_variable_has_gradient gradients_are_right over_fits_ten_samples fields_matter"
    ).split()
)
status = sh(f"kerasdl plugins check snake {quick if fast else ''}")
print("exit status", status)

# %% [markdown]
# ## 6. Does the idea hold?
#
# Two and a half turns of a sine to learn from, and the next one and a half to be foretold; a hidden
# layer of 64 with Snake, and the same with ReLU.

# %%
experiment = """
import kerasdl
import keras
import numpy as np
import matplotlib; matplotlib.use("Agg")
import matplotlib.pyplot as plt
from kerasdl_snake.model import build
from kerasdl.plugin import Config, Spec

steps = STEPS
spec = Spec(task="tabular-regression", input_shape=(1,), outputs=1)
x = np.linspace(-5 * np.pi, 0, 400, dtype="float32")[:, None]
beyond = np.linspace(0, 3 * np.pi, 240, dtype="float32")[:, None]
figure, axis = plt.subplots(figsize=(7, 2.6), layout="constrained")
axis.plot(np.r_[x, beyond], np.sin(np.r_[x, beyond]), color="0.75", label="sine")
for name in ("snake", "relu"):
    keras.utils.set_random_seed(0)
    if name == "snake":
        model = build(Config({"widths": (64,), "frequency": 1.0}), spec)
    else:
        hidden = keras.layers.Dense(64, "relu")
        model = keras.Sequential([keras.Input((1,)), hidden, keras.layers.Dense(1)])
    rate = keras.optimizers.schedules.CosineDecay(1e-2, steps)
    model.compile(keras.optimizers.Adam(rate), "mse")
    model.fit(x, np.sin(x), batch_size=400, epochs=steps, shuffle=False, verbose=0)
    said = model.predict(beyond, verbose=0)
    error = float(np.sqrt(np.mean((said - np.sin(beyond)) ** 2)))
    print(f"{name:6} error beyond the data {error:.3f}")
    axis.plot(beyond, said, label=name)
axis.axvline(0, color="0.3", linewidth=0.8)
axis.set(xlabel="x, radians", ylim=(-2, 2))
axis.legend(loc="upper left", ncols=3)
figure.savefig("beyond.png", dpi=120)
"""
put("experiment.py", experiment.replace("STEPS", "1500" if fast else "4000"))
sh("python experiment.py")

# %% [markdown]
# The rhythm goes on, for a while, where the other network draws a straight line. (An error of 1
# would be as large as the sine itself.)
#
# ## 7. Publish
#
# A wheel is what an index gets (`twine upload`). Here it goes into a second environment, as a
# stranger's would, and is trained there by name.

# %%
sh("pip wheel --quiet --no-deps --no-build-isolation --wheel-dir wheels ./kerasdl-snake")
other = environment("elsewhere")
other("kerasdl list snake")
other("pip install --quiet --no-deps --no-index wheels/kerasdl_snake-0.1.0-py3-none-any.whl")
other("kerasdl list snake")
other(f"kerasdl train snake --data diabetes --epochs {5 if fast else 30} --run-dir run")

# %%
other("pip uninstall --quiet --yes kerasdl-snake")
other("kerasdl list snake")
