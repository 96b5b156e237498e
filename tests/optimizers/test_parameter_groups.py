import contextlib

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.optimizers import Adam, Lookahead, Momentum, Nesterov, ParameterGroups, to_rest
from kerasdl.testing import check_optimizer

PATHS = ["stem/kernel", "stem/bias", "block_0/norm/gamma", "block_1/dense/kernel", "head/kernel"]


def variables(rng, paths=PATHS):
    made = []
    for path in paths:
        *scopes, name = path.split("/")
        with contextlib.ExitStack() as stack:
            for scope in scopes:
                stack.enter_context(keras.name_scope(scope))
            made.append(keras.Variable(rng.normal(size=(3,)).astype("float32"), name=name))
    assert [v.path for v in made] == paths
    return made


def tensors(values):
    return [keras.ops.convert_to_tensor(v, "float32") for v in values]


def torch_path(make, start, settings, gradients, norm=None):
    """The last weights of a PyTorch optimizer with a parameter group for each variable."""
    torch = pytest.importorskip("torch")
    parameters = [torch.nn.Parameter(torch.tensor(w, dtype=torch.float64)) for w in start]
    groups = [{"params": [p], **s} for p, s in zip(parameters, settings, strict=True)]
    rule = make(torch.optim, groups)
    for entry in gradients:
        for parameter, gradient in zip(parameters, entry, strict=True):
            parameter.grad = torch.tensor(gradient, dtype=torch.float64)
        if norm:
            torch.nn.utils.clip_grad_norm_(parameters, norm)
        rule.step()
    return [p.detach().numpy() for p in parameters]


def test_groups_are_pytorchs_parameter_groups(rng, arrays, same):
    weights = variables(rng)
    start, given = arrays(weights), [rng.normal(size=(5, 3)) for _ in range(4)]
    optimizer = ParameterGroups(
        Adam(0.1, weight_decay=0.5), rates={"^block": 0.5, "dense": 0.2}, verbose=False
    )
    for entry in given:
        optimizer.apply(tensors(entry), weights)
    decays, rates = [0.5, 0.0, 0.0, 0.5, 0.5], [0.1, 0.1, 0.05, 0.01, 0.1]
    settings = [{"lr": r, "weight_decay": d} for r, d in zip(rates, decays, strict=True)]
    same(arrays(weights), torch_path(lambda t, g: t.AdamW(g), start, settings, given))


def test_rate_falls_with_the_distance_from_the_last_layer(rng):
    by_name = ParameterGroups(Momentum(0.1), no_decay=(), layer_decay=0.5, verbose=False)
    by_name.build(variables(rng))
    assert [(g.rate, g.paths) for g in by_name.groups] == [
        (1.0, ("head/kernel",)),
        (0.5, ("block_1/dense/kernel",)),
        (0.25, ("block_0/norm/gamma",)),
        (0.125, ("stem/kernel", "stem/bias")),
    ]
    by_pattern = ParameterGroups(
        Momentum(0.1), no_decay=(), layer_decay=0.5, layers=["stem", "block", "head"], verbose=False
    )
    by_pattern.build(variables(rng))
    assert [g.rate for g in by_pattern.groups] == [1.0, 0.5, 0.25]
    assert by_pattern.groups[1].paths == ("block_0/norm/gamma", "block_1/dense/kernel")


def test_layers_are_told_apart_behind_a_common_prefix(rng):
    paths = ["model/a/dense/kernel", "model/a/other/kernel", "model/b/kernel"]
    optimizer = ParameterGroups(Momentum(0.1), layer_decay=0.5, verbose=False)
    optimizer.build(variables(rng, paths))
    assert [g.paths for g in optimizer.groups] == [(paths[2],), tuple(paths[:2])]


@pytest.mark.first
def test_table_is_printed_before_training(network, examples, capsys):
    optimizer = ParameterGroups(
        keras.optimizers.AdamW(1e-3, weight_decay=0.01), rates={"hidden": 0.1}
    )
    network(optimizer).fit(*examples(4), verbose=0)
    assert capsys.readouterr().out.splitlines() == [
        "parameter groups, learning rate 0.001",
        " rate  weight decay  variables  parameters  paths",
        "  x 1          0.01          1           3  head/kernel",
        "  x 1             -          1           1  head/bias",
        "x 0.1          0.01          1           6  hidden/kernel",
        "x 0.1             -          1           3  hidden/bias",
    ]


@pytest.mark.parametrize("batches", [1, 2])
def test_global_norm_is_that_of_all_groups(batches, rng, arrays, same):
    weights = variables(rng)
    start, given = arrays(weights), [rng.normal(size=(5, 3)) for _ in range(6)]
    inner = keras.optimizers.SGD(
        0.1,
        momentum=0.9,
        global_clipnorm=0.7,
        gradient_accumulation_steps=batches if batches > 1 else None,
    )
    optimizer = ParameterGroups(inner, rates={"stem": 0.5}, verbose=False)
    for entry in given:
        optimizer.apply(tensors(entry), weights)
    means = [np.mean(given[i : i + batches], axis=0) for i in range(0, 6, batches)]
    settings = [{"lr": r} for r in [0.05, 0.05, 0.1, 0.1, 0.1]]
    expected = torch_path(lambda t, g: t.SGD(g, momentum=0.9), start, settings, means, norm=0.7)
    same(arrays(weights), expected)
    assert int(keras.ops.convert_to_numpy(optimizer.iterations)) == 6 // batches


def test_scaled_loss_is_clipped_by_the_norm_unscaled(rng, arrays, same):
    weights = variables(rng)
    start, given = arrays(weights), [rng.normal(size=(5, 3)) for _ in range(2)]
    inner = keras.optimizers.SGD(0.1, global_clipnorm=0.7, loss_scale_factor=32.0)
    optimizer = ParameterGroups(inner, rates={"stem": 0.5}, verbose=False)
    for entry in given:
        optimizer.apply(tensors(32 * entry), weights)
    settings = [{"lr": r} for r in [0.05, 0.05, 0.1, 0.1, 0.1]]
    same(arrays(weights), torch_path(lambda t, g: t.SGD(g), start, settings, given, norm=0.7))
    assert float(optimizer.scale_loss(1.0)) == 32.0


def test_gradient_that_is_not_finite_reaches_every_group(rng, arrays):
    weights = variables(rng)
    inner = keras.optimizers.SGD(0.1, global_clipnorm=0.7)
    optimizer = ParameterGroups(inner, rates={"stem": 0.5}, verbose=False)
    entry = np.ones((5, 3))
    entry[0, 0] = np.inf
    optimizer.apply(tensors(entry), weights)
    assert all(np.isnan(w).all() for w in arrays(weights))


def test_one_rate_is_read_and_set_for_all_groups(rng, arrays, same):
    weights = variables(rng)
    optimizer = ParameterGroups(keras.optimizers.SGD(0.5), rates={"stem": 0.5}, verbose=False)
    optimizer.build(weights)
    assert float(keras.ops.convert_to_numpy(optimizer.learning_rate)) == 0.5
    optimizer.learning_rate = 0.1
    start = arrays(weights)
    optimizer.apply(tensors(np.ones((5, 3))), weights)
    rates = [0.05, 0.05, 0.1, 0.1, 0.1]
    same(arrays(weights), [w - r for w, r in zip(start, rates, strict=True)])


@pytest.mark.first
def test_keras_callbacks_set_the_rate(network, examples):
    optimizer = ParameterGroups(keras.optimizers.SGD(0.5), rates={"head": 0.1}, verbose=False)
    model = network(optimizer)
    rate = keras.callbacks.LearningRateScheduler(lambda epoch, rate: float(rate) / 2)
    history = model.fit(*examples(4), epochs=2, verbose=0, callbacks=[rate]).history
    assert history["learning_rate"] == [0.25, 0.125]


def test_schedule_counts_batches(rng, arrays, same):
    weights = variables(rng)
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([0], [1.0, 0.1])
    optimizer = ParameterGroups(keras.optimizers.SGD(schedule), rates={"stem": 0.5}, verbose=False)
    start = arrays(weights)
    for _ in range(2):
        optimizer.apply(tensors(np.ones((5, 3))), weights)
    same(arrays(weights), [w - 1.1 * r for w, r in zip(start, [0.5, 0.5, 1, 1, 1], strict=True)])


def test_rate_of_zero_freezes(rng, arrays):
    weights = variables(rng)
    inner = keras.optimizers.AdamW(0.1, weight_decay=0.5)
    optimizer = ParameterGroups(inner, rates={"stem": 0}, verbose=False)
    start = arrays(weights)
    optimizer.apply(tensors(np.ones((5, 3))), weights)
    np.testing.assert_array_equal(arrays(weights)[0], start[0])
    assert np.abs(arrays(weights)[4] - start[4]).min() > 1e-3


def test_variables_excluded_from_decay_stay_excluded(rng, arrays):
    weights = variables(rng)
    optimizer = ParameterGroups(Momentum(0.1, weight_decay=0.5), no_decay=(), verbose=False)
    optimizer.exclude_from_weight_decay(var_list=weights[:1])
    start = arrays(weights)
    optimizer.apply(tensors(np.zeros((5, 3))), weights)
    np.testing.assert_array_equal(arrays(weights)[0], start[0])
    np.testing.assert_allclose(arrays(weights)[1], 0.95 * start[1], rtol=1e-6)


def test_group_without_gradients_is_left_alone(rng, arrays, same):
    weights = variables(rng)
    start = arrays(weights)
    optimizer = ParameterGroups(Momentum(0.1), rates={"stem": 0.5}, verbose=False)
    optimizer.apply([None, None, None, *tensors(np.ones((2, 3)))], weights)
    same(arrays(weights), [*start[:3], *(w - 0.1 for w in start[3:])])
    with pytest.raises(UserError, match="`grads` must have a gradient for some variable"):
        optimizer.apply([None] * 5, weights)


def test_each_group_of_a_resting_optimizer_rests(rng, arrays, same):
    """Nesterov in each group is Nesterov with that rate; around them, Lookahead."""
    weights, other = variables(rng), variables(rng)
    for a, b in zip(other, weights, strict=True):
        a.assign(b)
    grouped = Lookahead(ParameterGroups(Nesterov(0.1), rates={"stem": 0.5}, verbose=False), 2)
    slow, fast = Lookahead(Nesterov(0.05), 2), Lookahead(Nesterov(0.1), 2)
    for _ in range(5):
        entry = tensors(rng.normal(size=(5, 3)))
        grouped.apply(entry, weights)
        slow.apply(entry[:2], other[:2])
        fast.apply(entry[2:], other[2:])
    same(arrays(weights), arrays(other), rtol=1e-6, atol=1e-6)
    for optimizer in (grouped, slow, fast):
        to_rest(optimizer)
    same(arrays(weights), arrays(other), rtol=1e-6, atol=1e-6)


@pytest.mark.first
def test_kit():
    check_optimizer(lambda: ParameterGroups(Adam(0.05), verbose=False))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rates": {"stem": -1}}, r"`rates\['stem'\]` must be a number >= 0\. Received"),
        ({"rates": [0.5]}, r"`rates` must map patterns to factors\. Received: rates=\[0\.5\]"),
        ({"rates": {"(": 1.0}}, r"`rates` must hold regular expressions\. Received: '\('"),
        ({"layer_decay": 1.5}, r"`layer_decay` must be a number in \(0, 1\]\. Received: layer_dec"),
        ({"verbose": 1}, r"`verbose` must be True or False\. Received: verbose=1"),
        ({"layers": ["a"]}, r"`layers` needs `layer_decay`\. Received: layers=\['a'\]"),
        (
            {"no_decay": "bias"},
            r"`no_decay` must be a list of patterns\. Received: no_decay='bias'",
        ),
        (
            {"weight_decay": 0.1},
            r"`weight_decay` must be set on the optimizer inside ParameterGroups",
        ),
    ],
)
def test_bad_argument_is_refused(options, message):
    with pytest.raises(UserError, match=message):
        ParameterGroups("sgd", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"no_decay": ["biass"]}, r"`no_decay` must have patterns .* Received: 'biass'"),
        ({"rates": {"heda": 0.1}}, r"`rates` must have patterns .* Received: 'heda'"),
        (
            {"layer_decay": 0.5, "layers": ["stem", "block"]},
            r"`layers` must have just one pattern .* 'head/kernel' is matched by none",
        ),
        (
            {"layer_decay": 0.5, "layers": ["kernel", "bias|gamma", "stem"]},
            r"`layers` must have just one pattern .* 'stem/kernel' is matched by \['kernel', 'stem'",
        ),
        (
            {"layer_decay": 0.5, "layers": ["stem", "block", "head", "tail"]},
            r"`layers` must have patterns .* Received: 'tail'",
        ),
    ],
)
def test_pattern_that_does_not_fit_the_variables_is_refused(options, message, rng):
    with pytest.raises(UserError, match=message):
        ParameterGroups("sgd", verbose=False, **options).build(variables(rng))


def test_optimizer_around_others_is_refused():
    with pytest.raises(
        UserError, match=r"`optimizer` must not surround another: write Lookahead\("
    ):
        ParameterGroups(Lookahead("sgd"))
    several = keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(keras.optimizers.SGD()))
    with pytest.raises(UserError, match="`optimizer` must not surround another"):
        ParameterGroups(several)


def test_rate_that_cannot_be_saved_is_refused():
    with pytest.raises(UserError, match="`optimizer` must have a learning rate that can be saved"):
        ParameterGroups(keras.optimizers.SGD(lambda: 0.1))
