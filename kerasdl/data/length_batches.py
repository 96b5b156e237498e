"""Batches of sequences of like lengths, in few shapes, for `model.fit`."""

from typing import Any

import keras
import numpy as np

from kerasdl.data.batches import Batches
from kerasdl.data.length_buckets import buckets
from kerasdl.data.ragged import axes, entries
from kerasdl.data.sample_order import order, whole
from kerasdl.errors import UserError

_BATCH_STREAM = 1 << 191
"""Counter of the words that order the batches: far from those that order the samples."""


class LengthBatches(Batches):
    """Serves sequences to `model.fit` in batches of like lengths, padded on the right.

    Each distinct shape of a batch is compiled once more, so there are at most `max_shapes`: the
    samples are parted into `max_shapes - 1` buckets, chosen for little padding, and every batch of
    a bucket has its one shape. What fills no batch of a bucket goes on to one of longer samples;
    only one batch, of the longest, may have fewer rows. So each sample comes exactly once an epoch.

    Order: a pure function of seed and epoch, as with `Batches`: which samples share a batch follows
    `order(seed, epoch, count)`, and the batches of all buckets come mixed. The passes of `fit`,
    `state` and `restore` are those of `Batches`. Without `shuffle` the samples of a bucket keep
    their order, and the buckets come one after another.

    Several inputs go in a tuple or a dict; a list is one list of samples. Entries that have the
    same lengths in each sample (words and their labels) are padded alike; where an entry has other
    lengths (a text and its translation) a bucket limits both.

    Args:
        x: A list of sequences `(length, ...)` or an array with a row a sample; or a tuple or dict
            of these.
        y: Targets likewise, or `None`. A list of numbers is one label a sample.
        batch_size: Samples in a batch; either this or `tokens_per_batch`.
        tokens_per_batch: Tokens in a batch at most, padding included: rows times the longest of
            their padded lengths, so that short sequences come in larger batches.
        max_shapes: Distinct shapes at most, at least 2.
        pad_id: What sequences of `x` are filled up with.
        target_pad_id: What those of `y` are filled up with; `pad_id` without it.
        sample_weight: Weights likewise, of samples or of tokens; filled up with 0; needs `y`.
        seed: Of the order, in [0, 2**64).
        shuffle: Whether the order changes from epoch to epoch.

    Raises:
        UserError: On no samples, an empty sequence, entries of unequal counts, no sequence at all,
            or an argument out of range.

    Differs from: `tf.data`'s `bucket_by_sequence_length`, whose order depends on a buffer that
    cannot be entered in the middle, and whose last batch of each bucket has a shape of its own.

    Example:
        >>> batches = LengthBatches([[5], [6, 7, 8], [9]], [0, 1, 1], batch_size=2, max_shapes=3)
        >>> sorted(batches.shapes)
        [(1, 3), (2, 1)]
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        tokens_per_batch: int | None = None,
        max_shapes: int = 8,
        pad_id: int = 0,
        target_pad_id: int | None = None,
        sample_weight: Any = None,
        seed: int = 0,
        shuffle: bool = True,
    ) -> None:
        if sample_weight is not None and y is None:
            raise UserError("`sample_weight` needs targets `y`. Received: y=None")
        if (batch_size is None) == (tokens_per_batch is None):
            raise UserError(
                "one of `batch_size` and `tokens_per_batch` must be given. "
                f"Received: batch_size={batch_size!r}, tokens_per_batch={tokens_per_batch!r}"
            )
        self.max_shapes = whole("max_shapes", max_shapes, 2**63, start=2)
        self.pad_id, self.target_pad_id = pad_id, target_pad_id
        target_fill = pad_id if target_pad_id is None else target_pad_id
        self._parts = tuple(
            entries(part, fill)
            for part, fill in ((x, pad_id), (y, target_fill), (sample_weight, 0))
            if part is not None
        )
        lengths = axes([entry for part in self._parts for entry in keras.tree.flatten(part)])
        super().__init__(
            np.arange(len(lengths)),
            batch_size=1 if batch_size is None else batch_size,
            seed=seed,
            shuffle=shuffle,
        )
        self.x, self.y, self.sample_weight = x, y, sample_weight
        self.batch_size, self.tokens_per_batch = batch_size, tokens_per_batch
        self._buckets = buckets(lengths, self.max_shapes - 1)
        self._rows = [self._rows_of(bucket.lengths) for bucket in self._buckets]
        self._plan = self._planned()
        self._tokens = int(lengths.sum())
        self._cached_rows: tuple[tuple[int, int], list[tuple[int, np.ndarray]]] | None = None

    @property
    def steps(self) -> int:
        """Batches of a whole epoch."""
        return len(self._plan)

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The distinct shapes of batches: rows, then each length they are padded to."""
        return tuple(sorted({(rows, *self._buckets[place].lengths) for place, rows in self._plan}))

    @property
    def padding_share(self) -> float:
        """Part of the places of an epoch's batches that is padding, the same in every epoch."""
        places = sum(rows * sum(self._buckets[place].lengths) for place, rows in self._plan)
        return 1 - self._tokens / places

    def report(self) -> str:
        """Samples, batches, shapes and padding in words, a line a shape."""
        counts = {shape: 0 for shape in self.shapes}
        for place, rows in self._plan:
            counts[(rows, *self._buckets[place].lengths)] += 1
        head = (
            f"{self.count} samples in {self.steps} batches of {len(counts)} shapes (at most "
            f"{self.max_shapes}); {self.padding_share:.1%} of the places are padding"
        )
        return "\n".join(
            [head, *(f"{' x '.join(map(str, shape))}: {n}" for shape, n in counts.items())]
        )

    def rows(self, index: int) -> np.ndarray:
        """Numbers of the samples in batch `index` of the current epoch, in its order."""
        if not 0 <= index < self.steps:
            raise IndexError(f"batch {index} of {self.steps}")
        return self._epoch_rows()[index][1]

    def batch(self, index: int) -> tuple[Any, ...]:
        """Batch `index` of the current epoch: `(x,)`, `(x, y)` or `(x, y, sample_weight)`."""
        return self._padded(index)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        # TensorFlow's `fit` looks at two batches beforehand; a length they share is held for fixed.
        if self._starting and not self._in_pass and index == 1:
            return self._padded(self._start, beyond=1)
        return super().__getitem__(index)

    def _padded(self, index: int, beyond: int = 0) -> tuple[Any, ...]:
        rows = self.rows(index)
        bounds = self._buckets[self._epoch_rows()[index][0]].lengths
        lengths = tuple(length + beyond for length in bounds)
        return tuple(
            keras.tree.map_structure(lambda entry: entry.padded(rows, lengths), part)
            for part in self._parts
        )

    def _rows_of(self, lengths: tuple[int, ...]) -> int:
        """Rows of a batch padded to these lengths."""
        if self.tokens_per_batch is None:
            return self.batch_size
        longest = max(lengths)
        return whole("tokens_per_batch", self.tokens_per_batch, 2**63, start=longest) // longest

    def _planned(self) -> list[tuple[int, int]]:
        """Bucket and rows of each batch, in the order of the buckets; the same in every epoch."""
        waiting = [len(bucket.samples) for bucket in self._buckets]
        plan = []
        for place, bucket in enumerate(self._buckets):
            full, rest = divmod(waiting[place], self._rows[place])
            plan += [(place, self._rows[place])] * full
            if rest and bucket.next is None:
                plan.append((place, rest))
            elif rest:
                waiting[bucket.next] += rest
        return plan

    def _epoch_rows(self) -> list[tuple[int, np.ndarray]]:
        key = (self.seed, self.epoch)
        cached = self._cached_rows
        if cached is None or cached[0] != key:
            cached = (key, self._dealt())
            self._cached_rows = cached
        return cached[1]

    def _dealt(self) -> list[tuple[int, np.ndarray]]:
        """Bucket and samples of each batch of the epoch, in the order they come."""
        rank = self._ranks()
        waiting: list[list[np.ndarray]] = [[] for _ in self._buckets]
        dealt = []
        for place, bucket in enumerate(self._buckets):
            own = bucket.samples[np.argsort(rank[bucket.samples])]
            samples = np.concatenate([*waiting[place], own])  # those that waited come first
            full = len(samples) // self._rows[place] * self._rows[place]
            rest = samples[full:]
            dealt += [(place, rows) for rows in samples[:full].reshape(-1, self._rows[place])]
            if len(rest) and bucket.next is None:
                dealt.append((place, rest))
            elif len(rest):
                waiting[bucket.next].append(rest)
        return [dealt[number] for number in self._batch_order(len(dealt))]

    def _ranks(self) -> np.ndarray:
        """Each sample's place in the epoch's order of samples."""
        if not self.shuffle:
            return np.arange(self.count)
        rank = np.empty(self.count, np.int64)
        rank[order(self.seed, self.epoch, self.count)] = np.arange(self.count)
        return rank

    def _batch_order(self, batches: int) -> np.ndarray:
        if not self.shuffle:
            return np.arange(batches)
        counter = (self.epoch << 192) + _BATCH_STREAM
        words = np.random.Philox(key=self.seed, counter=counter).random_raw(batches)
        return np.argsort(words, kind="stable")
