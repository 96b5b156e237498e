"""Softmax cross-entropy of a vocabulary head that never holds all logits, and its plain twin.

The chunked route walks over the vocabulary with a running log-sum-exp, and walks again in the
backward pass: a chunk's logits are made, used and dropped. Chunks are of the vocabulary because
its size is known when a model is built, while the number of tokens need not be.
"""

from typing import Any

import keras
from keras import ops

ROUTES = ("chunked", "full")


def choose_route(vocabulary_size: int, chunk_size: int) -> str:
    """`"chunked"` where the vocabulary has more than one chunk, else `"full"`."""
    return "chunked" if vocabulary_size > chunk_size else "full"


def head_cross_entropy(
    hidden: Any,
    kernel: Any,
    bias: Any,
    labels: Any,
    *,
    chunk_size: int,
    label_smoothing: float = 0.0,
    z_loss: float = 0.0,
    ignored_index: int | None = None,
    route: str | None = None,
) -> Any:
    """Each token's cross-entropy under `softmax(hidden @ kernel.T + bias)`.

    `lse - (1 - s) * z[y] - s * mean(z) + a * lse ** 2`, with `s` the smoothing and `a` the z-loss.

    Shapes: `...` any axes, `N` their product, `D` features, `V` vocabulary. Logits are made in the
    type of `hidden`, everything after them in at least `float32`.

    Cost: three products of `(N, D)` by `(D, V)` and their size in the full route, four in the
    chunked one. Beyond inputs and gradients the chunked route holds `N * chunk_size` numbers, the
    full route several times `N * V`.

    Args:
        hidden: `(..., D)`.
        kernel: `(V, D)`, one row a word.
        bias: `(V,)` or None.
        labels: Integers `(...)`.
        chunk_size: Words of the vocabulary whose logits are held at a time.
        label_smoothing: Share of the target spread over all words.
        z_loss: Factor of the squared log-normalizer.
        ignored_index: Label whose tokens get loss and gradient 0.
        route: `"chunked"` or `"full"`; None chooses.

    Returns:
        `(...)`, in `float32` or wider.
    """
    vocabulary_size, width = kernel.shape
    shape = ops.shape(labels)
    hidden = ops.reshape(hidden, (-1, width))
    labels = ops.cast(ops.reshape(labels, (-1,)), "int32")
    kernel = ops.cast(kernel, hidden.dtype)
    bias = ops.zeros((vocabulary_size,), hidden.dtype) if bias is None else bias
    bias = ops.cast(bias, hidden.dtype)
    real = None if ignored_index is None else ops.not_equal(labels, ignored_index)
    if (route or choose_route(vocabulary_size, chunk_size)) == "chunked":
        losses = _chunked(hidden, kernel, bias, labels, real, chunk_size, label_smoothing, z_loss)
    else:
        losses = _full(hidden, kernel, bias, labels, real, label_smoothing, z_loss)
    return ops.reshape(losses, shape)


def _full(hidden, kernel, bias, labels, real, smoothing, z_loss):
    logits = _logits(hidden, kernel, bias)
    lse = ops.logsumexp(logits, axis=-1)
    safe = labels if real is None else ops.where(real, labels, ops.zeros_like(labels))
    picked = ops.take_along_axis(logits, ops.expand_dims(safe, -1), axis=-1)[:, 0]
    return _losses(lse, picked, ops.mean(logits, axis=-1), real, smoothing, z_loss)


def _chunked(hidden, kernel, bias, labels, real, chunk_size, smoothing, z_loss):
    vocabulary_size = kernel.shape[0]

    @ops.custom_gradient
    def losses(hidden, kernel, bias):
        lse, picked, total = _over_chunks(hidden, kernel, bias, labels, chunk_size)

        def gradient(*arguments, upstream=None):
            upstream = arguments[0] if upstream is None else upstream
            if real is not None:
                upstream = upstream * ops.cast(real, upstream.dtype)
            slopes = (
                ops.expand_dims(upstream * (1 + 2 * z_loss * lse), 1),
                ops.expand_dims(upstream * (1 - smoothing), 1),
                ops.expand_dims(upstream * (smoothing / vocabulary_size), 1),
            )
            return _gradients(hidden, kernel, bias, labels, chunk_size, lse, slopes)

        return _losses(lse, picked, total / vocabulary_size, real, smoothing, z_loss), gradient

    return losses(hidden, kernel, bias)


def _losses(lse, picked, mean, real, smoothing, z_loss):
    losses = lse - (1 - smoothing) * picked
    if smoothing:
        losses = losses - smoothing * mean
    if z_loss:
        losses = losses + z_loss * ops.square(lse)
    return losses if real is None else ops.where(real, losses, ops.zeros_like(losses))


def _logits(hidden, kernel, bias):
    logits = ops.matmul(hidden, ops.transpose(kernel)) + bias
    return ops.cast(logits, keras.backend.result_type(logits.dtype, "float32"))


def _over_chunks(hidden, kernel, bias, labels, chunk_size):
    """Log-sum-exp, the label's logit and the sum of all logits, of each token."""

    def read(chunk):
        kernel, bias, words = chunk
        logits = _logits(hidden, kernel, bias)
        hit = ops.equal(ops.expand_dims(labels, 1), words)
        picked = ops.sum(ops.where(hit, logits, ops.zeros_like(logits)), axis=-1)
        return ops.logsumexp(logits, axis=-1), picked, ops.sum(logits, axis=-1)

    def step(index, sums):
        lse, picked, total = read(_chunk(kernel, bias, head + index * chunk_size, chunk_size))
        return ops.logaddexp(sums[0], lse), sums[1] + picked, sums[2] + total

    head, count = _partition(kernel.shape[0], chunk_size)
    return ops.fori_loop(0, count, step, read(_chunk(kernel, bias, 0, head)))


def _gradients(hidden, kernel, bias, labels, chunk_size, lse, slopes):
    """Gradients of hidden, kernel and bias: the first summed, the others filled in by chunks."""

    def add(start, size, sums):
        of_hidden, of_kernel, of_bias = sums
        rows, offsets, words = _chunk(kernel, bias, start, size)
        logits = _logits(hidden, rows, offsets)
        slope = slopes[0] * ops.exp(logits - ops.expand_dims(lse, 1)) - slopes[2]
        hit = ops.equal(ops.expand_dims(labels, 1), words)
        slope = slope - ops.where(hit, slopes[1], ops.zeros_like(slope))
        sums_of_slopes = ops.cast(ops.sum(slope, axis=0), bias.dtype)
        slope = ops.cast(slope, hidden.dtype)
        return (
            of_hidden + ops.cast(ops.matmul(slope, rows), lse.dtype),
            ops.slice_update(of_kernel, (start, 0), ops.matmul(ops.transpose(slope), hidden)),
            ops.slice_update(of_bias, (start,), sums_of_slopes),
        )

    head, count = _partition(kernel.shape[0], chunk_size)
    start = ops.zeros_like(hidden, dtype=lse.dtype), ops.zeros_like(kernel), ops.zeros_like(bias)
    of_hidden, of_kernel, of_bias = ops.fori_loop(
        0,
        count,
        lambda index, sums: add(head + index * chunk_size, chunk_size, sums),
        add(0, head, start),
    )
    return ops.cast(of_hidden, hidden.dtype), of_kernel, of_bias


def _partition(vocabulary_size, chunk_size):
    """Size of a first chunk, with what does not divide evenly, and the number of full ones."""
    count = -(-vocabulary_size // chunk_size) - 1
    return vocabulary_size - count * chunk_size, count


def _chunk(kernel, bias, start, size):
    """Rows of the kernel and the bias, and which words they are."""
    rows = ops.slice(kernel, (start, 0), (size, kernel.shape[1]))
    return rows, ops.slice(bias, (start,), (size,)), start + ops.arange(size, dtype="int32")
