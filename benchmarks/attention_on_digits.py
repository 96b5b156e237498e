"""How often a captioner looks at the digit that it names.

    kerasdl reproduce run digit-scenes-captions
    cd runs/card-digit-scenes-captions
    KERAS_BACKEND=jax python ../../benchmarks/attention_on_digits.py seed-0

For the test scenes of `digit-scenes` and each of the four digits of the caption that the network
writes: `share` of the attention's weight that lies on that digit's 16x16 pixels as its word is
chosen, `peak` how often the region with the most weight does, and `other` how much weight lies on
the other three (the rest lies between). Writes `benchmarks/results/attention_on_digits-*.csv`.
"""

import argparse

import numpy as np
from record import write

from kerasdl.training.finished import open_finished

PLACES = {"upper left": 0, "upper right": 2, "lower left": 4, "lower right": 6}
"""Each digit's word in `A and B above C and D`."""


def quarters(side):
    """For each digit, the regions over it: scenes have 36 pixels, those from 16 to 19 empty."""
    pixel = (np.arange(side) + 0.5) * 36 / side
    first, second = pixel < 16, pixel >= 20
    return [np.outer(row, column) for row in (first, second) for column in (first, second)]


def looked(run):
    from kerasdl.data import Samples, load

    scenes = load("digit-scenes").test.x
    weights = []
    for start in range(0, len(scenes), 100):
        x = scenes[start : start + 100]
        outputs = run.task.outputs(Samples(x), run.model, run.form)
        words, found = run.task.attention(x, outputs.tokens, run.model, run.form)
        weights += [own for said, own in zip(words, found, strict=True) if len(said) == 8]
    side = round(weights[0].shape[-1] ** 0.5)
    return len(scenes), np.stack(weights).reshape(len(weights), -1, side, side)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("run", help="Folder of a finished run on digit-scenes")
    scenes, maps = looked(open_finished(options.parse_args().run))
    masks = quarters(maps.shape[-1])
    rows = []
    for (name, place), own in zip(PLACES.items(), masks, strict=True):
        seen = maps[:, place]
        others = sum(mask for mask in masks if mask is not own)
        peak = seen.reshape(len(seen), -1).argmax(axis=1)
        rows.append(
            {
                "digit": name,
                "captions": f"{len(maps)} of {scenes}",
                "share": round(float(seen[:, own].sum(axis=1).mean()), 4),
                "other": round(float((seen * others).sum(axis=(1, 2)).mean()), 4),
                "peak": round(float(own.reshape(-1)[peak].mean()), 4),
            }
        )
        print(rows[-1])
    import keras  # the run has chosen its backend

    write("attention_on_digits", rows, keras.config.backend())


if __name__ == "__main__":
    main()
