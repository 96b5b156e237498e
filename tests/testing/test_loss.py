"""Each rule of a loss is broken by a planted fault, and kept by Keras's own losses."""

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.testing import check_loss
from kerasdl.testing.loss import LOSS_CHECKS

ops = keras.ops
register = keras.saving.register_keras_serializable(package="kerasdl_tests_loss")


@register
class Squared(keras.losses.Loss):
    """Sound: `weight * mean((y_true - y_pred)^2)`."""

    def __init__(self, weight=2.0, **kwargs):
        super().__init__(**kwargs)
        self.weight = weight

    def call(self, y_true, y_pred):
        return self.weight * ops.mean(ops.square(y_true - y_pred), axis=-1)

    def get_config(self):
        return {**super().get_config(), "weight": self.weight}


class Unregistered(Squared):
    pass


@register
class ForgetsArgument(Squared):
    def get_config(self):
        config = super().get_config()
        del config["weight"]
        return config


@register
class ChangesArgument(Squared):
    def __init__(self, weight=2.0, **kwargs):
        super().__init__(weight * 2, **kwargs)


@register
class Vector(Squared):
    def __call__(self, y_true, y_pred, sample_weight=None):
        return self.call(ops.cast(y_true, self.dtype), ops.cast(y_pred, self.dtype))


@register
class Unbiased(Squared):
    """Divides by `batch - 1`."""

    def call(self, y_true, y_pred):
        return super().call(y_true, y_pred) / ops.cast(ops.shape(y_pred)[0] - 1, y_pred.dtype)


@register
class IgnoresWeights(Squared):
    def __call__(self, y_true, y_pred, sample_weight=None):
        return super().__call__(y_true, y_pred)


@register
class RootOfZero(Squared):
    """The gradient of the root is infinite where prediction and target agree."""

    def call(self, y_true, y_pred):
        return ops.sqrt(super().call(y_true, y_pred))


@ops.custom_gradient
def wrong_square(x):
    def grad(*args, upstream=None):
        upstream = args[0] if upstream is None else upstream
        return upstream * 3.0 * x  # 2 x would be right

    return ops.square(x), grad


@register
class WrongGradient(Squared):
    def call(self, y_true, y_pred):
        return ops.mean(wrong_square(y_true - y_pred), axis=-1)


@register
class KeepsHalf(Squared):
    """Computes in the predictions' dtype instead of its own."""

    def __call__(self, y_true, y_pred, sample_weight=None):
        value = super().__call__(y_true, y_pred, sample_weight)
        return ops.cast(value, y_pred.dtype)


@register
class CountsCalls(Squared):
    """A state that all its instances share."""

    calls = 0

    def call(self, y_true, y_pred):
        CountsCalls.calls += 1
        return super().call(y_true, y_pred) * CountsCalls.calls


@register
class LosesArgumentOnLoad(Squared):
    @classmethod
    def from_config(cls, config):
        return cls(name=config["name"])


TRUE = np.array([[1.0, 0.0], [0.5, -1.0], [0.0, 2.0]])
PRED = np.array([[0.4, 0.2], [1.5, -0.3], [0.7, 1.0]])

FAULTS = {
    "registered": [(Unregistered, "is not registered with Keras")],
    "arguments_in_config": [(ForgetsArgument, "leaves out the constructor's `weight`")],
    "config_round_trip": [(ChangesArgument, "`weight` was 4.0, now 8.0")],
    "finite_scalar": [(Vector, "the value has shape (3,), expected a scalar")],
    "matches_reference": [(Squared, "value against reference")],
    "any_batch_size": [(Unbiased, "value for a batch of 1: 1 of 1 entries are not finite")],
    "sample_weight": [(IgnoresWeights, "value with another sample of weight 0")],
    "gradient_is_finite": [(RootOfZero, "gradient: 2 of 6 entries are not finite")],
    "gradients": [(WrongGradient, "inputs[0] (3, 2) at")],
    "half_precision": [(KeepsHalf, "bfloat16 predictions give bfloat16")],
    "compiled_step": [(CountsCalls, "loss of a compiled step")],
    "save_and_load": [(LosesArgumentOnLoad, "`weight` was 3.0, now 2.0")],
}
PLANTED = [(name, *fault) for name, faults in FAULTS.items() for fault in faults]


def test_every_rule_has_a_planted_fault():
    assert [check.name for check in LOSS_CHECKS] == list(FAULTS)


@pytest.mark.parametrize("check, loss, found", PLANTED, ids=lambda v: getattr(v, "__name__", None))
def test_check_loss_when_a_fault_is_planted(check, loss, found):
    make = (lambda: loss(weight=3.0)) if check == "save_and_load" else loss
    pred = np.vstack([TRUE[:1], PRED[1:]]) if check == "gradient_is_finite" else PRED
    with pytest.raises(AssertionError) as caught:
        check_loss(make, TRUE, pred, reference=lambda t, p: np.mean((t - p) ** 2), only=[check])
    message = str(caught.value)
    assert found in message
    assert f"check `{check}` failed for {loss.__name__} on y_true float32 (3, 2)" in message


def test_check_loss_when_sound():
    check_loss(Squared, TRUE, PRED, reference=lambda t, p: 2.0 * np.mean((t - p) ** 2))


def test_check_loss_when_categorical_crossentropy():
    def reference(y_true, y_pred):
        logarithms = y_pred - np.log(np.exp(y_pred).sum(-1, keepdims=True))
        return -np.mean(np.sum(y_true * logarithms, -1))

    check_loss(
        lambda: keras.losses.CategoricalCrossentropy(from_logits=True),
        np.eye(4)[[1, 3, 0]],
        np.random.default_rng(0).normal(size=(3, 4)),
        reference=reference,
    )


def test_check_loss_when_labels_are_integers():
    def reference(y_true, y_pred):
        logarithms = y_pred - np.log(np.exp(y_pred).sum(-1, keepdims=True))
        return -np.mean(logarithms[np.arange(3), y_true])

    check_loss(
        lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        np.array([1, 3, 0]),
        np.random.default_rng(0).normal(size=(3, 4)),
        reference=reference,
    )


def test_check_loss_when_batches_differ():
    with pytest.raises(UserError, match=r"Received: shapes \(3, 2\) and \(2, 2\)"):
        check_loss(Squared, TRUE, PRED[:2])


def test_check_loss_when_make_gives_no_loss():
    with pytest.raises(UserError, match="`make` must return a keras.losses.Loss"):
        check_loss(lambda: keras.losses.mean_squared_error, TRUE, PRED)
