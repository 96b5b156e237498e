"""Batches whose samples are blends of two: images and labels both."""

from typing import Any

import numpy as np

from kerasdl.errors import UserError


class Mixup:
    """Blends each sample of a batch with another one: `λ a + (1 - λ) b`, and the labels alike.

    `λ` is drawn for the batch from Beta(alpha, alpha), the partners by a permutation of the batch.
    Called as `mix(x, y, generator)` with NumPy arrays: `x` `(B, …)`, `y` one-hot or already blended
    rows `(B, classes)`; whole numbers are rounded. `kerasdl.data.Batches(transform=…)` calls it.

    Args:
        alpha: Above 0; near 0 most blends are almost one of the two.

    Raises:
        UserError: If `alpha` is not above 0.

    Differs from: `keras.layers.MixUp`, which draws from the process's or a layer's own state; here
        the draws belong to the batch, so that a resumed run repeats them.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x, y = Mixup(1.0)(np.zeros((4, 2)), np.eye(4), rng)
        >>> x.shape, y.shape
        ((4, 2), (4, 4))

    Reference: Zhang et al., 2018, https://arxiv.org/abs/1710.09412
    """

    def __init__(self, alpha: float = 0.2) -> None:
        self.alpha = _checked(alpha)

    def __call__(
        self, x: np.ndarray, y: np.ndarray, generator: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """The blended batch."""
        share = generator.beta(self.alpha, self.alpha)
        partner = generator.permutation(len(x))
        return _blend(x, x[partner], share), _blend(y, y[partner], share)


class CutMix:
    """Replaces a rectangle of each image by the same of another one, and the labels by its area.

    With `λ` drawn for the batch from Beta(alpha, alpha), the rectangle has `sqrt(1 - λ)` of each
    side and its middle anywhere; what lies outside the image is cut off, and the labels are blended
    by the share of pixels that was really replaced. Called as `Mixup` is, `x` `(B, H, W, C)`.

    Args:
        alpha: Above 0; 1 makes every area equally likely.

    Raises:
        UserError: If `alpha` is not above 0, or `x` are no images.

    Differs from: `keras.layers.CutMix`, as `Mixup` does.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x, y = CutMix()(np.zeros((4, 8, 8, 1)), np.eye(4), rng)
        >>> x.shape, y.shape
        ((4, 8, 8, 1), (4, 4))

    Reference: Yun et al., 2019, https://arxiv.org/abs/1905.04899
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = _checked(alpha)

    def __call__(
        self, x: np.ndarray, y: np.ndarray, generator: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """The blended batch."""
        if x.ndim != 4:
            raise UserError(f"cutmix is for images (B, H, W, C). Received: shape {x.shape}")
        share = generator.beta(self.alpha, self.alpha)
        partner = generator.permutation(len(x))
        rows, columns = (_stretch(side, np.sqrt(1 - share), generator) for side in x.shape[1:3])
        mixed = x.copy()
        mixed[:, rows, columns] = x[partner][:, rows, columns]
        replaced = (rows.stop - rows.start) * (columns.stop - columns.start)
        kept = 1 - replaced / (x.shape[1] * x.shape[2])
        return mixed, _blend(y, y[partner], kept)


MIXINGS: dict[str, type] = {"mixup": Mixup, "cutmix": CutMix}
"""By the names that a configuration uses."""


def _checked(alpha: Any) -> float:
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not alpha > 0:
        raise UserError(f"`alpha` must be above 0. Received: alpha={alpha!r}")
    return float(alpha)


def _blend(a: np.ndarray, b: np.ndarray, share: float) -> np.ndarray:
    mixed = share * a.astype(np.float32) + (1 - share) * b.astype(np.float32)
    whole = np.issubdtype(a.dtype, np.integer)
    return (np.rint(mixed) if whole else mixed).astype(a.dtype)


def _stretch(side: int, share: float, generator: np.random.Generator) -> slice:
    """So many of `side` places, around a middle drawn evenly."""
    length = int(side * share)
    first = int(generator.integers(side)) - length // 2
    return slice(max(0, first), min(side, first + length))
