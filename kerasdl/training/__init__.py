"""A run: its configuration, its folder, and the training itself."""

from kerasdl.training.config import RunConfig
from kerasdl.training.run import Run, load_run, train

__all__ = ["Run", "RunConfig", "load_run", "train"]
