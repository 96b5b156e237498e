"""Run in a fresh process: what importing a plugin drags in."""

import importlib
import sys

HEAVY = ("keras", "jax", "tensorflow", "torch")


def main(module: str) -> list[str]:
    """Which of Keras and its backends are imported with a module."""
    importlib.import_module(module)
    return [name for name in HEAVY if name in sys.modules]
