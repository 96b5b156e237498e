"""What a record names."""

import importlib
from typing import Any

from kerasdl.plugin.types import Command, Component


def target(record: Component | Command) -> Any:
    """The object that `"package.module:name"` means, imported."""
    module, _, name = record.target.partition(":")
    return getattr(importlib.import_module(module), name)
