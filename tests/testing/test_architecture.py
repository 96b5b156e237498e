"""What an architecture is tried with, and that a sound one passes; faults: next file."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.plugin import Architecture, Field, PluginState, Spec
from kerasdl.plugin.catalog import Provider
from kerasdl.testing import check_architecture
from kerasdl.testing.architecture_case import ArchitectureCase

ops, layers = keras.ops, keras.layers
register = keras.saving.register_keras_serializable(package="kerasdl_tests_architecture")


class Passing(layers.Layer):
    """Gives on what it gets."""

    def compute_output_shape(self, input_shape):
        return input_shape


def reads(layer=None):
    """Tokens to logits of each step, or of the text where the layer makes one vector of it."""
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.Embedding(6, 4, name="embedding")(tokens)
    return keras.Model(tokens, layers.Dense(6, name="head")(x if layer is None else layer(x)))


@register
class LooksAhead(Passing):
    def call(self, x):
        return x + ops.mean(x, axis=1, keepdims=True)


WRITES = Spec(task="language-modelling", vocab_size=6, context=7)
OF_TEXTS = ["padding_changes_nothing", "later_tokens_change_nothing"]
ELSEWHERE = ["imports_no_backend", "same_on_other_backends", "exports_to_onnx"]


@pytest.fixture
def build(monkeypatch):
    """Makes `create_model("fake", ...)` return what the test builds."""

    record = Architecture(
        name="fake",
        summary="",
        tasks=("language-modelling",),
        builder="a:b",
        config=(Field(name="width", type=int, default=2, minimum=1, help="Units"),),
    )
    provider = Provider(record, PluginState("fake", "fake", "1.0", "fake.plugin"))

    def use(builder):
        monkeypatch.setattr("kerasdl.models.create_model", builder)
        found = SimpleNamespace(architecture=lambda name: provider)
        monkeypatch.setattr("kerasdl.testing.architecture_case.host", lambda: found)

    return use


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
    check_architecture("fake", spec=spec, config={"width": 3}, skip=ELSEWHERE)
    assert asked[0] == ("fake", spec, {"width": 3})


@pytest.mark.first
def test_check_architecture_when_there_are_two_inputs(build):
    def create_model(name, spec):
        first, second = keras.Input((3,), name="first"), keras.Input((None, 2), name="second")
        pooled = layers.GlobalAveragePooling1D()(second)
        joined = layers.Concatenate()([first, pooled])
        return keras.Model({"first": first, "second": second}, layers.Dense(2)(joined))

    build(create_model)
    check_architecture("fake", spec=WRITES, only=["finite_output", "batch_of_one", "loss_falls"])


def test_check_architecture_when_texts_pass(build):
    build(lambda name, **config: reads())
    check_architecture("fake", spec=WRITES, only=OF_TEXTS)


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

    def create_model(name, spec):
        inputs = keras.Input((3,))
        return keras.Model(inputs, layers.Dense(2)(Seen()(inputs)))

    build(create_model)
    batch = np.array([[7.0, 8.0, 9.0], [1.0, 2.0, 3.0]])
    check_architecture("fake", inputs=batch, only=["symbolic_matches_eager"])
    np.testing.assert_array_equal(seen[-1], batch)


def test_check_architecture_when_the_name_is_unknown():
    with pytest.raises(UserError, match="no-such-architecture"):
        check_architecture("no-such-architecture", only=["builds"])


def test_check_architecture_when_a_check_is_unknown():
    with pytest.raises(UserError, match="Received: 'falls'"):
        check_architecture("mlp", skip=["falls"])
