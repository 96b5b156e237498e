"""Keeps a library from importing a backend that nobody uses."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from kerasdl.backend.choice import BACKENDS


@contextlib.contextmanager
def unloaded_hidden() -> Iterator[None]:
    """Inside, a backend that is not loaded yet cannot be imported, as if it were not installed."""
    modules: dict[str, Any] = sys.modules
    hidden = [module for module in BACKENDS.values() if module not in modules]
    modules.update(dict.fromkeys(hidden))  # what Python takes for: there is no such module
    try:
        yield
    finally:
        for module in hidden:
            if modules.get(module, module) is None:
                del modules[module]
