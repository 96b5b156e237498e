import keras
import numpy as np
import pytest

from kerasdl.optimizers import (
    AdaptiveGradientClipping,
    Lookahead,
    Momentum,
    Nesterov,
    ParameterGroups,
    RestingOptimizer,
    StochasticWeightAveraging,
    resting_optimizers,
    to_rest,
    to_training,
)

RESTING = {
    "nesterov": lambda: Nesterov(0.1, 0.8),
    "lookahead": lambda: Lookahead(Momentum(0.1, 0.8), sync_period=3),
    "averaging": lambda: StochasticWeightAveraging(Momentum(0.1, 0.8), start=1),
    "lookahead of nesterov": lambda: Lookahead(Nesterov(0.1, 0.8), sync_period=3),
    "averaging of lookahead of nesterov": lambda: StochasticWeightAveraging(
        Lookahead(Nesterov(0.1, 0.8), sync_period=2), start=1
    ),
    "clipped nesterov in groups": lambda: AdaptiveGradientClipping(
        ParameterGroups(Nesterov(0.1, 0.8), rates={"w1": 0.5}, verbose=False), clipping=1e6
    ),
}


def tensors(values):
    return [keras.ops.convert_to_tensor(v, "float32") for v in values]


@pytest.fixture(params=RESTING)
def trained(request, gradients, start):
    """An optimizer in the midst of training, and its variables."""
    variables = [keras.Variable(w.astype("float32"), name=f"w{i}") for i, w in enumerate(start)]
    optimizer = RESTING[request.param]()
    for entry in gradients(5):
        optimizer.apply(tensors(entry), variables)
    return optimizer, variables


def test_moves_can_be_repeated_and_undone(trained, arrays, same):
    optimizer, variables = trained
    training = arrays(variables)
    to_training(optimizer)
    same(arrays(variables), training, rtol=0, atol=0)
    to_rest(optimizer)
    resting = arrays(variables)
    assert all(np.abs(a - b).max() > 1e-3 for a, b in zip(resting, training, strict=True))
    to_rest(optimizer)
    same(arrays(variables), resting, rtol=0, atol=0)
    to_training(optimizer)
    same(arrays(variables), training, rtol=0, atol=5e-7)
    first = arrays(variables)
    for _ in range(20):
        to_rest(optimizer)
        same(arrays(variables), resting, rtol=0, atol=5e-7)
        to_training(optimizer)
    same(arrays(variables), first, rtol=0, atol=0)


def test_weights_written_at_rest_are_trained_on_from(trained, arrays, same):
    """As `EarlyStopping(restore_best_weights=True)` and `set_weights` write them."""
    optimizer, variables = trained
    training = arrays(variables)
    to_rest(optimizer)
    resting = arrays(variables)
    for variable in variables:
        variable.assign(variable + 3.0)
    to_training(optimizer)
    same(arrays(variables), [w + 3 for w in training], rtol=0, atol=2e-6)
    to_rest(optimizer)
    same(arrays(variables), [w + 3 for w in resting], rtol=0, atol=2e-6)


def test_step_from_rest_starts_from_the_training_point(trained, gradients, arrays, same):
    """The same gradient, once from where training was, once from rest."""
    optimizer, variables = trained
    everything = [*variables, *optimizer.variables]
    state, entry = arrays(everything), tensors(gradients(1)[0])
    optimizer.apply(entry, variables)
    expected = arrays(everything)
    for variable, value in zip(everything, state, strict=True):
        variable.assign(value)
    to_rest(optimizer)
    optimizer.apply(entry, variables)
    same(arrays(everything), expected, rtol=0, atol=1e-6)


def test_end_of_fit_leaves_the_weights_at_rest(trained, arrays, same):
    optimizer, variables = trained
    optimizer.finalize_variable_values(variables)
    final = arrays(variables)
    to_rest(optimizer)
    same(arrays(variables), final, rtol=0, atol=0)
    for resting in resting_optimizers(optimizer):
        if resting.built:
            assert float(keras.ops.convert_to_numpy(resting.at_rest)) == 1.0


def test_fresh_optimizer_rests_where_its_variables_are_whatever_they_hold(start, arrays, same):
    """Weights loaded after the optimizer was built are not overwritten by the first step."""
    for make in RESTING.values():
        variables = [
            keras.Variable(np.zeros_like(w, "float32"), name=f"w{i}") for i, w in enumerate(start)
        ]
        optimizer = make()
        optimizer.build(variables)
        for variable, value in zip(variables, start, strict=True):
            variable.assign(value)
        optimizer.apply(tensors([np.zeros_like(w) for w in start]), variables)
        same(arrays(variables), start, rtol=1e-6)


def test_resting_optimizers_are_found_in_any_wrapping():
    inner = Nesterov()
    mapping = keras.optimizers.OptimizerMap(keras.optimizers.SGD(), {"a": inner})
    around = [
        inner,
        AdaptiveGradientClipping(inner),
        keras.optimizers.LossScaleOptimizer(inner),
        keras.optimizers.LossScaleOptimizer(AdaptiveGradientClipping(inner)),
        keras.optimizers.MultiOptimizer(mapping),
    ]
    for optimizer in around:
        assert list(resting_optimizers(optimizer)) == [inner]
    outer = Lookahead(inner)
    assert list(resting_optimizers(outer)) == [outer]
    for optimizer in (None, keras.optimizers.SGD(), AdaptiveGradientClipping("sgd")):
        assert list(resting_optimizers(optimizer)) == []
        to_rest(optimizer)
        to_training(optimizer)


def test_moving_before_the_first_step_does_nothing():
    for optimizer in (Nesterov(), Lookahead("sgd")):
        to_rest(optimizer)
        to_training(optimizer)
        assert not optimizer.built


def test_subclass_without_its_moves_is_told(start, gradients):
    class Unfinished(RestingOptimizer):
        def __init__(self):
            super().__init__(learning_rate=0.1)

    variables = [keras.Variable(w.astype("float32")) for w in start]
    optimizer = Unfinished()
    optimizer.build(variables)
    with pytest.raises(TypeError, match="Unfinished must define `move_to_rest`"):
        optimizer.to_rest()
    with pytest.raises(TypeError, match="Unfinished must define `move_to_training`"):
        optimizer.to_training()


def test_mistake_in_the_first_step_of_fit_is_what_is_reported(network, examples):
    def loss(y_true, y_pred):
        raise RuntimeError("no such loss")

    model = network(Nesterov())
    model.compile(Nesterov(), loss=loss)
    with pytest.raises(RuntimeError, match="no such loss"):
        model.fit(*examples(4), verbose=0)
