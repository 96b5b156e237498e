"""What each callback costs: epochs of `fit` without and with it, in turn, medians compared.

    KERAS_BACKEND=jax python benchmarks/callback_overhead.py

A network of two hidden layers of 256 on random images of 28 x 28, batches of 128; callbacks with
their default settings. Writes `benchmarks/results/callback_overhead-*.csv`; a ratio of 1.02 means
that an epoch takes 2 % longer with the callback.
"""

import argparse
import statistics
import time

import keras
import numpy as np
from record import write

from kerasdl import callbacks

MADE = {
    "GradientMonitor": callbacks.GradientMonitor,
    "ActivationMonitor": lambda x: callbacks.ActivationMonitor(x[:256]),
    "WeightHistograms": callbacks.WeightHistograms,
    "Throughput": lambda: callbacks.Throughput(verbose=False),
    "TrainingGuard": callbacks.TrainingGuard,
    "WeightsAtRest": callbacks.WeightsAtRest,
    "PlateauScale": lambda: callbacks.PlateauScale("loss"),
}


EPOCHS = 6


def make_model() -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(256, "relu"),
            keras.layers.Dense(256, "relu"),
            keras.layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
    return model


def seconds_of(model: keras.Model, x: np.ndarray, y: np.ndarray, used: list) -> float:
    """Seconds of an epoch, from one's beginning to the next's; the first, which compiles, apart."""
    begun: list[float] = []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: begun.append(time.perf_counter())
    )
    model.fit(
        x, y, batch_size=128, epochs=EPOCHS, verbose=0, shuffle=False, callbacks=[clock, *used]
    )
    return (begun[-1] - begun[1]) / (EPOCHS - 2)


def ratio_of(name: str, x: np.ndarray, y: np.ndarray, rounds: int) -> dict:
    make = MADE[name]
    callback = make(x) if name == "ActivationMonitor" else make()
    plain, watched = make_model(), make_model()
    times: dict[str, list[float]] = {"plain": [], "with": []}
    for _ in range(rounds):
        times["plain"].append(seconds_of(plain, x, y, []))
        times["with"].append(seconds_of(watched, x, y, [callback]))
    medians = {kind: statistics.median(values) for kind, values in times.items()}
    return {
        "callback": name,
        "steps": -(-len(x) // 128),
        "plain_s": round(medians["plain"], 4),
        "with_s": round(medians["with"], 4),
        "ratio": round(medians["with"] / medians["plain"], 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=25_600)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    x = rng.normal(size=(options.samples, 784)).astype("float32")
    y = rng.integers(0, 10, options.samples)
    rows = []
    for name in MADE:
        rows.append(ratio_of(name, x, y, options.rounds))
        print(rows[-1], flush=True)
    write("callback_overhead", rows, keras.backend.backend())


if __name__ == "__main__":
    main()
