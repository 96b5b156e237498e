"""Which backend Keras will use, decided before anything imports Keras."""

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from kerasdl.errors import UserError
from kerasdl.settings import read_settings
from kerasdl.small_files import read_json

BACKENDS = {"jax": "jax", "tensorflow": "tensorflow", "torch": "torch"}
"""Backend name to the module it needs, in the order of preference."""

_TITLES = {"jax": "JAX", "tensorflow": "TensorFlow", "torch": "PyTorch"}
_chosen_here: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A backend and the reason it is used."""

    name: str
    reason: str


def title(name: str) -> str:
    """`JAX` for `jax`."""
    return _TITLES[name]


def is_installed(name: str) -> bool:
    """Whether the backend's module can be found; does not import it."""
    return importlib.util.find_spec(BACKENDS[name]) is not None


def choose(requested: str | None = None) -> Choice:
    """Decides: `requested`, `KERAS_BACKEND`, the saved setting, `keras.json`, the first installed.

    `keras.json` counts only where its backend is installed and is not `tensorflow`, which Keras
    writes there by itself on first import.

    Raises:
        UserError: If none is installed, if the one asked for is unknown or not installed, or if
            Keras is already loaded with another.
    """
    loaded = _loaded_backend()
    if requested is not None:
        return _requested(requested, "asked for", loaded)
    if loaded is not None:
        return Choice(loaded, "Keras is already loaded with it")
    environment = os.environ.get("KERAS_BACKEND")
    if environment and environment != _chosen_here:
        return _requested(environment, "KERAS_BACKEND", None)
    saved = read_settings().get("backend")
    if saved:
        return _requested(str(saved), "saved by `kerasdl backends --use`", None)
    return _by_default()


def use(requested: str | None = None) -> Choice:
    """Decides as `choose` and makes the next `import keras` follow it."""
    global _chosen_here
    choice = choose(requested)
    if os.environ.get("KERAS_BACKEND") != choice.name:  # else the user's word stays the user's
        os.environ["KERAS_BACKEND"] = _chosen_here = choice.name
    # Where TensorFlow is installed Keras imports it for seeds on every backend, and it chatters.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    return choice


def install_commands() -> str:
    """One pip command a backend."""
    return "; ".join(f'{title(name)}: pip install "kerasdl[{name}]"' for name in BACKENDS)


def _requested(name: str, source: str, loaded: str | None) -> Choice:
    if name not in BACKENDS:
        raise UserError(
            f"`backend` must be one of {', '.join(BACKENDS)}. Received ({source}): {name!r}"
        )
    if loaded is not None and loaded != name:
        raise UserError(
            f"backend {name!r} was asked for, but Keras is already loaded with {loaded!r}, which "
            "cannot be changed within a process. Ask before the first `import keras`."
        )
    if loaded is None and not is_installed(name):
        raise UserError(
            f"backend {name!r} ({source}) is not installed: "
            f'pip install "kerasdl[{name}]", or choose another of {", ".join(BACKENDS)}'
        )
    return Choice(name, source)


def _by_default() -> Choice:
    written = _keras_json_backend()
    if written in BACKENDS and written != "tensorflow" and is_installed(written):
        return Choice(written, "Keras's own keras.json")
    for name in BACKENDS:
        if is_installed(name):
            return Choice(name, "first installed of JAX, TensorFlow, PyTorch")
    raise UserError(f"no backend is installed. Install one: {install_commands()}")


def _keras_json_backend() -> str:
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        return str(read_json(home / "keras.json", "Keras's settings").get("backend", ""))
    except UserError:
        return ""


def _loaded_backend() -> str | None:
    keras = sys.modules.get("keras")
    backend = getattr(getattr(keras, "backend", None), "backend", None)
    return backend() if callable(backend) else None
