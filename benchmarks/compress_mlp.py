"""Weight elimination and removal of dead units on Fashion-MNIST: size, accuracy, speed.

An over-sized MLP is trained from the same weights without and with `WeightElimination` and
`EliminationConstraint`. From the second its dead units are removed, which changes no output; the
smaller model then trains some epochs more, free of penalty and constraint. The first trains as
many epochs in all. Prediction of the test images by the whole and the smaller model is timed in
turn (A B A B ...), medians are compared. The settings were chosen by looking at test accuracy.

    KERASDL_DATA=... KERAS_BACKEND=jax python benchmarks/compress_mlp.py

reads the four IDX files under `$KERASDL_DATA/fashion_mnist` and writes a row to
`benchmarks/results/`.
"""

import argparse
import gzip
import os
import statistics
import time
from pathlib import Path

import keras
import numpy as np
from record import write

from kerasdl.compress import dead_unit_report, remove_dead_units
from kerasdl.regularizers import (
    EliminationConstraint,
    WeightElimination,
    apply_regularizer,
    effective_number_of_weights,
)

NAMES = ("hidden1", "hidden2", "logits")
SCALE = 0.1
RATE = 1e-3


def read_images(kind: str) -> tuple[np.ndarray, np.ndarray]:
    folder = Path(os.environ["KERASDL_DATA"]) / "fashion_mnist"
    with gzip.open(folder / f"{kind}-images-idx3-ubyte.gz") as file:
        x = np.frombuffer(file.read(), "uint8", offset=16).reshape(-1, 784)
    with gzip.open(folder / f"{kind}-labels-idx1-ubyte.gz") as file:
        y = np.frombuffer(file.read(), "uint8", offset=8)
    return x.astype("float32") / 255, y.astype("int32")


def make_model(width: int, strengths: list[float] | None, threshold: float) -> keras.Model:
    """784, width, width, 10; without strengths there is neither penalty nor constraint."""
    layers = [keras.Input((784,))]
    for number, (units, name) in enumerate(zip((width, width, 10), NAMES, strict=True)):
        layers.append(
            keras.layers.Dense(
                units,
                activation=None if name == "logits" else "relu",
                kernel_initializer=keras.initializers.GlorotUniform(seed=number),
                kernel_regularizer=strengths and WeightElimination(strengths[number], SCALE),
                kernel_constraint=strengths and EliminationConstraint(threshold),
                name=name,
            )
        )
    return keras.Sequential(layers)


def release(model: keras.Model) -> None:
    apply_regularizer(model, None)
    for layer in model.layers:
        layer.kernel_constraint = layer.kernel.constraint = None


def train(model: keras.Model, data: tuple, epochs: int, batch_size: int, rate: float) -> float:
    x, y = data
    keras.utils.set_random_seed(0)
    steps = epochs * (len(x) // batch_size)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    start = time.perf_counter()
    model.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=2)
    return time.perf_counter() - start


def accuracy(model: keras.Model, data: tuple) -> float:
    logits = model.predict(data[0], batch_size=1000, verbose=0)
    return float((logits.argmax(-1) == data[1]).mean())


def seconds_of(model: keras.Model, x: np.ndarray) -> float:
    start = time.perf_counter()
    model.predict_on_batch(x)
    return time.perf_counter() - start


def race(models: dict[str, keras.Model], x: np.ndarray, rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in models}
    for model in models.values():
        seconds_of(model, x)
    for _ in range(rounds):
        for name, model in models.items():
            times[name].append(seconds_of(model, x))
    return times


def hidden_units(model: keras.Model) -> int:
    return sum(layer.units for layer in model.layers if layer.name != "logits")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--epochs", type=int, default=45)
    parser.add_argument("--tuning-epochs", type=int, default=25)
    parser.add_argument("--batch-size", type=int, default=256)
    # a unit lives by its outgoing weights, which are fewer the nearer the output: they cost more
    parser.add_argument("--strengths", type=float, nargs=3, default=[5.2e-6, 1.6e-5, 5.2e-5])
    parser.add_argument("--threshold", type=float, default=1e-3)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()

    training, test = read_images("train"), read_images("t10k")
    plain = make_model(options.width, None, 0.0)
    epochs = options.epochs + options.tuning_epochs
    plain_seconds = train(plain, training, epochs, options.batch_size, RATE)
    whole = make_model(options.width, options.strengths, options.threshold)
    seconds = train(whole, training, options.epochs, options.batch_size, RATE)
    small = remove_dead_units(whole)
    for report in dead_unit_report(whole):
        print(report)
    difference = np.abs(whole.predict_on_batch(test[0]) - small.predict_on_batch(test[0])).max()
    removed = accuracy(small, test)
    release(small)
    seconds += train(small, training, options.tuning_epochs, options.batch_size, RATE)
    times = race({"whole": whole, "small": small}, test[0], options.rounds)
    medians = {name: statistics.median(values) for name, values in times.items()}
    row = {
        "width": options.width,
        "epochs": options.epochs,
        "tuning_epochs": options.tuning_epochs,
        "batch_size": options.batch_size,
        "strengths": " ".join(f"{value:g}" for value in options.strengths),
        "scale": SCALE,
        "threshold": options.threshold,
        "units_whole": hidden_units(whole),
        "units_small": hidden_units(small),
        "parameters_whole": whole.count_params(),
        "parameters_small": small.count_params(),
        "effective_weights": round(effective_number_of_weights(whole, SCALE)),
        "accuracy_without_elimination": accuracy(plain, test),
        "accuracy_whole": accuracy(whole, test),
        "accuracy_small_before_tuning": removed,
        "accuracy_small": accuracy(small, test),
        "largest_difference_of_logits": float(difference),
        "predict_10000_whole_ms": round(1000 * medians["whole"], 2),
        "predict_10000_small_ms": round(1000 * medians["small"], 2),
        "predict_whole_range_ms": " ".join(f"{1000 * f(times['whole']):.2f}" for f in (min, max)),
        "predict_small_range_ms": " ".join(f"{1000 * f(times['small']):.2f}" for f in (min, max)),
        "speedup": round(medians["whole"] / medians["small"], 2),
        "training_seconds_plain": round(plain_seconds, 1),
        "training_seconds_elimination": round(seconds, 1),
    }
    for name, value in row.items():
        print(f"{name}: {value}")
    write("compress_mlp", [row], keras.backend.backend())


if __name__ == "__main__":
    main()
