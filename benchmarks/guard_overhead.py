"""What the guard of a run costs: fits with and without it, in turn.

    KERAS_BACKEND=jax python benchmarks/guard_overhead.py

The CNN of `kerasdl train cnn --data digits` (batches of 64) and a small GPT (2 layers, width 64,
batches of 12 x 64 tokens), compiled before; each row is a number of pairs of fits, one without and
one with `LossGuard()`, in an order that alternates. `wall_ratio` is the median of the pairs' ratios
of wall time, `busy_ratio` that of the time that all threads of the process were busy, which another
program on the machine disturbs less. Writes `benchmarks/results/guard_overhead-*.csv`.
"""

import argparse
import statistics
import time

import keras
import numpy as np
from record import write

import kerasdl  # above Keras: it chooses the backend
from kerasdl.callbacks import LossGuard, WeightsAtRest
from kerasdl.data import Batches, load, split


class Logging(keras.callbacks.Callback):
    """Stands for the run's progress, which reads the logs of every batch too."""

    async_safe = True

    def on_train_batch_end(self, batch, logs=None):
        self.latest = logs


def digits_cnn():
    data = split(load("digits"), seed=0)
    model = kerasdl.create_model("cnn", spec=data.spec())
    return model, Batches(data.train.x, data.train.y, 64, seed=0), 10


def small_gpt():
    rng = np.random.default_rng(0)
    model = kerasdl.create_model("gpt", vocab_size=65, context=64, layers=2, heads=4, width=64)
    x, y = rng.integers(0, 65, (2, 2400, 64))
    return model, Batches(x.astype("int32"), y.astype("int32"), 12, seed=0), 2


NETWORKS = {"cnn on digits": digits_cnn, "gpt": small_gpt}


def measured(name, make, pairs):
    keras.utils.set_random_seed(0)
    model, batches, epochs = make()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])

    def seconds(guarded):
        guards = [LossGuard()] if guarded else []
        callbacks = [*guards, WeightsAtRest(), Logging()]
        wall, busy = time.perf_counter(), time.process_time()
        model.fit(batches, epochs=epochs, verbose=0, shuffle=False, callbacks=callbacks)
        if any(guard.events for guard in guards):
            raise RuntimeError(f"the guard acted: {guards[0].events}")
        return time.perf_counter() - wall, time.process_time() - busy

    seconds(False), seconds(True)
    plain, ratios = [], []
    for number in range(pairs):
        took = {guarded: seconds(guarded) for guarded in (number % 2 == 0, number % 2 == 1)}
        plain.append(took[False][0])
        ratios.append([ours / theirs for ours, theirs in zip(took[True], took[False], strict=True)])
    wall, busy = (statistics.median(kind) for kind in zip(*ratios, strict=True))
    return {
        "network": name,
        "steps": epochs * len(batches),
        "pairs": pairs,
        "plain_s": round(statistics.median(plain), 4),
        "wall_ratio": round(wall, 3),
        "busy_ratio": round(busy, 3),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--networks", nargs="*", choices=list(NETWORKS), default=list(NETWORKS))
    options = parser.parse_args()
    rows = []
    for name in options.networks:
        rows.append(measured(name, NETWORKS[name], options.pairs))
        print(rows[-1], flush=True)
    write("guard_overhead", rows, keras.backend.backend())


if __name__ == "__main__":
    main()
