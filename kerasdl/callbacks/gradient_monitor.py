"""Gradient and update norms per layer, with warnings."""

import math
import warnings
from collections import defaultdict
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasdl.callbacks._checks import check_count, check_positive, check_share
from kerasdl.callbacks._update_reader import UpdateReader


class LayerNorms(NamedTuple):
    """One measurement of one layer, over all its trainable variables.

    Args:
        step: Number of the step, from 0 with the optimizer's first.
        layer: The layer's path.
        gradient: Euclidean norm of the gradient of the loss, without loss scaling.
        weight: Norm of the weights before the step.
        update: Norm of what the step changed.
        size: How many parameters.
    """

    step: int
    layer: str
    gradient: float
    weight: float
    update: float
    size: int

    @property
    def rms(self) -> float:
        """The gradient's root mean square: comparable between layers of all sizes."""
        return self.gradient / math.sqrt(self.size)


class GradientMonitor(UpdateReader):
    """Measures gradients and updates of every layer, and warns when they vanish or explode.

    At every n-th update, for each layer: the norm of the gradient, of the weights and of the
    update (which says more than the rate: about 1e-3 of the weights' norm is usual). A gradient

    - *vanishes* where its root mean square is less than `vanishing` times the largest of any layer
      (all zeros included);
    - *explodes* where its norm is more than `exploding`, or not finite.

    A layer is warned of once for each, after `patience` measurements in a row (one, if it is not
    finite), at the latest when the epoch ends. `history` holds all measurements in the order of
    steps and layers, `global_norms` the norm over all layers by step; the last of an epoch is added
    to its logs as `gradient_norm`.

    How: the step's own gradients are measured inside the compiled step (see `StepTap`), so they
    are those of the batch trained on, dropout included, before clipping. Under gradient
    accumulation they are those of the last batch before an update. With `steps_per_execution`,
    only the last step of each execution is seen.

    Cost: nothing in most steps; in every n-th, one pass over gradients and weights. The step is
    compiled once more for the first `fit` with a monitor. On TensorFlow, each step copies the
    weights.

    Args:
        every: Updates from one measurement to the next.
        vanishing: Share in (0, 1).
        exploding: Positive.
        patience: Measurements in a row before a warning.

    Raises:
        UserError: If an argument is out of its range.

    Example:
        >>> monitor = GradientMonitor(every=20)
        >>> model.fit(x, y, callbacks=[monitor])
        >>> monitor.history[-1].update / monitor.history[-1].weight

    Reference: Glorot & Bengio, 2010, section 4.2, https://proceedings.mlr.press/v9/glorot10a.html
    """

    def __init__(
        self,
        every: int = 50,
        vanishing: float = 1e-4,
        exploding: float = 1e3,
        patience: int = 3,
    ) -> None:
        check_count("every", every)
        super().__init__("norms", every)
        check_share("vanishing", vanishing)
        check_positive("exploding", exploding)
        check_count("patience", patience)
        self.vanishing = vanishing
        self.exploding = exploding
        self.patience = patience
        self.history: list[LayerNorms] = []
        self.global_norms: dict[int, float] = {}

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begins a new history."""
        self.history, self.global_norms = [], {}
        self._layers = _by_layer(self.model.trainable_variables)
        self._in_a_row: dict[tuple[str, str], int] = defaultdict(int)
        self._worst: dict[tuple[str, str], str] = {}
        self._warned: set[tuple[str, str]] = set()
        super().on_train_begin(logs)

    def note(self, step: int, values: np.ndarray) -> None:
        """Notes one measurement."""
        with np.errstate(invalid="ignore"):
            self._note(step, values)

    def _note(self, step: int, squares: np.ndarray) -> None:
        rows = [
            LayerNorms(step, layer, *np.sqrt(squares[:, indices].sum(axis=1)).tolist(), size)
            for layer, (indices, size) in self._layers.items()
        ]
        self.history += rows
        self.global_norms[step] = float(np.sqrt(squares[0].sum()))
        finite = [row.rms for row in rows if math.isfinite(row.rms)]
        largest = max(finite, default=0.0)
        for row in rows:
            share = row.rms / largest if largest else 1.0
            self._judge(row, "vanishes", share < self.vanishing, f"{share:.1e} of the largest")
            explodes = not row.gradient <= self.exploding
            self._judge(row, "explodes", explodes, f"norm {row.gradient:.3g}")

    def _judge(self, row: LayerNorms, verb: str, bad: bool, figure: str) -> None:
        key = row.layer, verb
        self._in_a_row[key] = self._in_a_row[key] + 1 if bad else 0
        if bad and (self._in_a_row[key] >= self.patience or not math.isfinite(row.gradient)):
            self._worst.setdefault(key, f"{row.layer} ({figure} at step {row.step})")

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Warns, where there is something to warn of."""
        if len(self._worst) > len(self._warned):
            self._warn()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Reads what is left, warns, and adds to the logs."""
        super().on_epoch_end(epoch, logs)
        self.history.sort(key=lambda row: row.step)
        if self.global_norms and logs is not None:
            logs["gradient_norm"] = self.global_norms[max(self.global_norms)]
        self._warn()

    def _warn(self) -> None:
        with self._reading:
            new = {key: text for key, text in self._worst.items() if key not in self._warned}
            self._warned.update(new)
        for verb, advice in _ADVICE.items():
            layers = [text for (_, kind), text in new.items() if kind == verb]
            if layers:
                warnings.warn(f"the gradient {verb} in {', '.join(layers)}. {advice}", stacklevel=3)


_ADVICE = {
    "vanishes": (
        "Those layers hardly learn: look at saturated or dead units (ActivationMonitor), at the "
        "initializer, or use normalization, residual connections or another activation."
    ),
    "explodes": "Lower the learning rate, clip gradients (global_clipnorm), or use normalization.",
}


def _by_layer(variables: list[keras.Variable]) -> dict[str, tuple[list[int], int]]:
    """Indices of each layer's variables and how many parameters they have."""
    layers: dict[str, tuple[list[int], int]] = {}
    for index, variable in enumerate(variables):
        name = variable.path.rpartition("/")[0] or variable.path
        indices, size = layers.get(name, ([], 0))
        layers[name] = [*indices, index], size + math.prod(variable.shape)
    return layers
