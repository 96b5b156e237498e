"""The checks of an architecture's model on its way elsewhere: files, copies, other backends."""

import importlib.util
import itertools
import tempfile
from pathlib import Path

import keras
import numpy as np

from kerasdl.backend.choice import BACKENDS, is_installed
from kerasdl.testing.architecture_case import ArchitectureCase
from kerasdl.testing.checks import DoesNotApply
from kerasdl.testing.elsewhere import on_backend
from kerasdl.testing.numerics import assert_close, to_numpy


def save_and_load(case: ArchitectureCase) -> None:
    """Saved as `.keras` and loaded by `kerasdl.load_model`, the model predicts the same.

    Reproduce: model.save("m.keras"); kerasdl.load_model("m.keras")
    """
    from kerasdl.models import load_model

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.keras"
        case.model.save(file)
        loaded = load_model(file)
    _demand_same_outputs(case, loaded, "loaded model")


def clone(case: ArchitectureCase) -> None:
    """A clone, given the weights, predicts the same.

    Reproduce: keras.models.clone_model(model)
    """
    copy = keras.models.clone_model(case.model)
    copy.set_weights(case.model.get_weights())
    _demand_same_outputs(case, copy, "clone")


def same_on_other_backends(case: ArchitectureCase) -> None:
    """Loaded under each other installed backend, the model predicts the same.

    Reproduce: KERAS_BACKEND=... python -c "import kerasdl; kerasdl.load_model('m.keras')"
    """
    here = keras.backend.backend()
    others = [name for name in BACKENDS if name != here and is_installed(name)]
    if not others:
        raise DoesNotApply("no other backend is installed")
    with tempfile.TemporaryDirectory() as folder:
        file, arrays = Path(folder) / "model.keras", Path(folder) / "inputs.npz"
        case.model.save(file)
        np.savez(arrays, **{str(place): array for place, array in enumerate(case.arrays)})
        for backend in others:
            made = Path(folder) / f"{backend}.npz"
            names = on_backend(backend).run(
                "kerasdl.testing.predictions", str(file), str(arrays), str(made)
            )
            with np.load(made) as found:
                for name, output in zip(names, case.outputs, strict=True):
                    what = f"output on {backend}"
                    assert_close(found[name], output, what, rtol=1e-3, atol=1e-4)


def exports_to_onnx(case: ArchitectureCase) -> None:
    """Exported to ONNX, the model predicts the same in onnxruntime.

    Keras exports for any size of batch and text where it can, else for those of the inputs; from
    PyTorch, else from TensorFlow, whatever the backend here. What it cannot export is left alone.

    Reproduce: KERAS_BACKEND=torch python -c "...; model(batch); model.export('m.onnx',
    format='onnx')"
    """
    said = []
    with tempfile.TemporaryDirectory() as folder:
        file, arrays, made = (Path(folder) / name for name in ("m.keras", "in.npz", "out.npz"))
        case.model.save(file)
        np.savez(arrays, **{str(place): array for place, array in enumerate(case.arrays)})
        for backend, open_sizes in itertools.product(_exporters(), (True, False)):
            try:
                names = on_backend(backend).run(
                    "kerasdl.testing.onnx_outputs", str(file), str(arrays), str(made), open_sizes
                )
            except AssertionError as error:
                said.append(f"from {backend}: {str(error).splitlines()[0]:.200}")
                continue
            sizes = "" if open_sizes else ", for fixed sizes"
            with np.load(made) as found:
                for name, output in zip(names, case.outputs, strict=True):
                    what = f"output of the model exported from {backend}{sizes}"
                    assert_close(found[name], output, what, rtol=1e-3, atol=1e-4)
            return
    raise DoesNotApply(f"Keras cannot export it; {'; '.join(said)}")


def _exporters() -> list[str]:
    """The backends from which Keras can export here, the more capable one first."""
    if missing := _absent("onnx", "onnxruntime", "onnxscript"):
        raise DoesNotApply(f'not installed: {", ".join(missing)} (pip install "kerasdl[onnx]")')
    found = [
        name
        for name, needed in (("torch", ()), ("tensorflow", ("tf2onnx",)))
        if is_installed(name) and not _absent(*needed)
    ]
    if not found:
        raise DoesNotApply("Keras exports from PyTorch, or from TensorFlow with tf2onnx")
    return found


def _absent(*modules: str) -> list[str]:
    return [name for name in modules if importlib.util.find_spec(name) is None]


def _demand_same_outputs(case: ArchitectureCase, model: keras.Model, what: str) -> None:
    for output, expected in zip(case.run(model), case.outputs, strict=True):
        assert_close(to_numpy(output), expected, f"output of the {what}", rtol=1e-6, atol=1e-6)
