"""Each layer against its formula in NumPy."""

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.testing import check_layer
from kerasdl_transformer.class_token import ClassToken
from kerasdl_transformer.mean_over_text import MeanOverText
from kerasdl_transformer.parts import gelu_tanh
from kerasdl_transformer.patches import Patches
from kerasdl_transformer.positions import Positions
from kerasdl_transformer.token_embedding import TokenEmbedding

CHEAP = [
    "registered",
    "arguments_in_config",
    "config_round_trip",
    "symbolic_matches_eager",
    "save_and_load",
    "matches_reference",
]
LENGTHS = np.array([4, 2, 0])


def cut(_, x, size=2):
    rows, columns = x.shape[1] // size, x.shape[2] // size
    return np.stack(
        [
            x[:, i * size : (i + 1) * size, j * size : (j + 1) * size].reshape(len(x), -1)
            for i in range(rows)
            for j in range(columns)
        ],
        axis=1,
    )


def means(_, x):
    return np.stack([r[:n].mean(0) if n else r[0] * 0 for r, n in zip(x, LENGTHS, strict=True)])


X = np.random.default_rng(4).normal(size=(3, 4, 6)).astype("float32")
CASES = {
    "ClassToken": (
        lambda: ClassToken("ones"),
        X,
        lambda w, x: np.concatenate([np.repeat(w["token"], 3, axis=0), x], axis=1),
        {},
    ),
    "MeanOverText": (
        MeanOverText,
        X,
        means,
        {"call_kwargs": {"lengths": LENGTHS}, "trainable": False},
    ),
    "Patches": (lambda: Patches(2), X[..., None], cut, {"trainable": False}),
    "Positions": (
        lambda: Positions("learned", context=9, scale=1.5),
        X,
        lambda w, x: 1.5 * x + w["table/table"][:4],
        {},
    ),
    "TokenEmbedding": (
        lambda: TokenEmbedding(5, 4),
        np.array([[[3, 1, 4], [2, 0, 0]], [[1, 2, 0], [0, 0, 0]]], "int32"),
        lambda w, x: w["embeddings"][x],
        {"differentiable": False},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_equals_its_formula(name):
    make, inputs, reference, how = CASES[name]
    check_layer(make, inputs, reference=reference, only=CHEAP, **how)


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_keeps_the_other_rules_too(name):
    make, inputs, reference, how = CASES[name]
    check_layer(make, inputs, skip=CHEAP, **how)


@pytest.mark.parametrize("tied", [True, False])
def test_embedding_runs_backwards(tied):
    layer = TokenEmbedding(5, 6, tie_weights=tied, embeddings_initializer="normal")
    layer.build()
    kernels = [keras.ops.convert_to_numpy(v) for v in layer.trainable_variables]
    kernel = kernels[0].T if tied else kernels[1]
    found = keras.ops.convert_to_numpy(layer(X, reverse=True))
    np.testing.assert_allclose(found, X @ kernel, rtol=1e-5, atol=1e-6)


def test_gelu_is_that_of_pytorch():
    torch = pytest.importorskip("torch")
    x = np.linspace(-6, 6, 101).astype("float32")
    expected = torch.nn.functional.gelu(torch.tensor(x), approximate="tanh").numpy()
    found = keras.ops.convert_to_numpy(gelu_tanh(keras.ops.convert_to_tensor(x)))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Positions("rotary"), "`kind` must be one of .* Received: kind='rotary'"),
        (lambda: Positions("learned"), "give `context`"),
        (lambda: Patches(0), "`patch_size` must be a positive integer"),
        (lambda: Patches(2)(X), r"`inputs` must have shape \(B, H, W, C\).*\(3, 4, 6\)"),
    ],
)
def test_says_what_is_wrong(make, message):
    with pytest.raises(UserError, match=message):
        make()
