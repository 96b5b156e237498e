"""A plugin-based deep-learning framework on Keras 3.

`import kerasdl` imports neither Keras nor a backend: it says which backend the first
`import keras` will use, and every name below is loaded when it is first touched.
"""

import importlib
from typing import Any

from kerasdl.version import __version__ as __version__

_HOMES = {
    "backbone": "kerasdl.backbones",
    "create_model": "kerasdl.models",
    "list_models": "kerasdl.models",
    "load_model": "kerasdl.models",
    "load_plugins": "kerasdl.models",
    "model_info": "kerasdl.models",
}
_ROOMS = (
    "backend",
    "building",
    "callbacks",
    "cards",
    "checkpoints",
    "compress",
    "data",
    "decoding",
    "diagnostics",
    "inside",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "plots",
    "plugin",
    "regularizers",
    "schedules",
    "tasks",
    "testing",
    "training",
)

__all__ = [*_HOMES, *_ROOMS]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"kerasdl.{name}")
    raise AttributeError(f"module 'kerasdl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def _announce_backend() -> None:
    from kerasdl.backend.choice import use
    from kerasdl.errors import UserError

    try:
        use()
    except UserError:
        pass  # said when a backend is first needed; listing needs none


_announce_backend()
