"""Linear, logistic and softmax regression: one dense layer each, from zero weights."""

from typing import Any

import keras

from kerasdl.building import flat_inputs
from kerasdl.errors import UserError
from kerasdl.plugin import Config, Spec
from kerasdl_mlp.reference_class import ReferenceClass


def build_linear(config: Config, spec: Spec) -> keras.Model:
    """`y = x @ w + b`."""
    inputs, x = flat_inputs(spec)
    return keras.Model(inputs, _head(spec.output_count)(x), name="linear_regression")


def build_softmax(config: Config, spec: Spec) -> keras.Model:
    """A logit a class, of which the loss takes the softmax."""
    inputs, x = flat_inputs(spec)
    return keras.Model(inputs, _head(spec.output_count)(x), name="softmax_regression")


def build_logistic(config: Config, spec: Spec) -> keras.Model:
    """Log odds: of each class against the first, or of each label by itself.

    For classes the first class's logit is 0 and not learned, so two classes take one weight a
    feature and one bias, and the softmax of `(0, z)` is the logistic function of `z`. Labels that
    do not exclude one another have a logit each.
    """
    inputs, x = flat_inputs(spec)
    outputs = spec.output_count
    if spec.task == "multi-label-classification":
        return keras.Model(inputs, _head(outputs)(x), name="logistic_regression")
    if outputs < 2:
        raise UserError(
            "the number of classes (`num_classes`) must be at least 2; a single yes-or-no label is "
            f"task 'multi-label-classification'. Received: outputs={outputs}"
        )
    logits = ReferenceClass(name="logits")(_head(outputs - 1)(x))
    return keras.Model(inputs, logits, name="logistic_regression")


def _head(units: int) -> Any:
    return keras.layers.Dense(units, kernel_initializer="zeros", name="head")
