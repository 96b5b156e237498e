"""Trainable parameters counted by hand."""

import numpy as np
import pytest

from kerasdl import create_model
from kerasdl.plugin import Spec

TEXT = Spec(task="sequence-to-sequence", vocab_size=11, target_vocab_size=7)
IMAGE = Spec(task="captioning", input_shape=(8, 8, 2), target_vocab_size=7)
E, U = 4, 6


def lstm(inputs, units=U):
    return 4 * (inputs * units + units * units + units)


def gru(inputs, units=U):
    return 3 * (inputs * units + units * units + 2 * units)


def dense(inputs, units):
    return inputs * units + units


ENDS = (11 + 7) * E + dense(U, 7)
BOTH = 2 * lstm(E) + 2 * dense(2 * U, U)


@pytest.mark.parametrize(
    "name, config, expected",
    [
        ("seq2seq-plain", {}, ENDS + BOTH + lstm(E)),
        (
            "seq2seq-attention",
            {},
            ENDS + BOTH + lstm(E) + U * U + 2 * U * U + U + 3 * U * U,
        ),
        ("seq2seq-luong", {}, ENDS + BOTH + lstm(E + U) + 2 * U * U + 3 * U * U),
        ("seq2seq", {"attention": "dot"}, ENDS + BOTH + lstm(E) + 2 * U * U),
        ("seq2seq", {"attention": "concat"}, ENDS + BOTH + lstm(E) + 3 * U * U + U + 3 * U * U),
        ("sequence-autoencoder", {}, ENDS + BOTH + lstm(E) + 2 * U * E),
        (
            "seq2seq-plain",
            {"rnn": "gru", "layers": 2, "bidirectional": False},
            ENDS + 2 * (gru(E) + gru(U)) + 2 * dense(U, U),
        ),
        ("seq2seq-plain", {"tied": "target"}, (11 + 7) * E + BOTH + lstm(E) + U * E),
        (
            "seq2seq-luong",
            {"tied": "target", "layers": 2},
            (11 + 7) * E
            + 2 * lstm(E) + 2 * lstm(2 * U) + 4 * dense(2 * U, U)
            + lstm(E) + lstm(U + E) + 2 * U * U + 3 * U * E,
        ),
    ],
)  # fmt: skip
def test_seq2seq_has_those_counted_by_hand(name, config, expected):
    model = create_model(name, spec=TEXT, units=U, embedding=E, **config)
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == expected


@pytest.mark.parametrize(
    "name, look",
    [
        ("captioner-plain", 0),
        ("captioner-hard", U * U + 5 * U + U + (U + 5) * U),
        ("captioner-soft", U * U + 5 * U + U + (U + 5) * U + dense(U, 1)),
    ],
)
def test_captioner_has_those_counted_by_hand(name, look):
    model = create_model(name, spec=IMAGE, units=U, embedding=E, filters=(3, 5))
    images = 9 * 2 * 3 + 2 * 3 + 9 * 3 * 5 + 2 * 5
    expected = images + 2 * dense(5, U) + 7 * E + lstm(E) + dense(U, 7) + look
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == expected
