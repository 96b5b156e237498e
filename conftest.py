"""How the suite is run: what on which backend, within how many seconds and how much memory."""

import collections
import gc
import os
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent / "tests"
REPEAT = os.environ.get("KERASDL_TEST_REPEAT") == "1"
ONCE = {"disk", "plugin", "cli", "docs", "workspace", "plots", "metrics"}
"""Folders that no backend has a part in; run with the first backend only."""

BUDGET = collections.defaultdict(lambda: 60)
"""Seconds that a folder may take in the quick suite, on one backend, on two quiet cores."""

LIMIT = 2.5 * 2**30
"""Bytes resident in one process, above which the next module starts with empty caches."""

_spent: collections.Counter[str] = collections.Counter()


def pytest_ignore_collect(collection_path):
    """After the first backend some folders are left out."""
    if REPEAT and collection_path.is_dir() and collection_path.parent == TESTS:
        return True if collection_path.name in ONCE else None
    return None


@pytest.hookimpl(tryfirst=True)  # before `-m` looks at the marks
def pytest_collection_modifyitems(config, items):
    """After the first backend tests marked `once` are left out, and those marked `first` long."""
    if REPEAT:
        for item in items:
            if item.get_closest_marker("first"):
                item.add_marker("long")
        left_out = [item for item in items if item.get_closest_marker("once")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish():
    """What was imported stays: looking through it for garbage is a tenth of the suite's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


def pytest_runtest_logreport(report):
    """Adds a test's seconds to those of its folder."""
    _spent["/".join(Path(report.nodeid.partition("::")[0]).parts[:2])] += report.duration


def pytest_terminal_summary(terminalreporter):
    """Shows what each folder took beside what it may take."""
    terminalreporter.section("seconds by folder (budget)")
    for folder, seconds in sorted(_spent.items()):
        budget = BUDGET[folder]
        over = "  OVER" if seconds > budget else ""
        terminalreporter.write_line(f"{seconds:7.1f} ({budget})  {folder}{over}")


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
