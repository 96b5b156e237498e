import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.layers import CharacterEncoder

CHARACTERS = np.array([[[1, 2, 3], [4, 0, 0]], [[2, 2, 0], [0, 0, 0]]])


def plain(tensor):
    return keras.ops.convert_to_numpy(tensor)


def convolved(weights, characters):
    """The formula in float64, a word at a time."""
    table, kernel, bias = (
        next(value for path, value in weights.items() if path.endswith(part))
        for part in ("embeddings", "kernel", "bias")
    )
    outputs = np.zeros((*characters.shape[:2], kernel.shape[-1]))
    for place in np.ndindex(*characters.shape[:2]):
        word = [number for number in characters[place].astype(int) if number]
        vectors = np.pad(table[word], ((1, 1), (0, 0)))
        seen = [np.einsum("kd,kdu->u", vectors[w : w + 3], kernel) for w in range(len(word))]
        outputs[place] = np.max([[0.0] * 3, *(np.maximum(s + bias, 0) for s in seen)], axis=0)
    return outputs


def test_convolution_is_its_formula(rng):
    layer = CharacterEncoder(5, size=2, units=3)
    layer.build(CHARACTERS.shape)
    for variable in layer.weights:
        variable.assign(rng.normal(size=variable.shape))
    weights = {v.path: plain(v).astype("float64") for v in layer.weights}
    expected = convolved(weights, CHARACTERS)
    np.testing.assert_allclose(plain(layer(CHARACTERS)), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["convolution", pytest.param("lstm", marks=pytest.mark.long)])
def test_more_padding_changes_no_word(rng, kind):
    characters = rng.integers(1, 5, (2, 3, 4))
    characters[0, 1, 2:] = 0
    wide = np.zeros((2, 4, 7), "int64")
    wide[:, :3, :4] = characters
    layer = CharacterEncoder(5, size=2, units=3, kind=kind)
    few, more = plain(layer(characters)), plain(layer(wide))
    np.testing.assert_allclose(more[:, :3], few, rtol=1e-5, atol=1e-6)
    assert not more[:, 3].any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CharacterEncoder(5, units=-1), r"`units` must be a positive integer.*units=-1"),
        (lambda: CharacterEncoder(5, kind="gru"), r"`kind` must be one of.*kind='gru'"),
        (lambda: CharacterEncoder(5)(np.ones((2, 3), int)), r"\(B, T, W\).*\(2, 3\)"),
    ],
)
def test_argument_that_cannot_be_used_is_an_error(make, message):
    with pytest.raises(UserError, match=message):
        make()
