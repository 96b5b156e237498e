"""Event files for TensorBoard, without TensorFlow."""

import itertools
import logging
import os
import threading
import time
from pathlib import Path
from typing import Any

import keras

from kerasdl.backend.hiding import unloaded_hidden
from kerasdl.callbacks._checks import check_count
from kerasdl.callbacks._histograms import Histogram, histogram_function
from kerasdl.callbacks._owners import learning_rates
from kerasdl.errors import require

_FILES = itertools.count()
_PAUSE = 2.0  # seconds from one flush to the next: short epochs are not worth one each


class TensorBoardLogs(keras.callbacks.Callback):
    """Writes what `fit` logs to files that TensorBoard shows; needs no TensorFlow, on any backend.

    In `folder` two runs, `train` and `validation`: each figure of an epoch under its own name, so
    that both curves share a chart; the learning rate; with `every`, the figures of batches as
    `batch/NAME`; with `histograms`, those of the trainable variables. Put it last in the list of
    callbacks: what others add to the logs is then written too. Look at it with
    `tensorboard --logdir FOLDER`, from the package `tensorboard`.

    Cost: the host alone; figures of batches are those that Keras reads anyway, in another thread
    on JAX.

    Args:
        folder: Where the files go; made if need be. A later `fit` adds files.
        every: Batches from one logged batch to the next; `None`: epochs alone.
        histograms: Epochs from one set of histograms to the next; `None`: none.
        bins: Of a histogram.

    Raises:
        MissingDependencyError: If the package `tensorboardX` is not installed.
        UserError: If an argument is out of its range.

    Differs from: `keras.callbacks.TensorBoard`, which needs TensorFlow on every backend, makes
    each step wait on JAX, and calls the figures of epochs `epoch_NAME`.

    Example:
        >>> model.fit(x, y, callbacks=[TensorBoardLogs("logs", every=20, histograms=1)])
    """

    async_safe = True

    def __init__(
        self,
        folder: str | Path,
        every: int | None = None,
        histograms: int | None = None,
        bins: int = 30,
    ) -> None:
        super().__init__()
        require("tensorboardX", "tensorboard", "TensorBoardLogs")
        for name, value in (("every", every), ("histograms", histograms)):
            if value is not None:
                check_count(name, value)
        check_count("bins", bins, least=2)
        self.folder = folder
        self.every = every
        self.histograms = histograms
        self.bins = bins
        self._writers: dict[str, Any] = {}
        self._writing = threading.Lock()
        self._batches = 0
        self._flushed = 0.0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Makes ready; files are made when there is something to write."""
        self._begun, self._last = self._batches, -1
        if self.histograms:
            self._count = histogram_function(self.model.trainable_variables, self.bins)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes figures of the batch, if it is one of those."""
        with self._writing:
            self._last = max(self._last, batch)
            if self.every and batch % self.every == 0:
                figures = {f"batch/{name}": value for name, value in (logs or {}).items()}
                self._write("train", figures, self._begun + batch)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes figures of the epoch."""
        figures = dict(logs or {})
        validation = {k[4:]: figures.pop(k) for k in list(figures) if k.startswith("val_")}
        if not any(name.startswith("learning_rate") for name in figures):
            figures |= learning_rates(self.model.optimizer)
        with self._writing:
            self._begun += self._last + 1
            self._last = -1
            self._write("train", figures, epoch)
            self._write("validation", validation, epoch)
            if self.histograms and (epoch + 1) % self.histograms == 0:
                for histogram in self._count():
                    self._write_histogram(histogram, epoch)
            if time.monotonic() - self._flushed > _PAUSE:
                self._flushed = time.monotonic()
                for writer in self._writers.values():
                    writer.flush()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Closes the files."""
        with self._writing:
            self._batches = self._begun
            for writer in self._writers.values():
                writer.close()
            self._writers = {}

    def _write(self, run: str, figures: dict[str, Any], step: int) -> None:
        for name, value in figures.items():
            try:
                number = float(value)
            except (TypeError, ValueError):
                continue  # a log that is no number
            self._writer(run).add_scalar(name, number, step)

    def _write_histogram(self, row: Histogram, step: int) -> None:
        number = int(row.counts.sum())
        self._writer("train").add_histogram_raw(
            row.path,
            min=row.edges[0],
            max=row.edges[-1],
            num=number,
            sum=row.mean * number,
            sum_squares=(row.deviation**2 + row.mean**2) * number,
            bucket_limits=row.edges[1:].tolist(),
            bucket_counts=row.counts.tolist(),
            global_step=step,
        )

    def _writer(self, run: str) -> Any:
        if run not in self._writers:
            # It would say of every figure that is not finite that it is not, and not which.
            logging.getLogger("tensorboardX.x2num").setLevel(logging.ERROR)
            with unloaded_hidden():  # it would import PyTorch, wherever that is installed
                from tensorboardX import SummaryWriter
            # Its names tell seconds: two files of one second would be one.
            suffix = f".{os.getpid()}.{next(_FILES)}"
            self._writers[run] = SummaryWriter(str(Path(self.folder) / run), filename_suffix=suffix)
        return self._writers[run]
