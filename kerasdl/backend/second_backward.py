"""A training step with a second backward pass, at weights displaced along the first gradient.

Keras has no such step: an optimizer sees one gradient. Here the public override points of Keras's
trainers are replaced on one model: `compute_loss_and_updates` on JAX, `train_step` on TensorFlow
and PyTorch. There is no `keras.ops` twin, since `keras.ops` has no gradient.
"""

import inspect
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError

Displacement = Callable[[list[Any], list[Any]], list[Any]]
"""From the values of the weights and their gradients to what is added for the second pass."""


def install(model: keras.Model, displacement: Displacement) -> keras.Model:
    """Makes `model` train with the gradient taken at `weights + displacement`.

    The first pass gives the loss, the metrics and the state of layers (moving statistics, random
    seeds); both passes start from the same state. The step is made from the weights themselves.
    Installing again replaces the displacement. Returns the model.

    Raises:
        UserError: If the model's class has a training step of its own.
    """
    for name in ("train_step", "compute_loss_and_updates"):
        if getattr(type(model), name, None) is not getattr(keras.Model, name, None):
            raise UserError(
                "`model` must train by Keras's own training step. "
                f"Received: {type(model).__name__}, which defines `{name}`"
            )
    remove(model)
    if keras.backend.backend() == "jax":
        model.compute_loss_and_updates = _jax_loss(model, displacement)
    elif keras.backend.backend() == "tensorflow":
        model.train_step = _stateful_step(model, displacement, _tensorflow_gradients)
    else:
        model.train_step = _stateful_step(model, displacement, _torch_gradients)
    return model


def remove(model: keras.Model) -> keras.Model:
    """Makes `model` train plainly again. Returns the model."""
    for name in ("train_step", "compute_loss_and_updates"):
        if name in vars(model):
            delattr(model, name)
    model.train_function = None  # compiled with the step it had
    return model


def _jax_loss(model: keras.Model, displacement: Displacement) -> Callable[..., Any]:
    import jax

    plain = model.compute_loss_and_updates

    def compute_loss_and_updates(
        trainable_variables: list[Any], *args: Any, training: bool = False, **kwargs: Any
    ) -> Any:
        def loss_at(values: list[Any]) -> Any:
            return plain(values, *args, training=training, **kwargs)

        if not training:
            return loss_at(trainable_variables)
        values = [jax.lax.stop_gradient(v) for v in trainable_variables]
        (loss, updates), first = jax.value_and_grad(loss_at, has_aux=True)(values)
        moved = _moved(model.trainable_variables, values, first, displacement)
        second, _ = jax.grad(loss_at, has_aux=True)(moved)
        # Keras differentiates what is returned: its value is the loss, its gradient `second`.
        for variable, value, gradient in zip(trainable_variables, values, second, strict=True):
            loss += ops.cast(ops.sum((variable - value) * gradient), loss.dtype)
        return loss, updates

    return compute_loss_and_updates


def _stateful_step(
    model: keras.Model, displacement: Displacement, gradients: Callable[..., Any]
) -> Callable[[Any], Any]:
    def train_step(data: Any) -> Any:
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        variables, state = model.trainable_variables, model.non_trainable_variables
        before = [ops.copy(v) for v in state]
        values = [ops.copy(v) for v in variables]

        y_pred, loss, first = gradients(model, x, y, sample_weight)
        after = [ops.copy(v) for v in state]
        _assign(variables, _moved(variables, values, first, displacement))
        _assign(state, before)
        _, _, second = gradients(model, x, y, sample_weight)
        _assign(variables, values)
        _assign(state, after)

        model.optimizer.apply(second, variables)
        _track_loss(model, loss, x)
        return model.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    return train_step


def _tensorflow_gradients(model: keras.Model, x: Any, y: Any, sample_weight: Any) -> Any:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        y_pred, loss, scaled = _forward(model, x, y, sample_weight)
    return y_pred, loss, tape.gradient(scaled, model.trainable_variables)


def _torch_gradients(model: keras.Model, x: Any, y: Any, sample_weight: Any) -> Any:
    import torch

    y_pred, loss, scaled = _forward(model, x, y, sample_weight)
    tensors = [v.value for v in model.trainable_variables]
    gradients = torch.autograd.grad(scaled, tensors, allow_unused=True)
    return y_pred, loss.detach(), list(gradients)


def _forward(model: keras.Model, x: Any, y: Any, sample_weight: Any) -> Any:
    takes_training = "training" in inspect.signature(model.call).parameters
    y_pred = model(x, training=True) if takes_training else model(x)
    loss = model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=True)
    return y_pred, loss, model.optimizer.scale_loss(loss)


def _moved(
    variables: list[keras.Variable],
    values: list[Any],
    gradients: list[Any],
    displacement: Displacement,
) -> list[Any]:
    """The values for the second pass; what has no gradient stays where it is."""
    moving = [
        index
        for index, (variable, gradient) in enumerate(zip(variables, gradients, strict=True))
        if gradient is not None and not getattr(variable, "overwrite_with_gradient", False)
    ]
    if not moving:
        return values
    added = displacement([values[i] for i in moving], [gradients[i] for i in moving])
    moved = list(values)
    for index, addend in zip(moving, added, strict=True):
        moved[index] = ops.add(values[index], ops.cast(addend, values[index].dtype))
    return moved


def _assign(variables: list[keras.Variable], values: list[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _track_loss(model: keras.Model, loss: Any, x: Any) -> None:
    examples = ops.shape(next(i for i in keras.tree.flatten(x) if i is not None))[0]
    for metric in model.metrics:
        if metric.name == "loss":
            metric.update_state(loss, sample_weight=examples)
