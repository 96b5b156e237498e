"""What one module's tests compiled is let go where memory runs short."""

import gc
import sys
from pathlib import Path

LIMIT = 2.5 * 2**30
"""Bytes resident in one process, above which the next module starts with empty caches."""


def resident():
    """Bytes of memory this process holds; 0 where Linux's /proc is absent."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * 4096 if status.exists() else 0


def pytest_runtest_teardown(item, nextitem):
    """At a module's end, where the process has grown past the limit."""
    if (nextitem is None or item.path != nextitem.path) and resident() > LIMIT:
        if "keras" in sys.modules:
            sys.modules["keras"].utils.clear_session()
        if "jax" in sys.modules:
            sys.modules["jax"].clear_caches()
        gc.collect()
