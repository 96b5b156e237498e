"""Everything in a model that a training step reads or writes."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerasdl.errors import UserError


def model_arrays(model: keras.Model) -> dict[str, np.ndarray]:
    """Copies of the variables of a compiled model, its optimizer and its metrics, by name.

    Seeds of layers that draw random numbers are among the model's variables.
    """
    return {
        f"{group}/{number:05d}": np.array(keras.ops.convert_to_numpy(variable.value))
        for group, variables in _groups(model).items()
        for number, variable in enumerate(variables)
    }


def restore_model(
    model: keras.Model, arrays: Mapping[str, np.ndarray], metrics: bool = True
) -> None:
    """Assigns what `model_arrays` took, whichever backend it was taken on.

    Args:
        model: Compiled, its optimizer built.
        arrays: Arrays by name; others among them are left out.
        metrics: Whether to assign those of metrics too, which begin anew with each epoch.

    Raises:
        UserError: If the model has other variables; it is left as it was.
    """
    pairs = []
    for group, variables in _groups(model).items():
        if group == "metrics" and not metrics:
            continue
        saved = sorted(name for name in arrays if name.startswith(f"{group}/"))
        if len(saved) != len(variables):
            raise _other(f"{len(saved)} variables of its {group}", f"{len(variables)}")
        for name, variable in zip(saved, variables, strict=True):
            array = arrays[name]
            if tuple(array.shape) != tuple(variable.shape):
                raise _other(
                    f"{variable.path} of shape {tuple(array.shape)}", f"{tuple(variable.shape)}"
                )
            pairs.append((variable, array))
    for variable, array in pairs:
        # Wider than the variable at most, so that nothing is lost on the way back.
        variable.assign(array if array.dtype.kind in "biuf" else array.astype("float32"))


def has_unbuilt_metrics(model: keras.Model, arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether there are fewer metrics yet than saved: TensorFlow's first step makes them."""
    saved = sum(name.startswith("metrics/") for name in arrays)
    return saved > len(model.metrics_variables)


def build_metrics(model: keras.Model, batch: Sequence[Any]) -> None:
    """Makes the variables of a compiled model's metrics, by measuring a batch."""
    tensors = keras.tree.map_structure(keras.ops.convert_to_tensor, tuple(batch))
    x, y, weight = keras.utils.unpack_x_y_sample_weight(tensors)
    outputs = model(x, training=False)
    model.compute_loss(x, y, outputs, weight, training=False)
    model.compute_metrics(x, y, outputs, weight)


def _groups(model: keras.Model) -> dict[str, list[Any]]:
    return {
        "model": model.variables,
        "optimizer": model.optimizer.variables,
        "metrics": model.metrics_variables,
    }


def _other(saved: str, own: str) -> UserError:
    return UserError(
        "the checkpoint is of another model: it must have been made with the same architecture, "
        f"optimizer and metrics. It holds {saved}, where this model has {own}"
    )
