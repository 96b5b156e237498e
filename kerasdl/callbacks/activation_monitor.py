"""Saturated and dead units per activation."""

import warnings
from typing import Any, NamedTuple

import keras

from kerasdl.callbacks._checks import check_count, check_share
from kerasdl.callbacks.activation_measurement import activation_measurement
from kerasdl.errors import UserError


class ActivationFigures(NamedTuple):
    """One measurement of one activation.

    Args:
        epoch: The epoch that had ended, from 0.
        layer: The layer's path.
        activation: The activation's name.
        units: How many units (features, channels) it has.
        dead: Share of the units that are dead.
        saturated: Share of the outputs that are saturated.
    """

    epoch: int
    layer: str
    activation: str
    units: int
    dead: float
    saturated: float


class ActivationMonitor(keras.callbacks.Callback):
    """Measures dead units and saturated outputs of every activation, and warns of them.

    At the end of every n-th epoch the model is run on `x`, as in `predict`. A unit is

    - *dead*, where its output is zero for all of `x` at all positions (ReLU; for its smooth
      relatives below 1e-3 in size), or within `margin` of one and the same bound throughout
      (sigmoid, tanh and their hard forms);

    and an output is *saturated*, where it lies within `margin` of a bound, in units of half the
    range. Looked at are the layers with one of those activations, nested ones too; recurrent layers
    hide theirs. `history` holds all measurements. A layer is warned of once, when more than `limit`
    of its units are dead or of its outputs saturated; the model's own outputs only measured, since
    they may well be sure of themselves.

    Cost: per measurement one forward pass of `x` and one read by the host; the first one is
    compiled. Nothing happens at batches.

    Args:
        x: Inputs, as the model takes them; some hundred examples of real data are enough.
        every: Epochs from one measurement to the next.
        margin: In (0, 1).
        limit: Share in (0, 1) above which to warn.

    Raises:
        UserError: If an argument is out of its range.

    Example:
        >>> monitor = ActivationMonitor(x_train[:256])
        >>> model.fit(x_train, y_train, callbacks=[monitor])
        >>> [(row.layer, row.dead) for row in monitor.history]

    Reference: saturation: Glorot & Bengio, 2010, section 3,
    https://proceedings.mlr.press/v9/glorot10a.html; dead units: Lu et al., 2020,
    https://arxiv.org/abs/1903.06733
    """

    def __init__(self, x: Any, every: int = 1, margin: float = 0.05, limit: float = 0.5) -> None:
        super().__init__()
        if all(leaf is None for leaf in keras.tree.flatten(x)):
            raise UserError(f"`x` must hold examples. Received: x={x!r}")
        check_count("every", every)
        check_share("margin", margin)
        check_share("limit", limit)
        self.x = x
        self.every = every
        self.margin = margin
        self.limit = limit
        self.history: list[ActivationFigures] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begins a new history."""
        self.history = []
        self._warned: set[str] = set()
        self._measure = activation_measurement(self.model, self.margin)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Measures, and warns."""
        if (epoch + 1) % self.every:
            return
        figures, about = self._measure(self.x)
        rows = [
            ActivationFigures(epoch, entry.layer, entry.name, entry.units, *map(float, pair))
            for entry, pair in zip(about, figures, strict=True)
        ]
        self.history += rows
        inner = [row for row, entry in zip(rows, about, strict=True) if not entry.final]
        self._warn([row for row in inner if row.layer not in self._warned])

    def _warn(self, rows: list[ActivationFigures]) -> None:
        found = []
        for row in rows:
            if row.dead > self.limit:
                found.append(f"{row.dead:.0%} of the {row.units} units of {row.layer} are dead")
            elif row.saturated > self.limit:
                found.append(f"{row.saturated:.0%} of the outputs of {row.layer} are saturated")
            else:
                continue
            self._warned.add(row.layer)
        if found:
            warnings.warn(f"{'; '.join(found)}. {_ADVICE}", stacklevel=3)


_ADVICE = (
    "They pass no gradient on. Lower the learning rate, look at the scale of inputs and initial "
    "weights, or use normalization or another activation."
)
