import time

import keras
import numpy as np
import pytest

from kerasdl.callbacks import Throughput
from kerasdl.callbacks._flops import forward_flops
from kerasdl.callbacks._peaks import find_peak
from kerasdl.errors import UserError
from kerasdl.layers import LSTM, MultiHeadAttention


def test_all_steps_but_the_first_are_measured(classifier, fit, capsys):
    meter = Throughput(every=2)
    history, _ = fit(classifier(), meter, epochs=2, validation_split=0.25)
    # Three batches of eight an epoch; the first of all is the one that is compiled.
    assert [(row.epoch, row.steps, row.units) for row in meter.history] == [
        (0, 2, 16),
        (1, 2, 16),
        (1, 1, 8),
    ]
    for row in meter.history:
        assert row.seconds > 0 and row.rate == row.units / row.seconds
        assert min(row.data, row.host, row.device) >= -1e-9
        assert row.data + row.host + row.device == pytest.approx(1.0)
    last = [row for row in meter.history if row.epoch == 1]
    rate = sum(row.units for row in last) / sum(row.seconds for row in last)
    assert history.history["examples_per_second"][-1] == pytest.approx(rate)
    assert capsys.readouterr().out.count("examples/s: data") == 2


class Slow(keras.utils.PyDataset):
    def __init__(self, data):
        super().__init__()
        self.data = data

    def __len__(self):
        return 4

    def __getitem__(self, index):
        time.sleep(0.05)
        return self.data[0][:8], self.data[1][:8]


def test_what_training_waits_for_is_told_apart(classifier, data):
    model, meter = classifier(), Throughput(verbose=False)
    model.fit(Slow(data), epochs=2, verbose=0, callbacks=[meter])
    row = meter.history[-1]
    assert 4 * 0.05 <= row.data * row.seconds < row.seconds  # what the data slept, at least
    busy = keras.callbacks.LambdaCallback(on_train_batch_begin=lambda batch, logs: time.sleep(0.05))
    model.fit(*data, batch_size=8, epochs=2, verbose=0, callbacks=[meter, busy])
    row = meter.history[-1]
    # The first wait is before the first batch is drawn, and counts as waiting for data.
    assert 3 * 0.05 <= row.host * row.seconds < row.seconds


def test_the_end_of_data_of_unknown_length_is_met(classifier, data):
    model, meter = classifier(), Throughput(verbose=False)

    def batches():
        for _ in range(3):
            yield data[0][:8], data[1][:8]

    with pytest.warns(UserWarning):  # Keras's, about the end
        model.fit(batches(), shuffle=False, verbose=0, callbacks=[meter])
    assert sum(row.steps for row in meter.history) == 2


def test_tokens_and_utilization(fit):
    ids = np.arange(32 * 5).reshape(32, 5) % 7
    model = keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Embedding(7, 4),
            keras.layers.Dense(3),
            keras.layers.Dense(7),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss)
    meter = Throughput(unit="tokens", peak_flops=1e9, verbose=False)
    history, _ = fit(model, meter, x=ids, y=ids, epochs=2)
    assert meter.history[-1].units == 32 * 5
    rate, utilization = (history.history[n][-1] for n in ("tokens_per_second", "utilization"))
    # Three times the forward pass: 4 x 3 and 3 x 7 weights, a product and a sum for each.
    assert utilization == pytest.approx(rate * 3 * 2 * (12 + 21) / 1e9)


def test_operations_are_those_counted_by_hand():
    inputs = keras.Input((28, 28, 1))
    x = keras.layers.Conv2D(6, 5, padding="same")(inputs)
    x = keras.layers.BatchNormalization()(keras.layers.MaxPooling2D()(x))
    x = keras.layers.DepthwiseConv2D(3)(x)
    x = keras.layers.Conv2DTranspose(2, 2, strides=2)(x)
    x = keras.layers.Dense(10)(keras.layers.Flatten()(x))
    model = keras.Model(inputs, x)
    expected = 2 * (28 * 28 * 25 * 6 + 12 * 12 * 9 * 6 + 12 * 12 * 4 * 6 * 2 + 24 * 24 * 2 * 10)
    assert forward_flops(model, np.zeros((1, 28, 28, 1), "float32")) == expected
    assert forward_flops(model, np.zeros((3, 28, 28, 1), "float32")) == 3 * expected


@pytest.mark.parametrize("own", [False, True])
def test_operations_of_sequences_are_those_counted_by_hand(own):
    batch, steps, width, heads, size, units = 2, 6, 8, 2, 5, 3
    inputs = keras.Input((steps, width))
    if own:
        x = MultiHeadAttention(heads, head_size=size)(inputs)
        x = LSTM(units, bidirectional=True)(x)
    else:
        x = keras.layers.MultiHeadAttention(heads, size)(inputs, inputs)
        x = keras.layers.Bidirectional(keras.layers.LSTM(units))(x)
    model = keras.Model(inputs, x)
    projections = 4 * steps * width * heads * size
    scores_and_mixture = 2 * steps * steps * heads * size
    lstm = 2 * steps * 4 * units * (width + units)
    expected = 2 * batch * (projections + scores_and_mixture + lstm)
    assert forward_flops(model, np.zeros((batch, steps, width), "float32")) == expected


def test_peaks_are_found_by_the_names_that_drivers_give():
    for name, dtype, peak in (
        ("NVIDIA H100 80GB HBM3", "bfloat16", 989.5e12),
        ("NVIDIA H100 PCIe", "float16", 756e12),
        ("NVIDIA H200", "float32", 494.5e12),
        ("NVIDIA A100-SXM4-40GB", "bfloat16", 312e12),
        ("NVIDIA A10", "float16", 125e12),
        ("NVIDIA L40S", "float16", 362e12),
        ("NVIDIA L4", "float32", 60e12),
        ("Tesla V100-SXM2-16GB", "float16", 125e12),
        ("Tesla T4", "float32", 8.1e12),
        ("NVIDIA A10G", "float16", None),
        ("NVIDIA GeForce GTX 1080", "float32", None),
        ("", "float32", None),
    ):
        assert find_peak(name, dtype) == peak, name


def test_bad_arguments_are_named():
    for arguments, message in (
        ({"every": 0}, "`every` must be an integer >= 1. Received: every=0"),
        ({"unit": "words"}, "`unit` must be 'examples' or 'tokens'. Received: unit='words'"),
        ({"peak_flops": 0}, "`peak_flops` must be a number > 0. Received: peak_flops=0"),
        ({"flops_per_unit": -1}, "`flops_per_unit` must be a number > 0"),
    ):
        with pytest.raises(UserError) as caught:
            Throughput(**arguments)
        assert message in str(caught.value)
