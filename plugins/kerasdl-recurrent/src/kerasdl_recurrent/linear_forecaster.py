"""A linear map from the past of each channel to its future."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError
from kerasdl.plugin import Config, Spec
from kerasdl_recurrent.forecasting import series_inputs


def build(config: Config, spec: Spec) -> keras.Model:
    """`y = W (x - last) + b + last`, the same `W` for every channel.

    With `trend` the moving average and what is left of it have a `W` each. Kernels start at 0: the
    first forecast is the last value, or with `residual=False` the mean. Where other outputs are
    asked for than the series' channels, a second linear layer makes them of the forecasts.
    """
    inputs, x = series_inputs(spec)
    last = x[:, -1:]
    series = x - last if config.residual else x
    parts = {"season": series}
    if config.trend > 1:
        trend = _moving_average(series, config.trend, spec)
        parts = {"season": series - trend, "trend": trend}
    y = _sum([_over_time(part, spec.horizon, name) for name, part in parts.items()])
    y = y + last if config.residual else y
    if spec.output_count != spec.input_shape[1]:
        y = keras.layers.Dense(spec.output_count, name="outputs")(y)
    return keras.Model(inputs, y, name="linear_forecaster")


def _over_time(x: Any, horizon: int | None, name: str) -> Any:
    """`(B, L, C)` to `(B, horizon, C)`."""
    layer = keras.layers.Dense(horizon, kernel_initializer="zeros", name=name)
    return ops.swapaxes(layer(ops.swapaxes(x, 1, 2)), 1, 2)


def _moving_average(x: Any, window: int, spec: Spec) -> Any:
    """The mean of the steps around each; beyond the ends the first and the last value go on."""
    if window > spec.input_shape[0]:
        raise UserError(
            f"`trend` must be at most the window's {spec.input_shape[0]} steps. "
            f"Received: trend={window}"
        )
    before, after = (window - 1) // 2, window // 2
    parts = [ops.repeat(x[:, :1], before, axis=1)] if before else []
    parts += [x, ops.repeat(x[:, -1:], after, axis=1)]
    layer = keras.layers.AveragePooling1D(
        window, strides=1, data_format="channels_last", name="moving_average"
    )
    return layer(ops.concatenate(parts, axis=1))


def _sum(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else parts[0] + parts[1]
