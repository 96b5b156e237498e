"""The same training on the three backends, for every component that draws no random numbers."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kerasdl.backend.choice import BACKENDS, is_installed

pytestmark = [pytest.mark.long, pytest.mark.once]
TOLERANCE = {"SGD": 1e-5, "Adam": 1e-3}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What each backend came to."""
    present = [name for name in BACKENDS if is_installed(name)]
    if len(present) < 2:
        pytest.skip("one backend agrees with itself")
    folder, found = tmp_path_factory.mktemp("agreement"), {}
    for name in present:
        file = folder / f"{name}.npz"
        done = subprocess.run(
            [sys.executable, Path(__file__).with_name("ten_steps.py"), file],
            env={**os.environ, "KERAS_BACKEND": name},
            capture_output=True,
            text=True,
            timeout=1500,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        with np.load(file) as values:
            found[name] = dict(values)
    return found


def test_every_backend_trained_the_same_cases(trained):
    first, *others = trained.values()
    assert all(set(other) == set(first) for other in others)
    cases = {name.partition(" | ")[0] for name in first}
    assert len(cases) > 40, cases


@pytest.mark.parametrize("rule", TOLERANCE)
def test_ten_steps_agree(trained, rule):
    """Parameters without a true gradient are left out: Adam makes steps of their rounding."""
    first, *others = trained.values()
    apart, seen = [], 0
    for name, value in first.items():
        if name.endswith("gradient") or ("Adam" in name) != (rule == "Adam"):
            continue
        if name.endswith("value"):
            gradient = name.removesuffix("value") + "gradient"
            if max(float(found[gradient]) for found in trained.values()) < 1e-6:
                continue
        seen += 1
        for other in others:
            error = np.max(np.abs(other[name] - value) / np.maximum(1, np.abs(value)), initial=0)
            if not error <= TOLERANCE[rule]:
                apart.append(f"{name}: {error:.1e}")
    assert seen > 250
    assert not apart, "\n".join(apart)
