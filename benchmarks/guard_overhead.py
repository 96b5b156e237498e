"""What the guard of a run costs: fits with and without it, in turn.

    KERAS_BACKEND=jax python benchmarks/guard_overhead.py

The CNN of `kerasdl train cnn --data digits` (batches of 64) and a small GPT (2 layers, width 64,
batches of 12 x 64 tokens), compiled before; each row is a number of pairs of fits, one without and
one with `LossGuard()`. `ratio` is that of the medians of wall time; `share` the time spent in the
guard's own methods (waiting for the device included) by the time of its fits, which a busy machine
disturbs less. Writes `benchmarks/results/guard_overhead-*.csv`.
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

HOOKS = ("on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end")
HOOKS += ("on_epoch_end", "on_train_end")


class Logging(keras.callbacks.Callback):
    """Stands for the run's progress, which reads the logs of every batch too."""

    async_safe = True

    def on_train_batch_end(self, batch, logs=None):
        self.latest = logs


class Timed(LossGuard):
    """Counts the seconds in its own methods."""

    def __init__(self):
        super().__init__()
        self.seconds = 0.0


def timed(name):
    def call(self, *arguments, **named):
        begun = time.perf_counter()
        try:
            getattr(LossGuard, name)(self, *arguments, **named)
        finally:
            self.seconds += time.perf_counter() - begun

    return call


for hook in HOOKS:
    setattr(Timed, hook, timed(hook))


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

    def seconds(*guards):
        begun = time.perf_counter()
        callbacks = [*guards, WeightsAtRest(), Logging()]
        model.fit(batches, epochs=epochs, verbose=0, shuffle=False, callbacks=callbacks)
        return time.perf_counter() - begun

    seconds(), seconds(LossGuard())
    plain, guarded, own = [], [], []
    for _ in range(pairs):
        plain.append(seconds())
        guard = Timed()
        guarded.append(seconds(guard))
        own.append(guard.seconds / guarded[-1])
        if guard.events:
            raise RuntimeError(f"the guard acted: {guard.events}")
    return {
        "network": name,
        "steps": epochs * len(batches),
        "pairs": pairs,
        "plain_s": round(statistics.median(plain), 4),
        "guarded_s": round(statistics.median(guarded), 4),
        "ratio": round(statistics.median(guarded) / statistics.median(plain), 3),
        "ratio_of_pairs": round(
            statistics.median(b / a for a, b in zip(plain, guarded, strict=True)), 3
        ),
        "share": round(statistics.median(own), 4),
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
