"""Which variable gets which rate and decay: plain names, no tensors."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kerasdl.errors import UserError
from kerasdl.optimizers._patterns import check_found, found


@dataclass(frozen=True)
class Group:
    """Variables that are trained alike."""

    rate: float
    """Factor on the learning rate."""
    decay: bool
    """Whether the optimizer's weight decay applies."""
    paths: tuple[str, ...]
    """The paths of its variables."""
    parameters: int
    """How many numbers they hold."""


def rate_factors(
    paths: list[str],
    rates: Mapping[str, float],
    layer_decay: float | None,
    layers: Sequence[str] | None,
) -> list[float]:
    """For each path its factor on the learning rate."""
    check_found("rates", rates, paths)
    factors = [float(math.prod(rates[p] for p in found(rates, path))) for path in paths]
    if layer_decay is None or not paths:
        return factors
    depths = _depths_by_pattern(paths, layers) if layers else _depths_by_name(paths)
    last = max(depths)
    return [
        factor * layer_decay ** (last - depth)
        for factor, depth in zip(factors, depths, strict=True)
    ]


def table(groups: Sequence[Group], weight_decay: float | None, learning_rate: str) -> str:
    """The groups as lines of text, one a group."""
    rows = [("rate", "weight decay", "variables", "parameters", "paths")]
    for group in groups:
        decay = f"{weight_decay:g}" if group.decay and weight_decay else "-"
        shown = ", ".join(group.paths[:3]) + (", …" if len(group.paths) > 3 else "")
        rows.append(
            (f"x {group.rate:.4g}", decay, str(len(group.paths)), f"{group.parameters:,}", shown)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join([*(cell.rjust(w) for cell, w in zip(row, widths, strict=False)), row[4]])
        for row in rows
    ]
    return "\n".join([f"parameter groups, learning rate {learning_rate}", *lines])


def _depths_by_name(paths: list[str]) -> list[int]:
    """Layers are told by the first part of the path that not all paths share."""
    parts = [path.split("/")[:-1] for path in paths]
    shared = 0
    while all(len(p) > shared + 1 for p in parts) and len({p[shared] for p in parts}) == 1:
        shared += 1
    names = [p[shared] if len(p) > shared else "" for p in parts]
    order = list(dict.fromkeys(names))
    return [order.index(name) for name in names]


def _depths_by_pattern(paths: list[str], layers: Sequence[str]) -> list[int]:
    check_found("layers", layers, paths)
    depths = []
    for path in paths:
        matches = found(layers, path)
        if len(matches) != 1:
            raise UserError(
                f"`layers` must have just one pattern for each variable. Received: {path!r} is "
                f"matched by {matches or 'none'} of layers={list(layers)!r}"
            )
        depths.append(list(layers).index(matches[0]))
    return depths
