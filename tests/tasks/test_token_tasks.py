"""Tasks on texts: what goes in and out, and the figures, by hand and by NumPy."""

import math

import keras
import numpy as np
import pytest

from kerasdl.data import (
    Batches,
    LengthBatches,
    Samples,
    TextPlan,
    WindowBatches,
    prepare,
    texts_data,
)
from kerasdl.errors import UserError
from kerasdl.tasks import get_task
from kerasdl.tasks.by_length import by_length
from kerasdl.tasks.language_modelling import in_streams, running
from kerasdl.tasks.masked_language_modelling import hidden
from kerasdl.tasks.token_scores import TokenScores
from kerasdl.tasks.written import previous


def prepared(task, train, **plan):
    data = texts_data({"train": train}, task, name="small", plan=TextPlan(**plan))
    return prepare(data)


@pytest.mark.once
def test_scores_leave_out_what_does_not_count():
    logits = np.log(np.array([[[0.25, 0.75], [0.5, 0.5]], [[0.9, 0.1], [0.2, 0.8]]]))
    scores = TokenScores()
    scores.add(logits, np.array([[1, -1], [1, 1]]), -1)
    assert scores.loss == pytest.approx(-math.log(0.75) - math.log(0.1) - math.log(0.8))
    assert (scores.tokens, scores.right) == (3, 2)


@pytest.mark.once
def test_streams_read_parts_of_a_text_side_by_side():
    # Seven rows in two streams: 0 1 2 beside 3 4 5, and row 6 is cut.
    assert in_streams(7, 2).tolist() == [0, 3, 1, 4, 2, 5]
    with pytest.raises(UserError, match="at least 3 rows. Received: 2"):
        in_streams(2, 3)


@pytest.mark.once
def test_previous_tokens_are_those_before_each_answer():
    rows = np.array([[2, 7, 8, 3, 0], [2, 7, 3, 0, 0]])
    assert previous(rows).tolist() == [[2, 7, 8, 0], [2, 7, 0, 0]]


@pytest.mark.once
def test_language_models_train_on_windows_and_are_measured_in_order():
    data = prepared(
        "language-modelling", (["abcabcabcabc"], None), tokenizer="characters", context=3
    )
    task = get_task("language-modelling")
    assert len(running(data.train)) == 3 * len(data.train) + 1
    made = task.batches(data.train, None, data, batch_size=2, seed=0, steps=5)
    assert isinstance(made, WindowBatches) and len(made) == 5
    still = task.batches(data.train, None, data, batch_size=2, shuffle=False)
    np.testing.assert_array_equal(still.batch(0)[0], data.train.x[:2])


def test_a_language_model_of_equal_chances_has_the_perplexity_of_its_vocabulary():
    data = prepared(
        "language-modelling",
        (["abcab" * 40], None),
        tokenizer="characters",
        context=5,
        one_text=True,
    )
    tokens = keras.Input((None,), dtype="int32")
    layer = keras.layers.Embedding(7, 7, embeddings_initializer="zeros")
    model = keras.Model(tokens, layer(tokens))
    task = get_task("language-modelling")
    outputs = task.outputs(data.train, model, data.form())
    figures = task.evaluate(data.train, outputs, model, data).figures
    assert figures["perplexity"] == pytest.approx(7)
    assert figures["bits_per_character"] == pytest.approx(math.log2(7))
    row = task.present(
        task.outputs(Samples(data.train.x[:1]), model, data.form()),
        model,
        data.form(),
        ["abcab"],
        data.train.x[:1],
    )[0]
    assert (row["tokens"], round(row["perplexity"], 4)) == (5, 7.0)


@pytest.mark.once
def test_hidden_tokens_are_answers_and_others_are_not():
    words = [f"w{n}" for n in range(50)]
    data = prepared("masked-language-modelling", ([" ".join(words)] * 400, None), tokenizer="words")
    form = data.form()
    x, y = hidden(data.train.x, form, np.random.Generator(np.random.Philox(3)))
    chosen = y != 0
    mask = form.inputs.text.tokenizer.specials.index("<mask>")
    assert chosen.mean() == pytest.approx(0.15, abs=0.01)
    np.testing.assert_array_equal(y[chosen], data.train.x[chosen])
    np.testing.assert_array_equal(x[~chosen], data.train.x[~chosen])
    assert (x[chosen] == mask).mean() == pytest.approx(0.8, abs=0.03)
    # a tenth stays, and of the tenth that is drawn anew one in fifty is the same again
    assert (x[chosen] == y[chosen]).mean() == pytest.approx(0.1 + 0.1 / 50, abs=0.03)


def test_labels_are_read_up_to_each_text_s_end():
    texts = [["a", "b", "c"], ["b"]]
    data = prepared("sequence-labelling", (texts, [["X", "Y", "X"], ["Y"]]), tokenizer="words")
    tokens = keras.Input((None,), dtype="int32")
    table = np.zeros((7, 2), "float32")
    table[[4, 5, 6], [1, 1, 0]] = 5.0  # b, a, c: Y, Y, X
    layer = keras.layers.Embedding(7, 2, weights=[table])
    model = keras.Model(tokens, layer(tokens))
    task = get_task("sequence-labelling")
    outputs = task.outputs(data.train, model, data.form())
    assert [own.tolist() for own in outputs[0]] == [[1, 1, 0], [1]]
    figures = task.evaluate(data.train, outputs, model, data).figures
    assert figures["token_accuracy"] == pytest.approx(3 / 4)
    rows = task.present(outputs, model, data.form(), ["a b c", "b"], data.train.x)
    assert [row["labels"] for row in rows] == ["a/Y b/Y c/X", "b/Y"]


def test_batches_of_like_lengths_are_padded_for_each_part():
    x = np.array([[4, 5, 6, 0], [4, 0, 0, 0], [7, 8, 0, 0]])
    y = np.array([[0, 1, 0, -1], [1, -1, -1, -1], [0, 0, -1, -1]])
    batches = by_length(x, y, -1, batch_size=1, max_shapes=4, shuffle=False)
    assert isinstance(batches, LengthBatches)
    seen = {tuple(a.ravel().tolist()): b.ravel().tolist() for a, b in map(batches.batch, range(3))}
    assert seen == {(4, 5, 6): [0, 1, 0], (4,): [1], (7, 8): [0, 0]}
    classes = by_length(x, np.array([0, 1, 1]), None, batch_size=3, max_shapes=2, shuffle=False)
    assert classes.batch(0)[1].tolist() == [0, 1, 1]


@pytest.mark.once
def test_tasks_of_arrays_keep_their_plain_batches():
    task = get_task("image-classification")
    data = type("D", (), {"form": lambda self: None})()
    samples = Samples(np.zeros((3, 2, 2, 1)), np.array([0, 1, 1]))
    loss = keras.losses.SparseCategoricalCrossentropy()
    assert type(task.batches(samples, loss, data, batch_size=2)) is Batches
