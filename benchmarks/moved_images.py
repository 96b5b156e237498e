"""What `let_compile` gains for layers that move images, on JAX.

    KERAS_BACKEND=jax python benchmarks/moved_images.py

Fits of a small CNN (batches of 64 images, 32x32x3, 20 steps) behind each layer, as Keras compiles
the model and after `let_compile`, in turn and compiled before; `as_keras` and `let_compile` are the
medians of milliseconds a step, `faster` the median of the pairs' ratios. Writes
`benchmarks/results/moved_images-*.csv`.
"""

import argparse
import statistics
import time

import keras
import numpy as np
from record import write

from kerasdl.backend.compiled_steps import let_compile

LAYERS = {
    "RandomRotation": lambda: keras.layers.RandomRotation(0.1),
    "RandomTranslation": lambda: keras.layers.RandomTranslation(0.1, 0.1),
    "RandomZoom": lambda: keras.layers.RandomZoom(0.1),
    "RandomShear": lambda: keras.layers.RandomShear(0.1, 0.1),
    "RandomPerspective": lambda: keras.layers.RandomPerspective(0.5),
    "RandAugment": lambda: keras.layers.RandAugment((0, 255)),
}
STEPS = 20


def network(layer, allowed):
    parts = [layer]
    for filters in (16, 32):
        parts += [keras.layers.Conv2D(filters, 3, activation="relu"), keras.layers.MaxPooling2D()]
    parts += [keras.layers.Flatten(), keras.layers.Dense(10)]
    model = keras.Sequential([keras.Input((32, 32, 3)), *parts])
    if allowed:
        let_compile(model)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def fitted(model, x, y):
    begun = time.perf_counter()
    model.fit(x, y, batch_size=64, verbose=0)
    return (time.perf_counter() - begun) / STEPS * 1000


def measured(name, make, pairs):
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 255, (64 * STEPS, 32, 32, 3)).astype("float32")
    y = rng.integers(0, 10, len(x))
    models = [network(make(), allowed) for allowed in (False, True)]
    for model in models:
        fitted(model, x, y)
    taken = [[fitted(model, x, y) for model in models] for _ in range(pairs)]
    plain, allowed = (statistics.median(column) for column in zip(*taken, strict=True))
    faster = statistics.median(one / other for one, other in taken)
    return {
        "layer": name,
        "pairs": pairs,
        "as_keras": round(plain, 1),
        "let_compile": round(allowed, 1),
        "faster": round(faster, 1),
    }


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--pairs", type=int, default=3)
    pairs = options.parse_args().pairs
    rows = []
    for name, make in LAYERS.items():
        rows.append(measured(name, make, pairs))
        print(rows[-1], flush=True)
    write("moved_images", rows, keras.config.backend())


if __name__ == "__main__":
    main()
