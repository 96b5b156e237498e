"""Series as windows: what is looked back on, and what is forecast."""

import numpy as np

from kerasdl.data.checks import check_data
from kerasdl.data.inputs import Inputs
from kerasdl.data.plans import SeriesPlan
from kerasdl.data.records import Data, Samples
from kerasdl.errors import UserError


def windowed(data: Data, plan: SeriesPlan) -> Data:
    """`data` with every window of its series, walking forward in time.

    Each part's forecasts lie wholly in its own rows; what validation and test look back on may
    reach into the part before. The arrays are views of the series: windows overlap, and nothing is
    copied.

    Shapes: `x` of a part before `(rows, columns)`; after `x` `(windows, context, columns)` and `y`
    `(windows, horizon, outputs)`.

    Raises:
        UserError: If a part has too few rows for a window.
    """
    columns = list(plan.targets) if plan.targets is not None else None
    before = np.empty((0, *data.train.x.shape[1:]), data.train.x.dtype)
    parts = {}
    for name in ("train", "validation", "test"):
        if name not in data.parts:
            continue
        series = np.concatenate([before, data.parts[name].x])
        parts[name] = _windows(series, plan, columns, f"{data.source or data.name} ({name})")
        before = series[-plan.context :]
    names = tuple(column.name for column in data.inputs.columns)
    targets = names if columns is None else tuple(names[place] for place in columns)
    inputs = Inputs(
        kind="series",
        shape=(plan.context, data.train.x.shape[1]),
        dtype="float32",
        columns=data.inputs.columns,
    )
    return check_data(
        data.replace(
            **parts,
            inputs=inputs,
            outputs=parts["train"].y.shape[2],
            target_names=targets,
            horizon=plan.horizon,
            series=data.train.x,
            plan=None,
        )
    )


def _windows(
    series: np.ndarray, plan: SeriesPlan, columns: list[int] | None, where: str
) -> Samples:
    needed = plan.context + plan.horizon
    if len(series) < needed:
        raise UserError(
            f"{where}: a series needs at least {needed} rows, {plan.context} to look back on "
            f"(`context`) and {plan.horizon} to forecast (`horizon`). Received: {len(series)}."
        )
    targets = series if columns is None else series[:, columns]
    slide = np.lib.stride_tricks.sliding_window_view
    x = slide(series[: len(series) - plan.horizon], plan.context, axis=0)
    y = slide(targets[plan.context :], plan.horizon, axis=0)
    return Samples(x.transpose(0, 2, 1), y.transpose(0, 2, 1))
