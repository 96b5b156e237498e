import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.optimizers import Adam
from kerasdl.testing import check_optimizer


def torch_path(make, start, gradients):
    """The weights after each step of a PyTorch optimizer in float64."""
    torch = pytest.importorskip("torch")
    parameters = [torch.nn.Parameter(torch.tensor(w)) for w in start]
    rule = make(torch.optim, parameters)
    path = []
    for entry in gradients:
        for parameter, gradient in zip(parameters, entry, strict=True):
            parameter.grad = torch.tensor(gradient)
        rule.step()
        path.append([p.detach().numpy().copy() for p in parameters])
    return path


def optax_path(make, start, gradients):
    """The weights after each step of an optax optimizer in float32."""
    optax = pytest.importorskip("optax")
    rule = make(optax)
    weights = [w.astype("float32") for w in start]
    state, path = rule.init(weights), []
    for entry in gradients:
        updates, state = rule.update([g.astype("float32") for g in entry], state, weights)
        weights = optax.apply_updates(weights, updates)
        path.append(weights)
    return path


OPTIONS = {"beta_1": 0.8, "beta_2": 0.95}
TORCH = {"lr": 0.03, "betas": (0.8, 0.95)}
OPTAX = {"b1": 0.8, "b2": 0.95}
CASES = {
    "adam": (OPTIONS, lambda t, p: t.Adam(p, **TORCH), lambda o: o.adam(0.03, **OPTAX)),
    "large epsilon": (
        {**OPTIONS, "epsilon": 0.1},
        lambda t, p: t.Adam(p, eps=0.1, **TORCH),
        lambda o: o.adam(0.03, eps=0.1, **OPTAX),
    ),
    "epsilon in the root": (
        {**OPTIONS, "epsilon_root": 0.5},
        None,
        lambda o: o.adam(0.03, eps_root=0.5, **OPTAX),
    ),
    "amsgrad": (
        {**OPTIONS, "amsgrad": True},
        lambda t, p: t.Adam(p, amsgrad=True, **TORCH),
        None,
    ),
    "decoupled decay": (
        {**OPTIONS, "weight_decay": 0.5},
        lambda t, p: t.AdamW(p, weight_decay=0.5, **TORCH),
        lambda o: o.adamw(0.03, weight_decay=0.5, **OPTAX),
    ),
    "amsgrad with decay": (
        {**OPTIONS, "amsgrad": True, "weight_decay": 0.5},
        lambda t, p: t.AdamW(p, amsgrad=True, weight_decay=0.5, **TORCH),
        None,
    ),
    "no first moment": (
        {"beta_1": 0.0, "beta_2": 0.95},
        lambda t, p: t.Adam(p, lr=0.03, betas=(0.0, 0.95)),
        lambda o: o.adam(0.03, b1=0.0, b2=0.95),
    ),
}


def shrinking(gradients):
    """Gradients that fall, so that the largest second moment is not the last one."""
    return [[g * 0.6**step for g in entry] for step, entry in enumerate(gradients)]


@pytest.mark.parametrize("case", CASES)
def test_each_step_is_pytorchs(case, gradients, start, steps, same):
    options, reference, _ = CASES[case]
    if reference is None:
        pytest.skip("PyTorch has no epsilon inside the root")
    given = shrinking(gradients(8))
    expected = torch_path(reference, start, given)
    for actual, wanted in zip(steps(Adam(0.03, **options), start, given), expected, strict=True):
        same(actual, wanted)


@pytest.mark.parametrize("case", CASES)
def test_each_step_is_optaxs(case, gradients, start, steps, same):
    options, _, reference = CASES[case]
    if reference is None:
        pytest.skip("optax takes AMSGrad's maximum after the bias correction")
    given = shrinking(gradients(8))
    expected = optax_path(reference, start, given)
    for actual, wanted in zip(steps(Adam(0.03, **options), start, given), expected, strict=True):
        same(actual, wanted)


def test_amsgrad_differs_from_adam_where_gradients_fall(gradients, start, steps):
    given = shrinking(gradients(8))
    plain = steps(Adam(0.03, **OPTIONS), start, given)[-1]
    largest = steps(Adam(0.03, amsgrad=True, **OPTIONS), start, given)[-1]
    assert np.abs(plain[0] - largest[0]).max() > 1e-3


def test_first_step_is_exact_to_float32_where_bias_correction_cancels(steps, rng):
    """From zero, so that nothing but the step is looked at; `1 - 0.999` has few bits of float32."""
    given = [[rng.normal(size=(50,))]]
    path = steps(Adam(1e-3), [np.zeros(50)], given)
    expected = torch_path(lambda t, p: t.Adam(p, lr=1e-3), [np.zeros(50)], given)
    np.testing.assert_allclose(path[0][0], expected[0][0], rtol=1e-6)


@pytest.mark.first
def test_two_hundred_steps_are_pytorchs(problems, steps, same):
    """On Rosenbrock, each optimizer with the gradients at its own weights."""
    torch = pytest.importorskip("torch")
    problem = problems.rosenbrock
    path = steps(Adam(0.02), [problem.start], [problem.gradient] * 200)
    parameter = torch.nn.Parameter(torch.tensor(problem.start, dtype=torch.float64))
    rule = torch.optim.Adam([parameter], lr=0.02)
    for _ in range(200):
        parameter.grad = torch.tensor(problem.gradient([parameter.detach().numpy()])[0])
        rule.step()
    same(path[-1], [parameter.detach().numpy()], rtol=1e-4, atol=1e-5)


@pytest.mark.first
def test_fit_makes_the_steps_made_one_by_one(problems, point_model, steps, arrays, same):
    problem = problems.quadratic
    model = point_model(problem.start, problem.loss, Adam(0.1, weight_decay=0.1))
    x = np.zeros((30, 1), "float32")
    model.fit(x, x, batch_size=1, epochs=2, verbose=0)
    path = steps(Adam(0.1, weight_decay=0.1), [problem.start], [problem.gradient] * 60)
    same(arrays(model.trainable_variables), path[-1], rtol=1e-5, atol=1e-5)


def test_kit():
    check_optimizer(lambda: Adam(0.05))


@pytest.mark.first
def test_kit_with_every_option():
    rules = ["config_round_trip", "dtypes_kept", "compiled_matches_eager", "state_saved"]
    check_optimizer(lambda: Adam(0.05, amsgrad=True, epsilon_root=1e-3), only=rules)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beta_1": 1.0}, r"`beta_1` must be a number in \[0, 1\)\. Received: beta_1=1\.0"),
        ({"beta_2": -0.1}, r"`beta_2` must be a number in \[0, 1\)\. Received: beta_2=-0\.1"),
        ({"epsilon": -1e-8}, r"`epsilon` must be a number >= 0\. Received: epsilon=-1e-08"),
        (
            {"epsilon_root": "0"},
            r"`epsilon_root` must be a number >= 0\. Received: epsilon_root='0'",
        ),
        ({"amsgrad": 1}, r"`amsgrad` must be True or False\. Received: amsgrad=1"),
        (
            {"learning_rate": -1},
            r"`learning_rate` must be a number >= 0\. Received: learning_rate=-1",
        ),
    ],
)
def test_bad_argument_is_refused(options, message):
    with pytest.raises(UserError, match=message):
        Adam(**options)


def test_unknown_argument_is_refused():
    with pytest.raises(ValueError, match="momentum"):
        Adam(momentum=0.9)


def test_schedule_and_callable_rates_are_taken(steps, start, gradients, same):
    given = gradients(3)
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1], [0.1, 0.01])
    expected = torch_path(lambda t, p: t.Adam(p, lr=0.1), start, given[:2])
    same(steps(Adam(schedule), start, given)[1], expected[1])
    same(steps(Adam(lambda: 0.1), start, given)[1], expected[1])
