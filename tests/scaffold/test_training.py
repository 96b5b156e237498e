"""The architecture of every task goes through a whole run: data, training, figures, a prediction."""

import csv
import json

import numpy as np
import pytest

from kerasdl.scaffold.tasks import TASKS
from kerasdl.training import RunConfig, train

pytestmark = pytest.mark.long

WORDS = {"good": ("fine", "great", "nice"), "bad": ("poor", "awful", "dull")}
SCENES = """
import numpy as np
from kerasdl.data.digit_scenes import digit_scenes


def load():
    data = digit_scenes()
    few = {name: part.take(np.arange(96)) for name, part in data.parts.items()}
    return data.replace(**few)
"""
SCENES_PLUGIN = """
from kerasdl.plugin import Dataset, hookimpl


@hookimpl
def kerasdl_datasets():
    yield Dataset(name="few-scenes", summary="few", tasks=("captioning",), loader="PACKAGE.model:load")
"""


def films(folder):
    rows = [f"a {w} film {n},{k}" for k, own in WORDS.items() for w in own for n in range(12)]
    return write(folder / "films.csv", ["text,opinion", *rows])


def labels(folder):
    rng = np.random.default_rng(0)
    rows = [f"{a:.3f},{b:.3f},{int(a > 0)},{int(b > 0)}" for a, b in rng.normal(size=(80, 2))]
    return write(folder / "labels.csv", ["a,b,left,right", *rows])


def sentences(folder):
    lines = []
    for number in range(40):
        pairs = (("so", "ADV"), (("quick", "slow")[number % 2], "ADJ"))
        for place, (word, tag) in enumerate(pairs, 1):
            lines.append("\t".join([str(place), word, "_", tag, *["_"] * 6]))
        lines.append("")
    return write(folder / "words.conllu", lines)


def pairs(folder):
    rows = [f"{' '.join('abcd'[:n])}\t{' '.join('wxyz'[:n])}" for n in (1, 2, 3, 4)] * 20
    return write(folder / "pairs.tsv", rows)


def series(folder):
    rows = [f"{np.sin(n / 4):.4f},{50 + 10 * np.cos(n / 4):.4f}" for n in range(300)]
    return write(folder / "load.csv", ["a,b", *rows])


def write(file, lines):
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return str(file)


DATA = {
    "image-classification": (lambda folder: "digits", {}),
    "tabular-classification": (lambda folder: "iris", {}),
    "tabular-regression": (lambda folder: "diabetes", {}),
    "multi-label-classification": (labels, {"target": ("left", "right")}),
    "text-classification": (films, {"target": ("opinion",)}),
    "sequence-labelling": (sentences, {}),
    "masked-language-modelling": (lambda f: write(f / "l.txt", ["a b c d e f g"] * 80), {}),
    "language-modelling": (lambda f: write(f / "abc.txt", ["abcdefgh"] * 200), {"context": 12}),
    "sequence-to-sequence": (pairs, {}),
    "captioning": (lambda folder: "few-scenes", {}),
    "forecasting": (series, {"target": ("a", "b"), "context": 24, "horizon": 4}),
    "autoencoding": (lambda folder: "digits", {}),
}


@pytest.mark.parametrize("task", TASKS)
def test_new_architecture_is_trained_and_measured(install, site, tmp_path, task):
    site.add("sound-scenes", SCENES_PLUGIN, model=SCENES)
    install(f"sound-{task}")
    data, wishes = DATA[task]
    config = RunConfig(
        architecture=f"sound-{task}",
        data=data(tmp_path),
        task=task,
        fields={name: eval(value) for name, value in TASKS[task].config.items()},
        epochs=2,
        batch_size=16,
        learning_rate=0.01,
        **wishes,
    )
    run = train(config, tmp_path / "run")
    results = json.loads((run.folder / "results.json").read_text("utf-8"))
    assert results["epochs"] == 2
    assert all(np.isfinite(value) for value in results["test"].values())
    losses = _losses(run.folder)
    assert losses[-1] < losses[0]


def _losses(folder):
    with (folder / "metrics.csv").open(encoding="utf-8") as file:
        return [float(row["loss"]) for row in csv.DictReader(file) if row["loss"]]
