import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.optimizers import Momentum
from kerasdl.testing import check_optimizer


def halving(step):
    return 0.2 * 0.5 ** (step // 2)


@keras.saving.register_keras_serializable(package="test_momentum")
class Halving(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.2 * 0.5 ** keras.ops.cast(keras.ops.floor_divide(step, 2), "float32")

    def get_config(self):
        return {}


def test_rate_in_velocity_is_the_formula_under_a_schedule(gradients, start, steps, same):
    given, weights = gradients(6), start
    velocities = [np.zeros_like(w) for w in weights]
    path = steps(Momentum(Halving(), momentum=0.7), start, given)
    for step, (entry, actual) in enumerate(zip(given, path, strict=True)):
        velocities = [0.7 * v + halving(step) * g for v, g in zip(velocities, entry, strict=True)]
        weights = [w - v for w, v in zip(weights, velocities, strict=True)]
        same(actual, weights)


def test_rate_outside_velocity_is_torch_sgd_under_a_schedule(gradients, start, steps, same):
    torch = pytest.importorskip("torch")
    given = gradients(6)
    path = steps(Momentum(Halving(), momentum=0.7, rate_in_velocity=False), start, given)
    parameters = [torch.nn.Parameter(torch.tensor(w)) for w in start]
    rule = torch.optim.SGD(parameters, lr=0.2, momentum=0.7)
    for step, (entry, actual) in enumerate(zip(given, path, strict=True)):
        rule.param_groups[0]["lr"] = halving(step)
        for parameter, gradient in zip(parameters, entry, strict=True):
            parameter.grad = torch.tensor(gradient)
        rule.step()
        same(actual, [p.detach().numpy() for p in parameters])


@pytest.mark.parametrize("rate_in_velocity", [True, False])
def test_constant_rate_is_optax_sgd_in_both_forms(rate_in_velocity, gradients, start, steps, same):
    optax = pytest.importorskip("optax")
    given = gradients(6)
    path = steps(Momentum(0.2, 0.7, rate_in_velocity), start, given)
    rule = optax.sgd(0.2, momentum=0.7)
    weights = [w.astype("float32") for w in start]
    state = rule.init(weights)
    for entry, actual in zip(given, path, strict=True):
        updates, state = rule.update([g.astype("float32") for g in entry], state)
        weights = optax.apply_updates(weights, updates)
        same(actual, weights)


@pytest.mark.first
def test_kit():
    def reference(params, grad_fn, steps):
        velocities = [np.zeros_like(p) for p in params]
        for _ in range(steps):
            slopes = grad_fn(params)
            velocities = [0.9 * v + 0.05 * g for v, g in zip(velocities, slopes, strict=True)]
            params = [p - v for p, v in zip(params, velocities, strict=True)]
        return params

    check_optimizer(lambda: Momentum(0.05), reference=reference)


def test_form_that_is_no_bool_is_refused():
    with pytest.raises(UserError, match="`rate_in_velocity` must be True or False. Received: rate"):
        Momentum(rate_in_velocity="yes")


@pytest.mark.parametrize("momentum", [-0.1, 1.0, "0.9", None])
def test_momentum_out_of_range_is_refused(momentum):
    with pytest.raises(UserError, match=r"`momentum` must be a number in \[0, 1\)\. Received: mom"):
        Momentum(momentum=momentum)
