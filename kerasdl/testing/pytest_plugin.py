"""What pytest loads wherever kerasdl is installed: the backend by an option, and in the header.

Nothing heavy is imported before a test asks for it.
"""

import os

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--keras-backend`."""
    group = parser.getgroup("kerasdl")
    group.addoption(
        "--keras-backend",
        choices=("jax", "tensorflow", "torch"),
        help="backend that Keras uses in this session; else KERAS_BACKEND, else the installed one",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Chooses the backend before a test module imports Keras."""
    wanted = config.getoption("--keras-backend")
    if wanted:
        os.environ["KERAS_BACKEND"] = wanted


def pytest_report_header(config: pytest.Config) -> str | None:
    """The version, and the backend where one was asked for."""
    wanted = os.environ.get("KERAS_BACKEND")
    if not wanted:
        return None
    from kerasdl.version import __version__

    return f"kerasdl: {__version__}, Keras backend {wanted}"
