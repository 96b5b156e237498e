"""The head as a layer; the route it takes is tested in tests/backend."""

import keras
import numpy as np
import pytest

from kerasdl.layers.chunked_cross_entropy import ChunkedCrossEntropy
from kerasdl.losses import SequenceLoss, SoftmaxCrossEntropy

WORDS = 11


@pytest.fixture
def text():
    tokens = np.random.default_rng(4).integers(1, WORDS, size=(8, 6))
    tokens[2, 4:] = tokens[5, 3:] = 0
    targets = np.where(tokens[:, 1:] == 0, -1, tokens[:, 1:])
    return tokens[:, :-1], targets


def weights_after_training(text, chunked):
    """A tiny language model trained a few steps, through the head's losses or through logits."""
    x, y = text
    tokens, targets = (keras.Input((5,), dtype="int32") for _ in range(2))
    features = keras.layers.Embedding(WORDS, 4, name="words")(tokens)
    features = keras.layers.Dense(4, "tanh", name="dense")(features)
    head = ChunkedCrossEntropy(WORDS, chunk_size=4, ignored_index=-1, name="head")
    generator = np.random.default_rng(6)
    if chunked:
        model = keras.Model([tokens, targets], head(features, targets=targets))
        loss, x = SequenceLoss(None, padding_value=-1), [x, y]
    else:
        model = keras.Model(tokens, head(features))
        loss = SoftmaxCrossEntropy(ignored_index=-1)
    model.set_weights([generator.normal(size=v.shape) for v in model.weights])
    model.compile(keras.optimizers.SGD(0.5), loss)
    history = model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    return model.get_weights(), history.history["loss"]


def test_training_equals_that_through_all_logits(text):
    weights, losses = weights_after_training(text, chunked=True)
    expected, expected_losses = weights_after_training(text, chunked=False)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-5)
    for value, wanted in zip(weights, expected, strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-4, atol=1e-5)


def test_embedding_and_head_are_one_kernel_with_embed(array, plain):
    head = ChunkedCrossEntropy(WORDS, chunk_size=4, embedding_size=3)
    tokens = np.array([[1, 5], [10, 0]])
    features = head(tokens, embed=True)
    kernel = plain(head.kernel)
    np.testing.assert_array_equal(plain(features), kernel[tokens])
    np.testing.assert_allclose(plain(head(features)), kernel[tokens] @ kernel.T, rtol=1e-5)
    assert len(head.trainable_variables) == 1

    symbolic = head(keras.Input((None,), dtype="int32"), embed=True)
    assert symbolic.shape == (None, None, 3)


def test_mask_of_the_inputs_is_passed_on():
    masked = keras.layers.Masking()(np.array([[[1.0, 2.0], [0.0, 0.0]]], "float32"))
    head = ChunkedCrossEntropy(3, chunk_size=2, kernel_initializer="zeros")
    losses = head(masked, targets=np.array([[0, 1]]))
    # every token costs log 3; half of them would be lost without the mask
    total = SequenceLoss(None, average="sum")(np.zeros((1, 2)), losses)
    np.testing.assert_allclose(float(keras.ops.convert_to_numpy(total)), np.log(3), rtol=1e-6)


def test_bad_arguments_and_inputs_are_named(array):
    with pytest.raises(ValueError, match="`vocabulary_size` must be a positive integer"):
        ChunkedCrossEntropy(0)
    with pytest.raises(ValueError, match="`chunk_size` must be a positive integer"):
        ChunkedCrossEntropy(5, chunk_size=0)
    with pytest.raises(ValueError, match=r"`label_smoothing` must be in \[0, 1\)"):
        ChunkedCrossEntropy(5, label_smoothing=1.5)
    head = ChunkedCrossEntropy(5)
    head(array(2, 3, 4))
    with pytest.raises(ValueError, match=r"`inputs` must have 4 features .*shape=\(2, 3, 6\)"):
        head(array(2, 3, 6))
    with pytest.raises(ValueError, match=r"Expected: \(2, 3\), received: \(2, 4\)"):
        head(array(2, 3, 4), targets=np.zeros((2, 4), "int32"))
    with pytest.raises(ValueError, match="`targets` must be integers. Received: dtype=float32"):
        head(array(2, 3, 4), targets=np.zeros((2, 3), "float32"))
    with pytest.raises(ValueError, match="the features of `inputs` .* must be known"):
        ChunkedCrossEntropy(5)(keras.Input((3, None)))
