"""Logs for TensorBoard beside `metrics.csv`."""

import importlib.util
from pathlib import Path

import keras

from kerasdl.callbacks.tensor_board_logs import TensorBoardLogs


def event_files(folder: Path) -> list[keras.callbacks.Callback]:
    """Writes what each epoch logs into `folder`; nothing where `tensorboardX` is not installed."""
    installed = importlib.util.find_spec("tensorboardX") is not None
    return [TensorBoardLogs(folder)] if installed else []
