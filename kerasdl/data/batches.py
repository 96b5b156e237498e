"""Batches of arrays for `model.fit`, in an order that depends on seed and epoch alone."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from kerasdl.backend.placement import can_place, place, rows_of
from kerasdl.data.sample_order import order, whole
from kerasdl.errors import UserError

_STATE_KEYS = ("seed", "epoch", "batch")

Transform = Callable[[Any, Any, np.random.Generator], tuple[Any, Any]]


class Batches(keras.utils.PyDataset):
    """Serves arrays to `model.fit` in batches whose order `order(seed, epoch)` fixes.

    Batch `b` of an epoch holds the samples `order(seed, epoch, count)[b * size : (b + 1) * size]`;
    the last one may be shorter. With raw arrays Keras shuffles by global random state; here the
    order is the same on every backend, and `restore` goes to any batch of any epoch in O(1).

    In a pass of `fit`, batches come in the order of their numbers whatever `fit(shuffle=…)` says
    (Keras would shuffle the numbers by global random state). Outside a pass `batches[b]` is batch
    `b` of the epoch that comes next; `batch(b)` is it always.

    Epochs: each pass of `fit` that Keras ends is one epoch, so `fit(epochs=3)` and then
    `fit(initial_epoch=3, epochs=5)` with the same object visit epochs 0 to 4. Keras tells its data
    nothing of `initial_epoch`: a new object is brought there by `restore`. A pass that was broken
    off begins again. Evaluate on an object of its own: such a pass counts too.

    In the middle: after `restore` to batch `b > 0` the length is the number of batches left, until
    that epoch ends. Keras keeps one length for all epochs of a `fit`, so that epoch needs a `fit`
    for itself (`initial_epoch=e, epochs=e + 1`); a second epoch in that `fit` is refused.

    Args:
        x: Inputs: an array, or a list, tuple or dict of arrays of equal length.
        y: Targets likewise, or `None`.
        batch_size: Samples in a batch, at least 1.
        seed: Of the order, in [0, 2**64).
        shuffle: `False` keeps the samples in their own order in every epoch.
        sample_weight: One weight a sample, or `None`; needs `y`.
        transform: Called with the `x` and `y` of each batch and a NumPy generator that depends on
            seed, epoch and batch alone, such as `kerasdl.data.Mixup(0.2)`; gives new ones.
        on_device: Whether the arrays are copied to the device once and batches are taken there
            (JAX and PyTorch); with it no `transform`.

    Raises:
        UserError: On arrays of unequal length, no samples, or an argument out of range.

    Differs from: `fit(x, y, shuffle=True)`, whose order depends on global random state and on
    what used it before; `tf.data` shuffling, whose buffer cannot be entered in the middle.

    Example:
        >>> batches = Batches(np.arange(5.0), np.arange(5.0), batch_size=2, shuffle=False)
        >>> [len(x) for x, y in (batches[b] for b in range(len(batches)))]
        [2, 2, 1]
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        seed: int = 0,
        shuffle: bool = True,
        sample_weight: Any = None,
        transform: Transform | None = None,
        on_device: bool = False,
    ) -> None:
        super().__init__()
        if sample_weight is not None and y is None:
            raise UserError("`sample_weight` needs targets `y`. Received: y=None")
        if transform is not None and y is None:
            raise UserError("`transform` needs targets `y`. Received: y=None")
        self.x, self.y, self.sample_weight = x, y, sample_weight
        self.batch_size = whole("batch_size", batch_size, 2**63, start=1)
        self.seed = whole("seed", seed, 2**64)
        self.shuffle = shuffle
        self.transform = transform
        self._arrays = tuple(
            keras.tree.map_structure(_as_array, part)
            for part in (x, y, sample_weight)
            if part is not None
        )
        self.count = self._common_length()
        self._takes_rows = _indexed
        if on_device:
            self._to_device()
        self.epoch = 0
        self._start = 0  # first batch of the coming pass; above 0 only after `restore`
        self._handed = 0  # batches of the running pass that Keras has fetched
        self._in_pass = False
        self._starting = False  # Keras has asked for the length and not yet reset its iterator
        self._trial = False  # the running pass only builds a model
        self._asked = 0  # questions for the length since the last batch was fetched
        self._announced: int | None = None  # the length that Keras holds for this `fit`
        self._cached_order: tuple[tuple[int, int], np.ndarray] | None = None

    @property
    def steps(self) -> int:
        """Batches of a whole epoch."""
        return -(-self.count // self.batch_size)

    def batch(self, index: int) -> tuple[Any, ...]:
        """Batch `index` of the current epoch: `(x,)`, `(x, y)` or `(x, y, sample_weight)`."""
        if not 0 <= index < self.steps:
            raise IndexError(f"batch {index} of {self.steps}")
        first = index * self.batch_size
        rows: slice | np.ndarray = slice(first, first + self.batch_size)
        if self.shuffle:
            rows = self._order()[rows]
        parts = keras.tree.map_structure(lambda array: self._takes_rows(array, rows), self._arrays)
        if self.transform is None:
            return parts
        stream = (self.epoch << 192) + (index + 1 << 128)
        generator = np.random.Generator(np.random.Philox(key=self.seed, counter=stream))
        return (*self.transform(*parts[:2], generator), *parts[2:])

    def state(self, steps: int | None = None) -> dict[str, int]:
        """Where training is, for `restore`.

        Args:
            steps: Steps that `fit` has finished in its running epoch, as a callback's
                `on_train_batch_end` counts them (`batch + 1`). Without it, the batches that Keras
                has fetched, which on some backends runs ahead of the training.
        """
        done = self._handed if steps is None else whole("steps", steps, 2**63)
        batch = self._start + done
        epoch, batch = (self.epoch + 1, 0) if batch >= self.steps else (self.epoch, batch)
        return {"seed": self.seed, "epoch": epoch, "batch": batch}

    def restore(self, state: Mapping[str, int]) -> None:
        """Makes the next pass begin where `state` says: its seed, its epoch, its batch.

        Raises:
            UserError: If an entry is missing or out of range.
        """
        missing = [key for key in _STATE_KEYS if key not in state]
        if missing:
            raise UserError(
                f"`state` must have the entries {', '.join(_STATE_KEYS)}. "
                f"Received: state={dict(state)!r}"
            )
        seed = whole("seed", state["seed"], 2**64)
        epoch = whole("epoch", state["epoch"], 2**63)
        batch = whole("batch", state["batch"], self.steps)
        self.seed, self.epoch, self._start = seed, epoch, batch
        self._in_pass = self._starting = self._trial = False
        self._handed, self._announced = 0, None

    def __len__(self) -> int:
        return self.steps - self._start

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        number = self._start + self._handed
        if not self._in_pass or number >= self.steps:
            return self.batch(self._start + index)
        self._handed += 1
        self._asked = 0
        return self.batch(number)

    # What Keras calls in a `fit`, from which the three methods below tell its passes apart:
    #   length, length, [begin, length, fetch …,] length, end: set-up, which may build the model
    #   begin, length, fetch …, [length,] end:                 one epoch
    # In brackets: only where a model must be built; only on JAX and PyTorch.

    @property
    def num_batches(self) -> int:
        """The length, as Keras asks for it."""
        if self._in_pass and self._handed:
            self._asked += 1
            if self._handed < len(self) or self._asked > 1:  # not the end of a whole epoch
                self._in_pass, self._handed = False, 0
        if not self._in_pass:
            self._starting, self._announced = True, len(self)
        return len(self)

    def on_epoch_begin(self) -> None:
        """Keras begins a pass, or goes on in one (`fit(steps_per_epoch=…)`)."""
        if self._announced is not None and self._announced != len(self):
            raise UserError(
                f"the data was restored to the middle of epoch {self.epoch - 1}, and Keras would "
                f"cut epoch {self.epoch} to {self._announced} of its {len(self)} batches too. Fit "
                f"the restored epoch by itself: fit(initial_epoch={self.epoch - 1}, "
                f"epochs={self.epoch}); then go on with initial_epoch={self.epoch}."
            )
        self._in_pass, self._trial = True, self._starting

    def on_epoch_end(self) -> None:
        """Keras ends a pass, or its set-up."""
        if self._trial:
            self._in_pass, self._handed = False, 0
        elif self._in_pass and self._handed >= len(self):
            self.epoch, self._start = self.epoch + 1, 0
            self._in_pass, self._handed = False, 0
        self._starting = self._trial = False

    def _to_device(self) -> None:
        if self.transform is not None:
            raise UserError("`on_device` batches are not transformed: give one of the two")
        if not can_place():
            raise UserError(
                "`on_device` needs JAX or PyTorch: TensorFlow's `fit` reads data on the host"
            )
        self._arrays = keras.tree.map_structure(place, self._arrays)
        self._takes_rows = self._placed_rows

    def _placed_rows(self, tensor: Any, rows: slice | np.ndarray) -> Any:
        numbers = np.arange(self.count)[rows] if isinstance(rows, slice) else rows
        return rows_of(tensor, numbers)

    def _order(self) -> np.ndarray:
        key = (self.seed, self.epoch)
        cached = self._cached_order
        if cached is None or cached[0] != key:
            cached = (key, order(self.seed, self.epoch, self.count))
            self._cached_order = cached
        return cached[1]

    def _common_length(self) -> int:
        arrays = keras.tree.flatten(self._arrays)
        lengths = {array.shape[0] if array.ndim else 0 for array in arrays}
        if len(lengths) != 1 or 0 in lengths:
            raise UserError(
                "`x`, `y` and `sample_weight` must have the same number of samples, at least 1. "
                f"Received shapes: {', '.join(str(array.shape) for array in arrays)}"
            )
        return lengths.pop()


def _indexed(array: np.ndarray, rows: slice | np.ndarray) -> np.ndarray:
    return array[rows]


def _as_array(values: Any) -> np.ndarray:
    """As NumPy, float64 in Keras's float type, as `fit` does with arrays."""
    array = np.asarray(values)
    return array.astype(keras.config.floatx()) if array.dtype == np.float64 else array
