"""What checkpoints and the guard cost at their defaults: fits with and without both, in turn.

    KERAS_BACKEND=jax python benchmarks/survival_overhead.py

The CNN of `make demo` (20 epochs on scanned digits, validated) and nanoGPT's transformer for a CPU
(4 layers, 4 heads, width 128, batches of 12 x 64 tokens), compiled before; each row is a number of
pairs of fits. `wall` and `processor` are medians over the pairs of protected over plain time, the
latter of all threads, which a busy machine disturbs less. Writes
`benchmarks/results/survival_overhead-*.csv`.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
from record import write

import kerasdl  # above Keras: it chooses the backend
from kerasdl.callbacks import LossGuard, ResumableCheckpoint, WeightsAtRest
from kerasdl.data import Batches, load, split


class Logging(keras.callbacks.Callback):
    """Stands for the run's progress, which reads the logs of every batch too."""

    async_safe = True

    def on_train_batch_end(self, batch, logs=None):
        self.latest = logs


def demo():
    data = split(load("digits"), seed=0)
    model = kerasdl.create_model("cnn", spec=data.spec())
    return model, Batches(data.train.x, data.train.y, 64, seed=0), 20, data.validation


def transformer():
    rng = np.random.default_rng(0)
    model = kerasdl.create_model("gpt", vocab_size=65, context=64, layers=4, heads=4, width=128)
    x, y = rng.integers(0, 65, (2, 12 * 500, 64))
    return model, Batches(x.astype("int32"), y.astype("int32"), 12, seed=0), 1, None


NETWORKS = {"cnn on digits": demo, "transformer": transformer}


def measured(name, make, pairs, work):
    keras.utils.set_random_seed(0)
    model, batches, epochs, held_out = make()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
    validation = None if held_out is None else (held_out.x, held_out.y)
    written = []

    def spent(protected):
        batches.restore({"seed": 0, "epoch": 0, "batch": 0})
        guards, last = [], []
        if protected:
            folder = Path(tempfile.mkdtemp(dir=work))
            guards = [LossGuard()]
            monitor = None if validation is None else "val_loss"
            last = [ResumableCheckpoint(folder / "c", batches, guards, monitor=monitor)]
        wall, processor = time.perf_counter(), time.process_time()
        callbacks = [*guards, WeightsAtRest(), Logging(), *last]
        model.fit(
            batches,
            epochs=epochs,
            verbose=0,
            shuffle=False,
            callbacks=callbacks,
            validation_data=validation,
        )
        if protected:
            written.append(len(list(folder.glob("c/step-*"))))
        return time.perf_counter() - wall, time.process_time() - processor

    spent(False), spent(True)
    rows = [(*spent(False), *spent(True)) for _ in range(pairs)]
    return {
        "network": name,
        "steps": epochs * len(batches),
        "pairs": pairs,
        "plain_s": round(statistics.median(row[0] for row in rows), 3),
        "protected_s": round(statistics.median(row[2] for row in rows), 3),
        "wall": round(statistics.median(row[2] / row[0] for row in rows), 3),
        "processor": round(statistics.median(row[3] / row[1] for row in rows), 3),
        "checkpoints_kept": max(written),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as work:
        for name in options.networks:
            rows.append(measured(name, NETWORKS[name], options.pairs, work))
            print(rows[-1], flush=True)
    write("survival_overhead", rows, keras.backend.backend())


if __name__ == "__main__":
    main()
