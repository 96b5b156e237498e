"""States that go on from batch to batch."""

import keras
import numpy as np
import pytest

from kerasdl import create_model
from kerasdl.backend.gradients import value_and_gradients
from kerasdl.errors import UserError
from kerasdl.layers import GRU, LSTM, WeightDrop
from kerasdl.plugin import Spec
from kerasdl.testing import check_layer
from kerasdl_recurrent.carried_state import CarriedState
from kerasdl_recurrent.simple_rnn import SimpleRNN

CELLS = {"lstm": LSTM, "gru": GRU, "simple-rnn": SimpleRNN}
LANGUAGE = Spec(task="language-modelling", vocab_size=6)


def plain(tensor):
    return keras.ops.convert_to_numpy(tensor)


def inner(cell, **arguments):
    return CELLS[cell](4, return_sequences=True, return_state=True, **arguments)


def text(rng, rows=3, steps=12):
    return rng.normal(size=(rows, steps, 2)).astype("float32")


def pair(cell, streams=3):
    """The layer in a model, and the layer inside by itself in another."""
    layer = CarriedState(inner(cell), streams)
    x = keras.Input((None, 2))
    return layer, keras.Model(x, layer(x)[0]), keras.Model(x, layer.layer(x)[0])


def predict(model, x):
    return model.predict(x, batch_size=len(x), verbose=0)


@pytest.mark.parametrize(
    "cell",
    [
        "lstm",
        pytest.param("gru", marks=pytest.mark.long),
        pytest.param("simple-rnn", marks=pytest.mark.long),
    ],
)
def test_pieces_give_what_the_whole_gives(rng, cell):
    x = text(rng)
    layer, carried, bare = pair(cell)
    pieces = [predict(carried, x[:, at : at + 4]) for at in (0, 4, 8)]
    whole = predict(bare, x)
    np.testing.assert_allclose(np.concatenate(pieces, 1), whole, rtol=1e-5, atol=1e-6)
    layer.reset_state()
    np.testing.assert_allclose(predict(carried, x[:, :4]), pieces[0], rtol=1e-6, atol=1e-7)


def test_other_batch_begins_with_zeros_and_leaves_the_states(rng):
    x = text(rng, steps=8)
    _, carried, bare = pair("gru")
    predict(carried, x[:, :4])
    few = predict(carried, x[:2, 4:])
    np.testing.assert_allclose(few, predict(bare, x[:2, 4:]), rtol=1e-5, atol=1e-6)
    after = predict(carried, x[:, 4:])
    np.testing.assert_allclose(after, predict(bare, x)[:, 4:], rtol=1e-5, atol=1e-6)


def test_gradient_stops_where_a_batch_begins(rng):
    """The second piece's gradient is that of a layer given its first states as constants."""
    x = text(rng)
    layer = CarriedState(inner("lstm"), streams=3)
    _, *states = layer.layer(x[:, :6])
    layer(x[:, :6])
    weights = layer.trainable_variables

    def loss(outputs):
        return keras.ops.sum(keras.ops.square(outputs[0]))

    states = [keras.ops.convert_to_tensor(plain(state)) for state in states]
    _, wanted = value_and_gradients(
        lambda: loss(layer.layer(x[:, 6:], initial_state=states)), weights
    )
    _, found = value_and_gradients(lambda: loss(layer(x[:, 6:], training=True)), weights)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(plain(one), plain(other), rtol=1e-4, atol=1e-5)


def test_training_and_evaluation_carry_what_they_saw(rng):
    """Two batches of `fit`, and two of `evaluate`, end where the text in one piece ends."""
    config = {"embedding": 3, "units": 4, "dropout": 0.0, "stateful": True, "streams": 2}
    model = create_model("lstm", spec=LANGUAGE, **config)
    layer, tokens = model.get_layer("recurrent_1"), rng.integers(1, 6, (2, 11))
    expected = layer.layer(model.get_layer("embedding")(tokens[:, :10]))[1:]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.SGD(0.0), loss=loss)
    x = np.concatenate([tokens[:, :5], tokens[:, 5:10]])
    y = np.concatenate([tokens[:, 1:6], tokens[:, 6:]])
    for run, more in ((model.fit, {"shuffle": False}), (model.evaluate, {})):
        layer.reset_state()
        run(x, y, batch_size=2, verbose=0, **more)
        for state, wanted in zip(layer.states, expected, strict=True):
            np.testing.assert_allclose(plain(state), plain(wanted), rtol=1e-5, atol=1e-6)


def test_training_on_another_number_of_rows_is_an_error(rng):
    model = create_model("gru", spec=LANGUAGE, embedding=3, units=4, stateful=True, streams=4)
    tokens = rng.integers(1, 6, (3, 6))
    with pytest.raises(UserError, match=r"batches of `streams` rows.*streams=4, a batch of 3"):
        model(tokens, training=True)
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    with pytest.raises(Exception, match="streams|wrong shape"):
        model.fit(tokens, tokens, verbose=0)


def test_saved_model_begins_with_zeros(rng, tmp_path):
    model = create_model("lstm", spec=LANGUAGE, embedding=3, units=4, stateful=True, streams=3)
    tokens = rng.integers(1, 6, (3, 5))
    first, again = (predict(model, tokens) for _ in range(2))
    assert np.abs(again - first).max() > 1e-4
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(predict(loaded, tokens), first, rtol=1e-6, atol=1e-6)
    model.load_weights(tmp_path / "model.keras")
    np.testing.assert_allclose(predict(model, tokens), first, rtol=1e-6, atol=1e-6)


@pytest.mark.long
def test_layer_keeps_the_rules(rng):
    check_layer(
        lambda: CarriedState(WeightDrop(inner("gru", name="gru"), 0.2, name="drop"), streams=7),
        text(rng, steps=4),
        skip={
            "any_batch_size": "training takes one size",
            "every_variable_has_gradient": "training takes one size",
            "training_step": "training takes one size",
        },
    )


def test_layer_without_states_is_an_error():
    with pytest.raises(UserError, match="return_state=True"):
        CarriedState(GRU(3), streams=2).build((2, 4, 3))
    with pytest.raises(UserError, match="`streams` must be a positive integer.*streams=0"):
        CarriedState(inner("gru"), streams=0)
