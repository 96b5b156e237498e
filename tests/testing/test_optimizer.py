"""Each rule of an optimizer is broken by a planted fault, and kept by Keras's own."""

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.testing import check_optimizer
from kerasdl.testing.optimizer import OPTIMIZER_CHECKS

ops = keras.ops
register = keras.saving.register_keras_serializable(package="kerasdl_tests_optimizer")


@register
class HeavyBall(keras.optimizers.Optimizer):
    """Sound: `v = momentum v - rate g`, `w = w + v`."""

    def __init__(self, learning_rate=0.05, momentum=0.5, name="heavy_ball", **kwargs):
        super().__init__(learning_rate, name=name, **kwargs)
        self.momentum = momentum

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.velocities = self.add_optimizer_variables(variables, "velocity")

    def update_step(self, gradient, variable, learning_rate):
        rate = ops.cast(learning_rate, variable.dtype)
        velocity = self.velocities[self._get_variable_index(variable)]
        kept = velocity * ops.cast(self.momentum, variable.dtype)
        self.assign(velocity, kept - rate * ops.cast(gradient, variable.dtype))
        self.assign_add(variable, velocity)

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum}


class Unregistered(HeavyBall):
    pass


@register
class ForgetsArgument(HeavyBall):
    def get_config(self):
        config = super().get_config()
        del config["momentum"]
        return config


@register
class ChangesArgument(HeavyBall):
    def __init__(self, learning_rate=0.05, momentum=0.25, name="changes", **kwargs):
        super().__init__(learning_rate, momentum * 2, name, **kwargs)


@register
class Ascends(HeavyBall):
    def update_step(self, gradient, variable, learning_rate):
        super().update_step(-gradient, variable, learning_rate)


@register
class OverflowsInHalf(HeavyBall):
    def update_step(self, gradient, variable, learning_rate):
        huge = ops.cast(3e4, variable.dtype)
        super().update_step(gradient * huge * huge / huge / huge, variable, learning_rate)


@register
class SlowsUnderSchedules(HeavyBall):
    def update_step(self, gradient, variable, learning_rate):
        if isinstance(self._learning_rate, keras.optimizers.schedules.LearningRateSchedule):
            learning_rate = learning_rate / 2
        super().update_step(gradient, variable, learning_rate)


@register
class BypassesBase(HeavyBall):
    """Its own `apply` leaves out accumulation, clipping and weight decay."""

    def apply(self, grads, trainable_variables=None):
        self.build(list(trainable_variables))
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            self.update_step(gradient, variable, self.learning_rate)


@register
class DecaysExcluded(HeavyBall):
    def exclude_from_weight_decay(self, var_list=None, var_names=None):
        pass


@register
class DriftsAtRest(HeavyBall):
    """Each `to_rest` moves on."""

    def to_rest(self):
        for variable, velocity in zip(self._trainable_variables, self.velocities, strict=True):
            variable.assign_sub(velocity)

    def to_training(self):
        pass


@register
class CountsInPython(HeavyBall):
    """A step count that a trace freezes."""

    steps = 0

    def update_step(self, gradient, variable, learning_rate):
        self.steps += 1
        super().update_step(gradient, variable, learning_rate / self.steps)


@register
class ChangesDtype(HeavyBall):
    """Its count of steps comes back in another dtype, so that JAX compiles again."""

    def stateless_apply(self, optimizer_variables, grads, trainable_variables):
        variables, state = super().stateless_apply(optimizer_variables, grads, trainable_variables)
        return variables, [ops.cast(state[0], "float32"), *state[1:]]


@register
class LosesState(HeavyBall):
    def load_own_variables(self, store):
        pass


@register
class KeepsStateInPython(HeavyBall):
    applied = 0

    def apply(self, grads, trainable_variables=None):
        self.applied += 1
        super().apply([gradient / self.applied for gradient in grads], trainable_variables)


FAULTS = {
    "registered": [(Unregistered, "is not registered with Keras")],
    "arguments_in_config": [(ForgetsArgument, "leaves out the constructor's `momentum`")],
    "config_round_trip": [(ChangesArgument, "`momentum` was 0.5, now 1.0")],
    "matches_reference": [(HeavyBall, "weights 0 against reference: 3 of 3 entries differ")],
    "descends": [(Ascends, "the value went from")],
    "dtypes_kept": [(OverflowsInHalf, "float16 weights after two steps")],
    "constant_schedule": [(SlowsUnderSchedules, "weights 0 under a schedule")],
    "accumulation": [(BypassesBase, "weights 0 under accumulation")],
    "clipping": [(BypassesBase, "weights 0 under clipping")],
    "weight_decay": [
        (BypassesBase, "the weights do not shrink"),
        (DecaysExcluded, "weights excluded from decay"),
    ],
    "rest_round_trip": [(DriftsAtRest, "after a second `to_rest`")],
    "compiled_matches_eager": [(CountsInPython, "after compiled steps")],
    "compiles_once": [(ChangesDtype, "the model had been traced")],
    "state_saved": [
        (LosesState, "optimizer variable"),
        (KeepsStateInPython, "after the next step of the loaded model"),
    ],
}
PLANTED = [(name, *fault) for name, faults in FAULTS.items() for fault in faults]


def test_every_rule_has_a_planted_fault():
    assert [check.name for check in OPTIMIZER_CHECKS] == list(FAULTS)


def descent(params, grad_fn, steps):
    for _ in range(steps):
        params = [p - 0.05 * g for p, g in zip(params, grad_fn(params), strict=True)]
    return params


@pytest.mark.parametrize(
    "check, optimizer, found", PLANTED, ids=lambda v: getattr(v, "__name__", None)
)
def test_check_optimizer_when_a_fault_is_planted(check, optimizer, found):
    backend = keras.backend.backend()
    if check == "compiles_once" and backend != "jax":
        pytest.skip("only on JAX is the optimizer's state part of a compiled step's signature")
    if optimizer is CountsInPython and backend == "torch":
        pytest.skip("nothing is traced on PyTorch")
    with pytest.raises(AssertionError) as caught:
        check_optimizer(optimizer, reference=descent, only=[check])
    message = str(caught.value)
    assert found in message
    assert f"check `{check}` failed for {optimizer.__name__}" in message


def heavy_ball(params, grad_fn, steps):
    velocities = [0.0 * p for p in params]
    for _ in range(steps):
        gradients = grad_fn(params)
        velocities = [0.5 * v - 0.05 * g for v, g in zip(velocities, gradients, strict=True)]
        params = [p + v for p, v in zip(params, velocities, strict=True)]
    return params


def test_check_optimizer_when_sound():
    check_optimizer(HeavyBall, reference=heavy_ball)


@pytest.mark.first
def test_check_optimizer_when_sgd():
    check_optimizer(
        lambda: keras.optimizers.SGD(0.05, momentum=0.5), reference=heavy_ball, steps=20
    )


@pytest.mark.first
def test_check_optimizer_when_adam():
    def adam(params, grad_fn, steps):
        first, second = [0.0 * p for p in params], [0.0 * p for p in params]
        for t in range(1, steps + 1):
            gradients = grad_fn(params)
            first = [0.9 * m + 0.1 * g for m, g in zip(first, gradients, strict=True)]
            second = [0.999 * v + 0.001 * g**2 for v, g in zip(second, gradients, strict=True)]
            rate = 0.01 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            params = [
                p - rate * m / (np.sqrt(v) + 1e-7)
                for p, m, v in zip(params, first, second, strict=True)
            ]
        return params

    check_optimizer(lambda: keras.optimizers.Adam(0.01), reference=adam)


def test_check_optimizer_when_the_weights_meant_are_averages():
    def averaged(params, grad_fn, steps):
        means = [0.0 * p for p in params]
        for step in range(steps):
            params = descent(params, grad_fn, 1)
            momentum = 0.5 if step else 0.0
            means = [momentum * m + (1 - momentum) * p for m, p in zip(means, params, strict=True)]
        return means

    check_optimizer(
        lambda: keras.optimizers.SGD(0.05, use_ema=True, ema_momentum=0.5),
        reference=averaged,
        only=["matches_reference"],
    )


def test_check_optimizer_when_make_gives_a_name():
    with pytest.raises(UserError, match="`make` must return a keras.optimizers.Optimizer"):
        check_optimizer(lambda: "sgd")
