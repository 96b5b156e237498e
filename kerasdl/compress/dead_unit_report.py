"""What removing dead units would do, layer by layer."""

from dataclasses import dataclass

import keras
import numpy as np

from kerasdl.compress.plan import Plan, make_plan


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerReport:
    """The units of one layer.

    Args:
        name: Name of the layer, after the names of the models it is in.
        units: How many it has.
        constant: How many can go because their value is the same for every input.
        unread: How many others can go because nothing that matters reads them.
        stuck: How many are constant and stay: an output, read by an unsupported layer or by a
            convolution that pads, or the last of their layer.
    """

    name: str
    units: int
    constant: int
    unread: int
    stuck: int

    @property
    def removable(self) -> int:
        """How many can go."""
        return self.constant + self.unread


def dead_unit_report(model: keras.Model, threshold: float = 0.0) -> list[LayerReport]:
    """One record for each layer that `remove_dead_units` can make smaller.

    Args:
        model: A built functional or sequential model.
        threshold: As in `remove_dead_units`.

    Raises:
        ValueError: If the model's graph is not known.
    """
    return _reports(make_plan(model, threshold), "")


def unsupported_layers(model: keras.Model) -> dict[str, str]:
    """Layers that `remove_dead_units` refuses, by name, with the reason.

    Args:
        model: A built functional or sequential model.

    Raises:
        ValueError: If the model's graph is not known.
    """
    return make_plan(model).reasons()


def _reports(plan: Plan, prefix: str) -> list[LayerReport]:
    reports = []
    for name, units in plan.units.items():
        constant = ~np.isnan(units.features.constant)
        reports.append(
            LayerReport(
                name=prefix + name,
                units=units.needed.size,
                constant=int((constant & ~units.needed).sum()),
                unread=int((~constant & ~units.needed).sum()),
                stuck=int((constant & units.needed).sum()),
            )
        )
    for name, inner in plan.nested.items():
        reports.extend(_reports(inner, f"{prefix}{name}/"))
    return reports
