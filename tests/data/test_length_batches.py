"""Batches by length: every sample once, few shapes, padding, order, and what `fit` sees."""

import itertools

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasdl.data import LengthBatches, order
from kerasdl.data.length_buckets import buckets
from kerasdl.errors import UserError

SEED = 5
LENGTHS = [3, 1, 7, 2, 2, 9, 4, 1, 3, 3, 8, 5, 2, 1, 6, 3, 4, 2, 1, 5, 3, 2, 7]
COUNT = len(LENGTHS)


def sequences(lengths, offset=0):
    """Sequence `n` is `[n + 1, n + 1, …]`."""
    return [np.full(length, n + 1 + offset) for n, length in enumerate(lengths)]


def epoch_of(batches):
    return [batches.batch(number) for number in range(batches.steps)]


def check_each_sample_once(batches, lengths, pad=0):
    """Reads the samples back out of the padded batches of `sequences(lengths)`."""
    found = []
    for (x, *_), rows in zip(
        epoch_of(batches), map(batches.rows, range(batches.steps)), strict=True
    ):
        assert x.dtype == "int32"
        for row, number in zip(x, rows, strict=True):
            expected = np.full(x.shape[1], pad)
            expected[: lengths[number]] = number + 1
            np.testing.assert_array_equal(row, expected)
            found.append(int(number))
    assert sorted(found) == list(range(len(lengths)))


@pytest.mark.once
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=60),
    st.integers(2, 9),
    st.integers(1, 8),
    st.booleans(),
)
def test_each_sample_comes_once_an_epoch_in_few_shapes(lengths, cap, size, shuffle):
    batches = LengthBatches(
        sequences(lengths), batch_size=size, max_shapes=cap, seed=SEED, shuffle=shuffle
    )
    for epoch in (0, 1, 10**9):
        batches.restore({"seed": SEED, "epoch": epoch, "batch": 0})
        check_each_sample_once(batches, lengths)
        shapes = {x.shape for (x,) in epoch_of(batches)}
        assert shapes == set(batches.shapes) and len(shapes) <= cap
        places = sum(x.size for (x,) in epoch_of(batches))
        assert batches.padding_share == pytest.approx(1 - sum(lengths) / places)
    assert sum(rows < size for rows in [len(b[0]) for b in epoch_of(batches)]) <= 1


@pytest.mark.once
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)), min_size=1, max_size=50),
    st.integers(2, 9),
    st.integers(20, 100),
)
def test_batches_counted_in_tokens_hold_no_more_and_two_lengths_are_bounded(pairs, cap, tokens):
    source, target = (list(side) for side in zip(*pairs, strict=True))
    inputs = (sequences(source), sequences(target, 100))
    batches = LengthBatches(
        inputs, sequences(target, 200), tokens_per_batch=tokens, max_shapes=cap, seed=SEED
    )
    seen = []
    for number, ((a, b), y) in enumerate(epoch_of(batches)):
        assert max(a.size, b.size) <= tokens
        assert b.shape == y.shape and len(a) == len(b)
        np.testing.assert_array_equal(y, np.where(b == 0, 0, b + 100))
        rows = batches.rows(number)
        np.testing.assert_array_equal(a[:, 0], rows + 1)
        np.testing.assert_array_equal((a > 0).sum(1), np.array(source)[rows])
        np.testing.assert_array_equal((b > 0).sum(1), np.array(target)[rows])
        seen += rows.tolist()
    assert sorted(seen) == list(range(len(pairs)))
    assert len({(*a.shape, b.shape[1]) for (a, b), _ in epoch_of(batches)}) <= cap


@pytest.mark.once
def test_batches_by_hand():
    batches = LengthBatches(
        [[1, 1, 1], [2], [3], [4, 4], [5]], batch_size=2, max_shapes=3, pad_id=9, shuffle=False
    )
    # Two buckets. Bound 1 saves 3 * 2 places, bound 2 saves 4 * 1: so the samples 1, 2, 4 of
    # length 1 are the short ones; sample 4 fills no batch there and goes on to the long ones.
    expected = [[[2], [3]], [[5, 9, 9], [1, 1, 1]], [[4, 4, 9]]]
    assert [x.tolist() for (x,) in epoch_of(batches)] == expected
    assert batches.shapes == ((1, 3), (2, 1), (2, 3))
    assert batches.padding_share == pytest.approx(3 / 11)
    assert batches.report() == (
        "5 samples in 3 batches of 3 shapes (at most 3); 27.3% of the places are padding\n"
        "1 x 3: 1\n2 x 1: 1\n2 x 3: 1"
    )


@pytest.mark.once
def test_the_order_is_a_pure_function_of_seed_and_epoch():
    def rows(epoch, seed=SEED):
        batches = LengthBatches(sequences(LENGTHS), batch_size=3, max_shapes=4)
        batches.restore({"seed": seed, "epoch": epoch, "batch": 0})
        return [batches.rows(number).tolist() for number in range(batches.steps)]

    assert rows(7) == rows(7)
    different = [str(rows(*arguments)) for arguments in ((7,), (8,), (7, SEED + 1))]
    assert len(set(different)) == 3
    # Within the batches of the shortest bucket samples come as `order` has them.
    place = {sample: n for n, sample in enumerate(order(SEED, 7, COUNT).tolist())}
    shortest = [n for n, length in enumerate(LENGTHS) if length <= 3]
    dealt = [batch for batch in rows(7) if set(batch) <= set(shortest)]
    dealt.sort(key=lambda batch: place[batch[0]])
    flat = [place[sample] for batch in dealt for sample in batch]
    assert flat == sorted(flat) and len(flat) >= 9


@pytest.mark.once
def test_batches_of_all_buckets_come_mixed():
    batches = LengthBatches(sequences(LENGTHS * 10), batch_size=5, max_shapes=5, seed=SEED)
    widths = [x.shape[1] for (x,) in epoch_of(batches)]
    changes = sum(a != b for a, b in itertools.pairwise(widths))
    assert changes > len(batches.shapes)


@pytest.mark.once
@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 12), min_size=2, max_size=12), st.integers(1, 3))
def test_buckets_pad_little_more_than_the_best(lengths, count):
    def padded(bounds):
        return sum(min(b for b in bounds if b >= length) for length in lengths)

    found = buckets(np.array(lengths)[:, None], count)
    bounds = [bucket.lengths[0] for bucket in found]
    most, others = max(lengths), sorted(set(lengths) - {max(lengths)})
    best = min(
        padded([*chosen, most])
        for k in range(count)
        for chosen in itertools.combinations(others, k)
    )
    assert len(found) <= count and found[-1].lengths == (most,) and found[-1].next is None
    assert best <= padded(bounds) <= 4 / 3 * best
    for place, bucket in enumerate(found[:-1]):
        assert bucket.next > place and found[bucket.next].lengths >= bucket.lengths


@pytest.mark.once
def test_labels_weights_and_sequences_of_rows_are_carried():
    features = [np.full((length, 2), n, "float64") for n, length in enumerate(LENGTHS)]
    weights = [np.ones(length) for length in LENGTHS]
    batches = LengthBatches(
        {"words": sequences(LENGTHS), "features": features},
        {"tags": sequences(LENGTHS), "label": list(range(COUNT))},
        batch_size=4,
        max_shapes=4,
        target_pad_id=-1,
        sample_weight={"tags": weights, "label": np.ones(COUNT)},
        seed=SEED,
    )
    for number, (x, y, weight) in enumerate(epoch_of(batches)):
        rows = batches.rows(number)
        real = x["words"] > 0
        np.testing.assert_array_equal(y["label"], rows)
        np.testing.assert_array_equal(y["tags"], np.where(real, x["words"], -1))
        np.testing.assert_array_equal(weight["tags"], real)
        np.testing.assert_array_equal(
            x["features"], np.where(real, rows[:, None], 0)[..., None] * [1, 1]
        )
        assert x["features"].dtype == weight["tags"].dtype == "float32"


@pytest.mark.once
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "one of `batch_size` and `tokens_per_batch` must be given"),
        ({"batch_size": 2, "tokens_per_batch": 9}, "one of `batch_size` and `tokens_per_batch`"),
        ({"batch_size": 0}, "`batch_size` must be a whole number at least 1"),
        ({"tokens_per_batch": 2}, "`tokens_per_batch` must be a whole number at least 3"),
        ({"batch_size": 2, "max_shapes": 1}, "`max_shapes` must be a whole number at least 2"),
        ({"batch_size": 2, "y": [1]}, "same number of samples, at least 1. Received: 2, 1"),
        ({"batch_size": 2, "x": []}, "same number of samples, at least 1. Received: 0"),
        ({"batch_size": 2, "x": [[1], []]}, "at least one entry. Received: none in sample 1"),
        (
            {"batch_size": 2, "x": [[1], [[2]]]},
            r"one shape beyond their length.*\(1, 1\).*sample 1",
        ),
        ({"batch_size": 2, "x": [["a"], ["b"]]}, "sequences must be of numbers"),
        ({"batch_size": 2, "x": np.ones((2, 3))}, "Received: arrays alone: use Batches"),
        ({"batch_size": 2, "sample_weight": [1, 1]}, "needs targets"),
        ({"batch_size": 2, "seed": -1}, "`seed` must be"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(UserError, match=message):
        LengthBatches(**{"x": [[1, 2, 3], [4]], **arguments})


def embedding_model():
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(COUNT + 1, 1, embeddings_initializer="zeros"),
            keras.layers.GlobalAveragePooling1D(),
        ]
    )
    model.compile(keras.optimizers.SGD(0.5), "mse")
    return model


@pytest.fixture(scope="module")
def compiled():
    return embedding_model()


@pytest.fixture
def model(compiled):
    compiled.set_weights([np.zeros((COUNT + 1, 1))])
    return compiled


@pytest.fixture
def batches():
    """At most three shapes, so that little is compiled."""
    return LengthBatches(
        sequences(LENGTHS), np.arange(COUNT, dtype="float32"), batch_size=6, max_shapes=3, seed=SEED
    )


def by_hand(batches, numbers):
    """The table after gradient descent on these batches, in float64."""
    w = np.zeros(COUNT + 1)
    for number in numbers:
        x, y = batches.batch(number)
        for_rows = np.eye(COUNT + 1)[x].mean(axis=1)
        w -= 0.5 * 2 / len(x) * for_rows.T @ (for_rows @ w - y)
    return w


def assert_trained(model, expected):
    np.testing.assert_allclose(model.get_weights()[0][:, 0], expected, rtol=1e-5, atol=1e-5)


def test_fit_sees_each_batch_of_an_epoch_once_and_goes_on(model, batches):
    assert batches.steps == 4
    model.fit(batches, epochs=2, verbose=0)
    assert batches.state() == {"seed": SEED, "epoch": 2, "batch": 0}
    batches.restore({"seed": SEED, "epoch": 0, "batch": 0})
    first = by_hand(batches, range(4))
    model.set_weights([np.zeros((COUNT + 1, 1))])
    model.fit(batches, epochs=1, verbose=0)
    assert_trained(model, first)


def test_restored_in_the_middle_the_rest_of_the_epoch_comes(model, batches):
    batches.restore({"seed": SEED, "epoch": 3, "batch": 2})
    assert len(batches) == 2
    expected = by_hand(batches, [2, 3])
    model.fit(batches, initial_epoch=3, epochs=4, verbose=0)
    assert_trained(model, expected)
    assert batches.state() == {"seed": SEED, "epoch": 4, "batch": 0}


def test_lengths_that_the_first_batches_share_are_not_held_for_fixed(model):
    # Two batches of length 2 come first, then longer ones: TensorFlow looks at the first two.
    lengths = [2] * 12 + [5] * 11
    batches = LengthBatches(
        sequences(lengths), np.zeros(COUNT), batch_size=6, max_shapes=3, shuffle=False
    )
    assert [x.shape[1] for x, _ in epoch_of(batches)] == [2, 2, 5, 5]
    history = model.fit(batches, epochs=1, verbose=0)
    assert np.isfinite(history.history["loss"][0])
    assert batches.state()["epoch"] == 1


def test_predictions_are_put_back_in_order_by_rows(model, batches):
    weights = np.arange(COUNT + 1, dtype="float32")[:, None]
    model.set_weights([weights])
    predicted = np.empty(COUNT)
    for number in range(batches.steps):
        x, _ = batches.batch(number)
        predicted[batches.rows(number)] = np.asarray(model.predict_on_batch(x))[:, 0]
    width = {
        int(r): x.shape[1] for n in range(4) for x in [batches.batch(n)[0]] for r in batches.rows(n)
    }
    expected = [(n + 1) * LENGTHS[n] / width[n] for n in range(COUNT)]
    np.testing.assert_allclose(predicted, expected, rtol=1e-5)
