"""Each rule of an architecture is broken by a planted fault."""

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.plugin import Spec
from kerasdl.testing import check_architecture
from kerasdl.testing.architecture import ARCHITECTURE_CHECKS, ArchitectureCase

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


def reads(layer=None):
    """Tokens to logits of each step, or of the text where the layer makes one vector of it."""
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.Embedding(6, 4, name="embedding")(tokens)
    return keras.Model(tokens, layers.Dense(6, name="head")(x if layer is None else layer(x)))


@register
class LooksAhead(Passing):
    def call(self, x):
        return x + ops.mean(x, axis=1, keepdims=True)


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
    "padding_changes_nothing": [
        (lambda: reads(layers.GlobalAveragePooling1D()), "output with padding"),
        (lambda: reads(LooksAhead()), "output with padding"),
    ],
    "later_tokens_change_nothing": [(lambda: reads(LooksAhead()), "output before the change")],
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
SPECS = {
    name: Spec(task="language-modelling", vocab_size=6, context=7)
    for name in ("padding_changes_nothing", "later_tokens_change_nothing")
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
        check_architecture("fake", spec=SPECS.get(check), only=[check])
    message = str(caught.value)
    assert found in message
    call = f"create_model('fake', spec={SPECS.get(check)!r})"
    assert f"check `{check}` failed for {call}" in message


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


def test_check_architecture_when_texts_pass(build):
    build(lambda name, **config: reads())
    spec = SPECS["padding_changes_nothing"]
    check_architecture("fake", spec=spec, only=list(SPECS))


def test_check_architecture_when_a_classifier_looks_ahead(build):
    build(lambda name, **config: reads(LooksAhead()))
    spec = Spec(task="text-classification", vocab_size=6, outputs=6)
    check_architecture("fake", spec=spec, only=["later_tokens_change_nothing"])


def inputs_of(build, spec, **shapes):
    def create_model(name, spec):
        inputs = [keras.Input(shape, dtype="int32", name=key) for key, shape in shapes.items()]
        flat = [ops.cast(ops.sum(ops.reshape(x, (-1, 1)), axis=1), "float32") for x in inputs]
        return keras.Model(inputs, sum(flat))

    build(create_model)
    return ArchitectureCase("fake", spec=spec).arrays


def test_inputs_when_words_come_with_characters(build):
    spec = Spec(
        task="sequence-labelling", vocab_size=3, outputs=2, context=6, characters=90, word_length=5
    )
    words, characters = inputs_of(build, spec, tokens=(None,), characters=(None, 5))
    assert words.shape == (4, 6) and characters.shape == (4, 6, 5)
    assert set(np.unique(words)) == {0, 1, 2}
    assert 45 < characters.max() < 90
    np.testing.assert_array_equal((words != 0).sum(1), [6, 5, 4, 3])
    np.testing.assert_array_equal((characters != 0).all(2), words != 0)
    np.testing.assert_array_equal((characters != 0).any(2), words != 0)


def test_inputs_when_one_text_is_made_of_another(build):
    spec = Spec(task="sequence-to-sequence", vocab_size=100, target_vocab_size=3, target_context=2)
    source, previous = inputs_of(build, spec, source=(None,), previous=(None,))
    assert source.shape == (4, 8) and previous.shape == (4, 2)
    assert 50 < source.max() < 100 and set(np.unique(previous)) == {0, 1, 2}
    np.testing.assert_array_equal((previous != 0).sum(1), [2, 1, 1, 1])


def test_inputs_when_a_table_has_integers(build):
    spec = Spec(task="tabular-classification", input_shape=(4,), input_dtype="int32", outputs=2)
    (rows,) = inputs_of(build, spec, input=(4,))
    np.testing.assert_array_equal(rows, np.ones((4, 4)))


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
