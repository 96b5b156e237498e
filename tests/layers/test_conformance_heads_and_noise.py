"""Heads, the tied layer and the noise layers against the rules of the public kit.

The quick suite runs the cheapest rules; `make test-all` runs all.
"""

import keras
import numpy as np
import pytest

from kerasdl.layers.chunked_cross_entropy import ChunkedCrossEntropy
from kerasdl.layers.gaussian_head import GaussianHead
from kerasdl.layers.noise_on_gradients import NoiseOnGradients
from kerasdl.layers.noise_on_inputs import NoiseOnInputs
from kerasdl.layers.noise_on_targets import NoiseOnTargets
from kerasdl.layers.noise_on_weights import NoiseOnWeights
from kerasdl.layers.tied_dense import TiedDense
from kerasdl.testing import check_layer

_RANDOM = np.random.default_rng(11)
CHEAP = [
    "registered",
    "arguments_in_config",
    "config_round_trip",
    "config_kept_by_build",
    "symbolic_matches_eager",
    "matches_reference",
    "save_and_load",
    "clone",
]
FEATURES = _RANDOM.normal(size=(3, 4, 6)).astype("float32")
LABELS = np.array([[0, 4, 6, -1], [1, 1, -1, 2], [5, 3, 2, 0]])


def annealed():
    return keras.optimizers.schedules.ExponentialDecay(0.3, 10, 0.5)


def dense():
    return keras.layers.Dense(3, name="dense")


def cross_entropy(weights, x, y):
    z = x @ weights["kernel"].T + weights["bias"]
    log_p = z - np.log(np.sum(np.exp(z), axis=-1, keepdims=True))
    picked = np.take_along_axis(log_p, np.maximum(y, 0)[..., None], axis=-1)[..., 0]
    return np.where(y < 0, 0, -0.9 * picked - 0.1 * log_p.mean(axis=-1))


def gaussian(weights, x):
    mean, log_variance = np.split(x @ weights["kernel"] + weights["bias"], 2, axis=-1)
    return np.concatenate([mean, np.exp(log_variance)], axis=-1)


CASES = {
    "ChunkedCrossEntropy, losses": (
        lambda: ChunkedCrossEntropy(
            7, chunk_size=3, use_bias=True, label_smoothing=0.1, ignored_index=-1
        ),
        (FEATURES, LABELS),
        {"reference": cross_entropy, "output_dtype": "float32"},
    ),
    "ChunkedCrossEntropy, logits": (
        lambda: ChunkedCrossEntropy(7, chunk_size=3, use_bias=True, bias_initializer="ones"),
        FEATURES,
        {"reference": lambda w, x: x @ w["kernel"].T + w["bias"]},
    ),
    "TiedDense": (
        # a bias of the direction not taken gets no gradient
        lambda: TiedDense(5, activation="tanh", use_bias=False),
        FEATURES,
        {"reference": lambda w, x: np.tanh(x @ w["kernel"])},
    ),
    "TiedDense, reverse": (
        lambda: TiedDense(6, reverse_activation="tanh", input_size=5, use_bias=False),
        FEATURES,
        {
            "call_kwargs": {"reverse": True},
            "reference": lambda w, x: np.tanh(x @ w["kernel"].T),
        },
    ),
    "GaussianHead": (lambda: GaussianHead(2), FEATURES, {"reference": gaussian}),
    "NoiseOnInputs": (lambda: NoiseOnInputs(annealed(), seed=1), FEATURES, {}),
    "NoiseOnTargets": (
        lambda: NoiseOnTargets(0.5, seed=1),
        FEATURES,
        # targets keep their type under mixed precision
        {"dtypes": ("float32",)},
    ),
    "NoiseOnWeights": (lambda: NoiseOnWeights(dense(), annealed(), seed=1), FEATURES, {}),
    "NoiseOnGradients": (
        lambda: NoiseOnGradients(dense(), 0.1, seed=1),
        FEATURES,
        {},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_follows_the_rules(name):
    make, inputs, arguments = CASES[name]
    check_layer(make, inputs, only=CHEAP, **arguments)


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_follows_the_other_rules_too(name):
    make, inputs, arguments = CASES[name]
    skip = [*CHEAP]
    if name.startswith("TiedDense") and keras.backend.backend() == "torch":
        # Keras 3.15's ops.matmul gives float32 for float64, as its own Dense without bias does
        skip.append("float64")
    check_layer(make, inputs, skip=skip, **arguments)
