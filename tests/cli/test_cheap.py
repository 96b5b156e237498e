"""Promise 1: help and listings import neither Keras nor a backend."""

import subprocess
import sys

import pytest

HEAVY = ("keras", "jax", "tensorflow", "torch", "sklearn", "pandas", "matplotlib", "scipy", "numpy")


def loaded_by(code):
    report = f"import sys\n{code}\nprint('LOADED', *[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()[1:]


def test_import_kerasdl_is_light():
    assert loaded_by("import kerasdl; dir(kerasdl)") == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["list"],
        ["describe", "mlp"],
        ["plugins", "list"],
        ["data", "list"],
        ["reproduce", "list"],
        ["list", "--kind", "layer"],
        ["train", "--help"],
        ["runs", "list"],
    ],
    ids=" ".join,
)
def test_listing_is_light(arguments):
    code = (
        "from kerasdl.cli import main\n"
        f"try: main({arguments!r})\nexcept SystemExit as end: assert end.code == 0, end.code"
    )
    assert loaded_by(code) == []


def test_a_light_listing_can_fail_the_check():
    assert loaded_by("import numpy") == ["numpy"]
