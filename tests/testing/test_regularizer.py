"""Each rule of a regularizer is broken by a planted fault, and kept by Keras's own."""

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.testing import check_regularizer
from kerasdl.testing.regularizer import REGULARIZER_CHECKS

ops = keras.ops
register = keras.saving.register_keras_serializable(package="kerasdl_tests_regularizer")


@register
class Quadratic(keras.Regularizer):
    """Sound: `strength * sum(w^2)`."""

    def __init__(self, strength=0.5):
        self.strength = strength

    def __call__(self, w):
        return self.strength * ops.sum(ops.square(w))

    def get_config(self):
        return {"strength": self.strength}


class Unregistered(Quadratic):
    pass


@register
class ForgetsArgument(Quadratic):
    def get_config(self):
        return {}


@register
class ChangesArgument(Quadratic):
    def __init__(self, strength=0.5):
        super().__init__(strength * 2)


@register
class NotRoundTripping(Quadratic):
    """Its config is equal, its copy is not: a state outside the config."""

    def __init__(self, strength=0.5):
        super().__init__(strength)
        self.extra = float(np.random.default_rng().uniform(1.0, 2.0))

    def __call__(self, w):
        return super().__call__(w) * self.extra


@register
class PerEntry(Quadratic):
    def __call__(self, w):
        return self.strength * ops.square(w)


@register
class Norm(Quadratic):
    """The gradient of a root is not finite at 0."""

    def __call__(self, w):
        return ops.sqrt(ops.sum(ops.square(w)))


@register
class StopsGradient(Quadratic):
    def __call__(self, w):
        return super().__call__(ops.stop_gradient(w)) + 0.0 * ops.sum(w)


@ops.custom_gradient
def wrong_square(x):
    def grad(*args, upstream=None):
        upstream = args[0] if upstream is None else upstream
        return upstream * 3.0 * x  # 2 x would be right

    return ops.square(x), grad


@register
class WrongGradient(Quadratic):
    def __call__(self, w):
        return ops.sum(wrong_square(w))


@register
class OverflowsInHalf(Quadratic):
    def __call__(self, w):
        return ops.sum(ops.square(w * 1e4)) / 1e8


@register
class CountsCalls(Quadratic):
    """A state that all its instances share."""

    calls = 0

    def __call__(self, w):
        CountsCalls.calls += 1
        return super().__call__(w) * CountsCalls.calls


@register
class LosesArgumentOnLoad(Quadratic):
    @classmethod
    def from_config(cls, config):
        return cls()


FAULTS = {
    "registered": [(Unregistered, "is not registered with Keras")],
    "arguments_in_config": [(ForgetsArgument, "leaves out the constructor's `strength`")],
    "config_round_trip": [
        (ChangesArgument, "`strength` was 1.0, now 2.0"),
        (NotRoundTripping, "penalty of the copy"),
    ],
    "finite_scalar": [(PerEntry, "the penalty has shape (5,), expected a scalar")],
    "matches_reference": [(Quadratic, "penalty of weights of shape (5,)")],
    "gradient_is_finite": [
        (Norm, "gradient at 0 of shape (5,): 5 of 5 entries are not finite"),
        (StopsGradient, "there is no gradient"),
    ],
    "gradients": [(WrongGradient, "inputs[0] (5,) at")],
    "half_precision": [(OverflowsInHalf, "penalty of float16 weights: 1 of 1")],
    "in_training": [
        (CountsCalls, "loss of a compiled step whose error is 0"),
        (LosesArgumentOnLoad, "`strength` was 3.0, now 0.5"),
    ],
}
PLANTED = [(name, *fault) for name, faults in FAULTS.items() for fault in faults]


def test_every_rule_has_a_planted_fault():
    assert [check.name for check in REGULARIZER_CHECKS] == list(FAULTS)


@pytest.mark.parametrize(
    "check, regularizer, found", PLANTED, ids=lambda v: getattr(v, "__name__", None)
)
def test_check_regularizer_when_a_fault_is_planted(check, regularizer, found):
    make = (lambda: regularizer(3.0)) if regularizer is LosesArgumentOnLoad else regularizer
    with pytest.raises(AssertionError) as caught:
        check_regularizer(make, reference=lambda w: np.sum(w**2), only=[check])
    message = str(caught.value)
    assert found in message
    assert f"check `{check}` failed for {regularizer.__name__} on weights of shapes" in message


def test_check_regularizer_when_sound():
    check_regularizer(Quadratic, reference=lambda w: 0.5 * np.sum(w**2))


def test_check_regularizer_when_l2():
    check_regularizer(lambda: keras.regularizers.L2(0.1), reference=lambda w: 0.1 * np.sum(w**2))


def test_check_regularizer_when_a_shape_is_chosen():
    check_regularizer(
        keras.regularizers.OrthogonalRegularizer,
        shapes=[(3, 4)],
        only=["finite_scalar", "matches_reference"],
    )


def test_check_regularizer_when_make_gives_none():
    with pytest.raises(UserError, match="`make` must return a keras.Regularizer"):
        check_regularizer(lambda: "l2")
