"""The curves of one training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kerasdl.errors import UserError

FEWEST = 4
"""Points below which a curve has no shape to speak of."""
_PIECES = 20


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """The curves of one training, up to the first loss that is not finite.

    Args:
        loss: Of the training, `(N,)`; empty if there is none.
        bad_from: Index of the first training or validation loss that is not finite, or None.
        validation: Validation loss, `(N,)`; None without.
        monitored: The monitored figure, turned so that less is better; None without.
        monitor: Its name.
        mode: `min` or `max`: which values of it are good.
        rate: Learning rate; None without.
        gradient: Gradient norm, with what is not finite; None without.
        chance: Loss of a network that has learned nothing, if known.
    """

    loss: np.ndarray
    bad_from: int | None
    validation: np.ndarray | None
    monitored: np.ndarray | None
    monitor: str
    mode: str
    rate: np.ndarray | None
    gradient: np.ndarray | None
    chance: float | None

    @classmethod
    def read(
        cls,
        history: Mapping[str, Sequence[float]],
        monitor: str,
        mode: str,
        chance: float | None = None,
    ) -> "Curves":
        """The curves of a history; see `kerasdl.diagnostics.advise`."""
        if mode not in ("min", "max"):
            raise UserError(f"`mode` must be min or max. Received: mode={mode!r}")
        loss = _numbers(history, "loss")
        validation = _numbers(history, "val_loss")
        monitored = _numbers(history, monitor)
        losses = [curve for curve in (loss, validation) if curve is not None]
        bad = [int(np.argmin(np.isfinite(c))) for c in losses if not np.isfinite(c).all()]
        end = min(bad, default=None)
        return cls(
            np.empty(0) if loss is None else loss[:end],
            end,
            None if validation is None else validation[:end],
            None if monitored is None else (-monitored if mode == "max" else monitored)[:end],
            monitor,
            mode,
            _numbers(history, "learning_rate"),
            _numbers(history, "gradient_norm"),
            chance,
        )

    def shown(self, value: float) -> str:
        """A value of the monitored figure, turned back."""
        return f"{-value if self.mode == 'max' else value:.4g}"

    @property
    def fall(self) -> float:
        """From the highest training loss (chance, where that is known) to the last."""
        top = self.loss.max() if self.chance is None else max(self.chance, self.loss.max())
        return float(top - self.loss[-1])


def pieces(curve: np.ndarray) -> np.ndarray:
    """The same curve in at most 20 points, each the mean of a piece: steps become like epochs."""
    parts = np.array_split(curve, min(len(curve), _PIECES) or 1)
    return np.array([part.mean() for part in parts if len(part)])


def steadied(curve: np.ndarray) -> np.ndarray:
    """The median of each point and its two neighbours: one lucky epoch is no turn."""
    if len(curve) < 3:
        return curve
    inner = np.median([curve[:-2], curve[1:-1], curve[2:]], axis=0)
    return np.concatenate([curve[:1], inner, [np.median(curve[-2:])]])


def _numbers(history: Mapping[str, Sequence[float]], name: str) -> np.ndarray | None:
    if name not in history or not len(history[name]):
        return None
    try:
        curve = np.asarray(history[name], dtype="float64")
    except (TypeError, ValueError):
        raise UserError(f"`history[{name!r}]` must be a list of numbers") from None
    if curve.ndim != 1:
        raise UserError(
            f"`history[{name!r}]` must be a list of numbers. Received: shape {curve.shape}"
        )
    return curve
