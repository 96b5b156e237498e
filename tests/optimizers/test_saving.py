"""State in files: each variable once, in either state of rest, on every backend."""

import os
import subprocess
import sys
import textwrap

import h5py
import keras
import numpy as np
import pytest

from kerasdl.optimizers import (
    Adam,
    AdaptiveGradientClipping,
    Lookahead,
    Nesterov,
    ParameterGroups,
    StochasticWeightAveraging,
    to_rest,
)

MAKE = {
    "nesterov": lambda: Nesterov(0.1),
    "lookahead": lambda: Lookahead(Nesterov(0.1), 2),
    "averaging": lambda: StochasticWeightAveraging(keras.optimizers.Adam(0.1)),
    "clipping": lambda: AdaptiveGradientClipping(Adam(0.1, amsgrad=True)),
    "groups": lambda: Lookahead(
        ParameterGroups(keras.optimizers.AdamW(0.1), rates={"head": 0.5}, verbose=False)
    ),
}


def steps(model, count, seed):
    generator = np.random.default_rng(seed)
    for _ in range(count):
        given = [generator.normal(size=v.shape) for v in model.trainable_variables]
        tensors = [keras.ops.convert_to_tensor(g, "float32") for g in given]
        model.optimizer.apply(tensors, model.trainable_variables)


@pytest.mark.parametrize("resting", [False, True])
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(make, id=name, marks=[pytest.mark.first] * (name != "groups"))
        for name, make in MAKE.items()
    ],
)
def test_loaded_model_trains_on_as_the_saved_one(make, resting, network, arrays, same, tmp_path):
    model = network(make())
    steps(model, 3, seed=1)
    if resting:
        to_rest(model.optimizer)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    same(arrays(loaded.optimizer.variables), arrays(model.optimizer.variables), rtol=0, atol=0)
    for each in (model, loaded):
        steps(each, 3, seed=2)
        to_rest(each.optimizer)
    same(arrays(loaded.trainable_variables), arrays(model.trainable_variables), rtol=0, atol=0)


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_each_variable_is_in_the_file_once(make, network, tmp_path):
    model = network(make())
    steps(model, 1, seed=1)
    model.save_weights(tmp_path / "model.weights.h5")
    found = []
    with h5py.File(tmp_path / "model.weights.h5") as file:
        file.visititems(lambda name, item: found.append(name) if hasattr(item, "shape") else None)
    held = [name for name in found if name.startswith("optimizer/")]
    # The optimizer that `ParameterGroups` was given stays unbuilt: a count and a rate.
    pattern = 2 if isinstance(getattr(model.optimizer, "optimizer", None), ParameterGroups) else 0
    assert len(held) == len(model.optimizer.variables) + pattern


def test_state_of_another_optimizer_is_skipped_and_said_so(network, arrays, same, tmp_path):
    model, other = network(keras.optimizers.Adam()), network(Lookahead(Nesterov()))
    steps(model, 1, seed=1)
    steps(other, 1, seed=2)
    before = arrays(other.optimizer.variables)
    model.save_weights(tmp_path / "model.weights.h5")
    with pytest.warns(UserWarning, match="Skipping") as warned:
        other.load_weights(tmp_path / "model.weights.h5")
    assert any("'lookahead'" in str(warning.message) for warning in warned)
    same(arrays(other.trainable_variables), arrays(model.trainable_variables), rtol=0, atol=0)
    same(arrays(other.optimizer.variables), before, rtol=0, atol=0)


def test_config_of_a_keras_optimizer_names_no_backend():
    config = Lookahead(keras.optimizers.Adam(0.1)).get_config()["optimizer"]
    assert (config["module"], config["class_name"]) == ("keras.optimizers", "Adam")
    assert "Backend" not in repr(config) and ".backend." not in repr(config)


ELSEWHERE = """
    import sys
    import keras
    import numpy as np
    import kerasdl.optimizers

    for path in sys.argv[1:]:
        model = keras.saving.load_model(path)
        generator = np.random.default_rng(2)
        for _ in range(3):
            given = [generator.normal(size=v.shape) for v in model.trainable_variables]
            tensors = [keras.ops.convert_to_tensor(g, "float32") for g in given]
            model.optimizer.apply(tensors, model.trainable_variables)
        kerasdl.optimizers.to_rest(model.optimizer)
        np.savez(path + ".npz", *model.get_weights())
"""


@pytest.mark.long
@pytest.mark.parametrize("backend", ["jax", "tensorflow", "torch"])
def test_model_loaded_on_another_backend_trains_on(backend, network, arrays, same, tmp_path):
    pytest.importorskip(backend)
    models = {str(tmp_path / f"{name}.keras"): network(make()) for name, make in MAKE.items()}
    for path, model in models.items():
        steps(model, 3, seed=1)
        model.save(path)
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(ELSEWHERE), *models],
        env={**os.environ, "KERAS_BACKEND": backend},
        check=True,
        timeout=300,
    )
    for path, model in models.items():
        steps(model, 3, seed=2)
        to_rest(model.optimizer)
        with np.load(path + ".npz") as file:
            after = [file[name] for name in file.files]
        same(arrays(model.trainable_variables), after, rtol=1e-5)
