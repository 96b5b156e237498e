"""The conformance kit: one line in a plain pytest function checks a component or an architecture.

The names are loaded on first use, so that a pytest plugin can live in this package without
importing Keras before a test session has chosen its backend.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerasdl.testing.architecture import IN_OTHER_PROCESSES, check_architecture
    from kerasdl.testing.callback import check_callback
    from kerasdl.testing.gradients import check_gradients, gradcheck_model
    from kerasdl.testing.layer import check_layer
    from kerasdl.testing.loss import check_loss
    from kerasdl.testing.numerics import assert_close
    from kerasdl.testing.optimizer import check_optimizer
    from kerasdl.testing.parametrize import parametrize_architecture_checks
    from kerasdl.testing.regularizer import check_regularizer

_HOMES = {
    "IN_OTHER_PROCESSES": "architecture",
    "assert_close": "numerics",
    "check_architecture": "architecture",
    "check_callback": "callback",
    "check_gradients": "gradients",
    "check_layer": "layer",
    "check_loss": "loss",
    "check_optimizer": "optimizer",
    "check_regularizer": "regularizer",
    "gradcheck_model": "gradients",
    "parametrize_architecture_checks": "parametrize",
}

__all__ = [
    "IN_OTHER_PROCESSES",
    "assert_close",
    "check_architecture",
    "check_callback",
    "check_gradients",
    "check_layer",
    "check_loss",
    "check_optimizer",
    "check_regularizer",
    "gradcheck_model",
    "parametrize_architecture_checks",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"kerasdl.testing.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'kerasdl.testing' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
