"""An architecture's gradients of its task's loss against central differences."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerasdl.backend.start import seed, start_in_float64
from kerasdl.errors import UserError

if TYPE_CHECKING:
    from kerasdl.testing.gradient_report import GradientReport

_SHAPES = {3: (28, 28, 1), 1: (8,)}


def gradcheck(
    name: str,
    *,
    fields: Mapping[str, Any] | None = None,
    input_shape: Sequence[int] | None = None,
    outputs: int = 3,
    batch_size: int = 4,
    epsilon: float | None = None,
    tolerance: float | None = None,
    samples: int | None = 5,
    backend: str | None = None,
) -> "GradientReport":
    """Builds an architecture and compares its gradients with central differences, in float64.

    Inputs and targets are random, and so are weights that begin as constants, since biases of 0 may
    put a fresh network on a kink; the loss is cross-entropy for classification and the mean
    squared error otherwise. Where a part of the network computes in float32 all the same (batch
    normalization, on JAX), float32's step and tolerance are used. For a process of its own, since
    float64 is a setting of the whole process on JAX.

    Args:
        name: What `kerasdl.create_model` takes.
        fields: Values of its config fields.
        input_shape: Shape of one input; images of 28 x 28 or 8 columns by default, as the
            architecture's first task wants.
        outputs: Classes, or values to predict.
        batch_size: Samples.
        epsilon: Step; see `check_gradients`.
        tolerance: Largest relative error; see `check_gradients`.
        samples: Entries looked at per parameter; `None` for all.
        backend: `jax`, `tensorflow` or `torch`.

    Returns:
        A report with a row for each trainable variable.

    Raises:
        UserError: If an argument is wrong, or the backend computes without float64.
    """
    from kerasdl.models import create_model, model_info

    record = model_info(name)
    classes = "classification" in record.tasks[0]
    rank = 3 if record.tasks[0].startswith("image") else 1
    shape = tuple(input_shape) if input_shape is not None else _SHAPES[rank]
    start_in_float64(backend)
    import numpy as np

    from kerasdl.backend.gradients import has_float64
    from kerasdl.testing.architecture_case import example
    from kerasdl.testing.gradients import gradcheck_model
    from kerasdl.testing.kinks import move_constants

    if not has_float64():
        raise UserError("JAX was imported before float64 was asked for: set JAX_ENABLE_X64=1")
    seed(0)
    sizes = {"num_classes": outputs} if classes else {"outputs": outputs}
    model = create_model(name, input_shape=shape, **sizes, **(fields or {}))
    move_constants(model)
    generator = np.random.default_rng(0)
    x = [example(symbol, generator, ids=outputs, batch_size=batch_size) for symbol in model.inputs]
    y, loss = _targets(model.output_shape, classes, generator, batch_size)
    return gradcheck_model(model, x if len(x) > 1 else x[0], y, loss, epsilon, tolerance, samples)


def _targets(shape: Any, classes: bool, generator: Any, batch_size: int) -> tuple[Any, Any]:
    import keras

    shape = (batch_size, *shape[1:])
    if not classes or shape[-1] == 1:
        return generator.normal(size=shape), keras.losses.MeanSquaredError()
    labels = generator.integers(0, shape[-1], size=shape[:-1])
    return labels, keras.losses.SparseCategoricalCrossentropy(from_logits=True)
