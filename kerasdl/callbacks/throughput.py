"""How fast training is, and what it waits for."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, NamedTuple

import keras
import numpy as np

from kerasdl.callbacks._checks import check_count, check_positive
from kerasdl.callbacks._flops import forward_flops
from kerasdl.callbacks._peaks import device_of, find_peak
from kerasdl.callbacks._step_reader import StepReader
from kerasdl.errors import UserError


class ThroughputFigures(NamedTuple):
    """One measurement.

    Args:
        epoch: The epoch, from 0.
        steps: Batches in it.
        units: Examples or tokens in it.
        seconds: Its length.
        data: Share of it spent in drawing batches.
        host: Share spent in Python around the step: Keras's loop, callbacks, logs.
        device: Share spent in the step: its launch, and the wait for its results.
    """

    epoch: int
    steps: int
    units: int
    seconds: float
    data: float
    host: float
    device: float

    @property
    def rate(self) -> float:
        """Examples or tokens per second."""
        return self.units / self.seconds


class Throughput(StepReader):
    """Measures examples or tokens per second, what they wait for, and the use of the device.

    After every n-th step the host waits for the device, once: between two such points the time is
    that of `n` steps done. The first step of each `fit`, which is compiled, is left out, and so is
    validation. Batches with a new shape are compiled again and show in the measurement they are in.

    The time is divided into *data* (drawing batches), *device* (the step: its launch, and what the
    host waited for its results) and *host* (all the rest). What runs on the device while the host
    is busy is hidden and does not count: a large share of data or host is what to remove first.
    On TensorFlow batches are drawn by the host here, not inside the compiled step; on PyTorch what
    other callbacks do at the end of a batch may count as data.

    *Utilization* is the model's floating-point operations in a second over the device's peak: of
    matrix products alone, the backward pass counted twice the forward pass, recomputation not at
    all. Peaks are those of `kerasdl.callbacks.PEAKS` for the compute dtype of the model.

    `history` holds all measurements. The rate over an epoch is added to its logs as
    `examples_per_second` or `tokens_per_second`, and `utilization`, where it is known.

    Args:
        every: Steps from one measurement to the next.
        unit: `"examples"`, or `"tokens"`: positions of the first input, `(B, T, …)`, padded ones
            included.
        flops_per_unit: Operations of training on one unit; `None` counts them by the layers.
        peak_flops: Operations in a second that the device could make; `None` looks it up.
        verbose: Whether to print a line after each epoch.

    Raises:
        UserError: If an argument is out of its range.

    Example:
        >>> meter = Throughput(every=100)
        >>> model.fit(x, y, callbacks=[meter])
        >>> [row.rate for row in meter.history]

    Reference: utilization: Chowdhery et al., 2022, appendix B, https://arxiv.org/abs/2204.02311
    """

    def __init__(
        self,
        every: int = 50,
        unit: Literal["examples", "tokens"] = "examples",
        flops_per_unit: float | None = None,
        peak_flops: float | None = None,
        verbose: bool = True,
    ) -> None:
        super().__init__()
        check_count("every", every)
        if unit not in ("examples", "tokens"):
            raise UserError(f"`unit` must be 'examples' or 'tokens'. Received: unit={unit!r}")
        for name, value in (("flops_per_unit", flops_per_unit), ("peak_flops", peak_flops)):
            if value is not None:
                check_positive(name, value)
        self.every = every
        self.unit = unit
        self.flops_per_unit = flops_per_unit
        self.peak_flops = peak_flops
        self.verbose = verbose
        self.history: list[ThroughputFigures] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begins a new history, and looks the device up."""
        self.history = []
        self._warm = False
        self._window: _Window | None = None
        self._flops, self._peak = self.flops_per_unit, self.peak_flops
        self._shapes: Any = None
        variables = self.model.variables
        if self._peak is None and variables:
            self._peak = find_peak(device_of(variables[0]), self.model.compute_dtype)
        super().on_train_begin(logs)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Starts the clock."""
        self._epoch = epoch
        self._window = _Window(opens_epoch=True)
        self._thread = threading.current_thread()
        self._left = time.perf_counter()

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """On PyTorch, where Keras draws batches itself: stops the time of drawing one."""
        if keras.backend.backend() == "torch" and self._window is not None:
            self._window.data += time.perf_counter() - max(self._left, self._window.begun)

    def around(self, call: Callable[..., Any], *args: Any) -> Any:
        """Runs the training function by the clock."""
        window = self._window or _Window()
        *state, source = args
        if keras.backend.backend() == "torch":  # Keras has drawn them already
            for batch in source:
                self._count(window, batch)
        else:
            if window.opens_epoch and not window.steps:
                window.data += time.perf_counter() - window.begun  # the iterator was made
            drawn = _Drawn(source, window, self._count)
            # Drawn here, so that the end of the data is seen before the training function is in.
            source = chain([next(drawn)], drawn)
        before, data_before = time.perf_counter(), window.data
        window.returned = call(*state, source)
        window.steps += 1
        due = window.steps >= self.every
        if due or not self._warm:
            window.wait()
        window.ended = self._left = time.perf_counter()
        window.device += window.ended - before - (window.data - data_before)
        returned = window.returned
        if not self._warm:
            self._warm, self._window = True, _Window()
        elif due:
            self._close()
            self._window = _Window()
        return returned

    def _count(self, window: "_Window", batch: Any) -> None:
        x, _, _ = keras.utils.unpack_x_y_sample_weight(batch)
        first = next(entry for entry in keras.tree.flatten(x) if entry is not None)
        shape = tuple(first.shape)
        window.units += int(np.prod(shape[:2] if self.unit == "tokens" else shape[:1]))
        if self._shapes is None:
            self._shapes = keras.tree.map_structure(_Shaped, x)
            self._units_of_shapes = window.units

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """On PyTorch: starts it, unless Keras calls this in another thread, at any time."""
        if threading.current_thread() is self._thread:
            self._left = time.perf_counter()

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Stops the clock."""
        self._close()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Stops the clock, and reports."""
        self._close()
        rows = [row for row in self.history if row.epoch == epoch]
        seconds = sum(row.seconds for row in rows)
        if not rows or not seconds:
            return
        if self._flops is None and self._shapes is not None:
            self._flops = 3 * forward_flops(self.model, self._shapes) / self._units_of_shapes
        rate = sum(row.units for row in rows) / seconds
        shares = {
            name: sum(getattr(row, name) * row.seconds for row in rows) / seconds
            for name in ("data", "host", "device")
        }
        flops = rate * (self._flops or 0.0)
        if logs is not None:
            logs[f"{self.unit}_per_second"] = rate
            if self._peak and flops:
                logs["utilization"] = flops / self._peak
        if self.verbose:
            print(_line(rate, self.unit, shares, flops, self._peak))

    def _close(self) -> None:
        window, self._window = self._window, None
        if window is None or not window.steps:
            return
        before = time.perf_counter()
        window.wait()
        waited = time.perf_counter() - before
        window.device += waited
        seconds = window.ended - window.begun + waited
        data, device = window.data / seconds, window.device / seconds
        row = ThroughputFigures(
            self._epoch, window.steps, window.units, seconds, data, 1 - data - device, device
        )
        self.history.append(row)


class _Window:
    """What is measured at the moment."""

    def __init__(self, opens_epoch: bool = False) -> None:
        self.opens_epoch = opens_epoch
        self.begun = self.ended = time.perf_counter()
        self.data = self.device = 0.0
        self.steps = self.units = 0
        self.returned: Any = None

    def wait(self) -> None:
        """Until the results of the last step are there."""
        logs = self.returned[0] if isinstance(self.returned, tuple) else self.returned
        for tensor in keras.tree.flatten(logs)[:1]:
            keras.ops.convert_to_numpy(tensor)


class _Drawn:
    """An iterator over batches that notes how long each took."""

    def __init__(
        self, source: Iterator[Any], window: _Window, count: Callable[[_Window, Any], None]
    ) -> None:
        self.source, self.window, self.count = source, window, count

    def __iter__(self) -> "_Drawn":
        return self

    def __next__(self) -> Any:
        before = time.perf_counter()
        batch = next(self.source)
        self.window.data += time.perf_counter() - before
        self.count(self.window, batch)
        return batch


@dataclass(frozen=True)
class _Shaped:
    """A tensor's shape and dtype, without the tensor."""

    shape: tuple[int, ...]
    dtype: Any

    def __init__(self, tensor: Any) -> None:
        object.__setattr__(self, "shape", tuple(tensor.shape))
        object.__setattr__(self, "dtype", tensor.dtype)


def _line(
    rate: float, unit: str, shares: dict[str, float], flops: float, peak: float | None
) -> str:
    parts = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    line = f"{rate:,.0f} {unit}/s: {parts}"
    if flops:
        line += f"; {flops / 1e9:,.1f} GFLOP/s"
    if flops and peak:
        line += f", {flops / peak:.1%} of the device's peak"
    return line
