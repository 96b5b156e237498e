"""Whole runs on small files, from the text to the prediction."""

import json
import os

import numpy as np
import pytest

from kerasdl.training import RunConfig, train
from kerasdl.training.predicting import predict
from kerasdl.training.writing import Writer

if os.environ.get("KERASDL_TEST_REPEAT") == "1":  # in the quick suite one backend trains
    pytestmark = pytest.mark.long


def run_of(tmp_path, architecture, data, epochs=1, **values):
    fields = {"units": 8, "embedding": 8, "dropout": 0.0, **values.pop("fields", {})}
    config = RunConfig(
        architecture=architecture,
        data=str(data),
        fields=fields,
        epochs=epochs,
        batch_size=values.pop("batch_size", 8),
        learning_rate=0.02,
        **values,
    )
    return train(config, tmp_path / "run")


def figures(run):
    return json.loads((run.folder / "results.json").read_text("utf-8"))["test"]


def test_texts_with_classes(tmp_path):
    words = {"good": ["fine", "great", "nice"], "bad": ["poor", "awful", "dull"]}
    rows = [
        f"a {word} film number {n},{label}"
        for label, own in words.items()
        for word in own
        for n in range(12)
    ]
    (tmp_path / "films.csv").write_text("\n".join(["text,opinion", *rows]) + "\n")
    run = run_of(
        tmp_path, "lstm", tmp_path / "films.csv", 4, task="text-classification", target=("opinion",)
    )
    assert figures(run)["accuracy"] == 1.0
    said = predict(run.folder, ["one great film", "an awful film"])
    assert [row["class"] for row in said] == ["good", "bad"]
    assert said[0]["input"] == "one great film"


@pytest.mark.long
def test_labels_for_words_with_their_characters(tmp_path):
    """What ends in `-ly` is an adverb, also where the word was never seen."""
    stems = ["quick", "slow", "calm", "loud", "glad", "kind", "bold", "warm"]
    lines = []
    for n in range(64):
        stem = stems[n % 8]
        adverb = n % 2 == 0
        word, tag = (f"{stem}ly", "ADV") if adverb else (stem, "ADJ")
        for place, (form, label) in enumerate((("so", "ADV"), (word, tag)), 1):
            lines.append("\t".join([str(place), form, "_", label, *["_"] * 6]))
        lines.append("")
    (tmp_path / "words.conllu").write_text("\n".join(lines) + "\n")
    run = run_of(
        tmp_path,
        "bilstm",
        tmp_path / "words.conllu",
        6,
        word_length=10,
        fields={"character_size": 8, "character_units": 16, "word_dropout": 0.5},
    )
    assert figures(run)["token_accuracy"] > 0.9
    rows = predict(run.folder, ["so harshly"])
    assert rows[0]["labels"] == "so/ADV harshly/ADV"


@pytest.mark.parametrize(
    "fields",
    [{"stateful": True, "streams": 4, "tied": True}, pytest.param({}, marks=pytest.mark.long)],
)
def test_a_text_is_learned_and_goes_on(tmp_path, fields):
    (tmp_path / "abc.txt").write_text("abcdefgh\n" * 200)
    run = run_of(
        tmp_path,
        "gru",
        tmp_path / "abc.txt",
        12 if fields else 3,
        context=12,
        steps=None if fields else 40,
        batch_size=4 if fields else 8,
        fields=fields,
    )
    found = figures(run)
    assert found["perplexity"] < 3
    assert found["bits_per_character"] == pytest.approx(np.log2(found["perplexity"]))
    from kerasdl.decoding import Greedy

    text = "".join(Writer(run.folder).write("abcd", strategy=Greedy(), max_new_tokens=14))
    assert text == "efgh\nabcdefgh\n"
    assert predict(run.folder, ["abcdefgh"])[0]["tokens"] == 8


def test_a_series_is_forecast(tmp_path):
    hours = np.arange(400)
    rows = [f"{n},{np.sin(n / 4):.4f},{50 + 10 * np.cos(n / 4):.4f}" for n in hours]
    (tmp_path / "load.csv").write_text("\n".join(["hour,a,b", *rows]) + "\n")
    config = RunConfig(
        architecture="nlinear",
        data=str(tmp_path / "load.csv"),
        task="forecasting",
        target=("a", "b"),
        context=48,
        horizon=4,
        epochs=30,
        batch_size=16,
        learning_rate=0.01,
    )
    run = train(config, tmp_path / "run")
    found = figures(run)
    assert found["mse"] < 0.3 * found["naive_mse"]
    assert (run.folder / "forecasts.png").is_file()
    said = predict(run.folder, [str(tmp_path / "load.csv")])
    assert [row["step"] for row in said] == [1, 2, 3, 4]
    assert said[0]["a"] == pytest.approx(np.sin(400 / 4), abs=0.5)
