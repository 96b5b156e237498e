"""Each rule of an architecture is broken by a planted fault."""

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.plugin import Spec
from kerasdl.testing import check_architecture
from kerasdl.testing.architecture import ARCHITECTURE_CHECKS

ops, layers = keras.ops, keras.layers
register = keras.saving.register_keras_serializable(package="kerasdl_tests_architecture")


class Passing(layers.Layer):
    """Gives on what it gets."""

    def compute_output_shape(self, input_shape):
        return input_shape


@register
class Logarithm(Passing):
    def call(self, x):
        return ops.log(-ops.abs(x) - 1.0)


@register
class Wider(Passing):
    def call(self, x):
        return ops.concatenate([x, x], axis=-1)


@register
class Unbiased(Passing):
    """Divides by `batch - 1` in training."""

    def call(self, x, training=False):
        return x / ops.cast(ops.shape(x)[0] - 1, x.dtype) if training else x


@register
class LeaksBatch(Passing):
    def call(self, x):
        return x - ops.mean(x, axis=0, keepdims=True)


@register
class Cut(Passing):
    def call(self, x):
        return ops.stop_gradient(x)


@register
class StateOutsideVariables(Passing):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.offset = float(np.random.normal())

    def call(self, x):
        return x + self.offset


def dense(features, middle=(), units=3, **kwargs):
    inputs = keras.Input((features,))
    x = layers.Dense(4, "tanh", name="hidden", **kwargs)(inputs)
    for layer in middle:
        x = layer(x)
    return keras.Model(inputs, layers.Dense(units, name="head", **kwargs)(x))


def ends_with(layer):
    inputs = keras.Input((5,))
    return keras.Model(inputs, layer(layers.Dense(3, name="head")(inputs)))


class Worsens(Passing):
    """What comes before it gets a gradient that points the wrong way."""

    def call(self, x):
        return 2.0 * ops.stop_gradient(x) - x


FAULTS = {
    "builds": [(lambda: frozen(), "no trainable variable")],
    "finite_output": [(lambda: ends_with(Logarithm()), "12 of 12 entries are not finite")],
    "symbolic_matches_eager": [
        (lambda: ends_with(Wider()), "the shape promised is (None, 3), the real one (4, 6)")
    ],
    "batch_of_one": [
        (lambda: dense(5, [Unbiased()]), "output for a batch of one in training: 3 of 3")
    ],
    "samples_independent": [(lambda: ends_with(LeaksBatch()), "first sample by itself")],
    "every_variable_has_gradient": [
        (lambda: dense(5, [Cut()]), "hidden/kernel (5, 4) gets no gradient")
    ],
    "loss_falls": [(lambda: ends_with(Worsens()), "the loss went from")],
    "save_and_load": [(lambda: ends_with(StateOutsideVariables()), "output of the loaded model")],
    "clone": [(lambda: ends_with(StateOutsideVariables()), "output of the clone")],
    "mixed_bfloat16": [
        (lambda: dense(5, dtype="bfloat16"), "hidden/kernel is bfloat16"),
    ],
}
PLANTED = [(name, *fault) for name, faults in FAULTS.items() for fault in faults]


def frozen():
    model = dense(5)
    model.trainable = False
    return model


@pytest.fixture
def build(monkeypatch):
    """Makes `create_model("fake", ...)` return what the test builds."""

    def use(builder):
        monkeypatch.setattr("kerasdl.models.create_model", builder)

    return use


def test_every_rule_has_a_planted_fault():
    assert [check.name for check in ARCHITECTURE_CHECKS] == list(FAULTS)


@pytest.mark.parametrize("check, model, found", PLANTED, ids=lambda v: v if v in FAULTS else "")
def test_check_architecture_when_a_fault_is_planted(build, check, model, found):
    build(lambda name, **config: model())
    with pytest.raises(AssertionError) as caught:
        check_architecture("fake", only=[check])
    message = str(caught.value)
    assert found in message
    assert f"check `{check}` failed for create_model('fake', spec=None)" in message


def test_check_architecture_when_sound(build):
    asked = []

    def create_model(name, spec, **config):
        asked.append((name, spec, config))
        inputs = keras.Input((spec.context,), dtype="int32")
        x = layers.Embedding(spec.vocab_size, config["width"], name="embedding")(inputs)
        x = layers.Dense(config["width"], "tanh", name="mixing")(layers.Flatten()(x))
        return keras.Model(inputs, layers.Dense(spec.outputs, name="head")(x))

    build(create_model)
    spec = Spec(task="text-classification", vocab_size=6, context=4, outputs=2)
    check_architecture("fake", spec=spec, config={"width": 3})
    assert asked[0] == ("fake", spec, {"width": 3})


def test_check_architecture_when_there_are_two_inputs(build):
    def create_model(name):
        first, second = keras.Input((3,), name="first"), keras.Input((None, 2), name="second")
        pooled = layers.GlobalAveragePooling1D()(second)
        joined = layers.Concatenate()([first, pooled])
        return keras.Model({"first": first, "second": second}, layers.Dense(2)(joined))

    build(create_model)
    check_architecture("fake", only=["finite_output", "batch_of_one", "loss_falls"])


def test_check_architecture_when_inputs_are_given(build):
    seen = []

    @keras.saving.register_keras_serializable(package="kerasdl_tests_architecture")
    class Seen(Passing):
        def call(self, x):
            seen.append(ops.convert_to_numpy(x)) if not isinstance(x, keras.KerasTensor) else None
            return x

    def create_model(name):
        inputs = keras.Input((3,))
        return keras.Model(inputs, layers.Dense(2)(Seen()(inputs)))

    build(create_model)
    batch = np.array([[7.0, 8.0, 9.0], [1.0, 2.0, 3.0]])
    check_architecture("fake", inputs=batch, only=["symbolic_matches_eager"])
    np.testing.assert_array_equal(seen[-1], batch)


def test_check_architecture_when_the_name_is_unknown():
    with pytest.raises(AssertionError, match="no-such-architecture"):
        check_architecture("no-such-architecture", only=["builds"])


def test_check_architecture_when_a_check_is_unknown():
    with pytest.raises(UserError, match="Received: 'falls'"):
        check_architecture("mlp", skip=["falls"])
