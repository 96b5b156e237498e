"""Whole runs on small files, from the text to what is written."""

import json
import os

import numpy as np
import pytest

from kerasdl.decoding import Greedy
from kerasdl.training import RunConfig, train
from kerasdl.training.look import look
from kerasdl.training.predicting import predict
from kerasdl.training.writing import Writer

if os.environ.get("KERASDL_TEST_REPEAT") == "1":  # in the quick suite one backend trains
    pytestmark = pytest.mark.long


def figures(run):
    return json.loads((run.folder / "results.json").read_text("utf-8"))["test"]


def test_a_text_is_learned_and_goes_on_past_its_context(tmp_path):
    (tmp_path / "abc.txt").write_text("abcdefgh\n" * 300)
    config = RunConfig(
        architecture="gpt",
        data=str(tmp_path / "abc.txt"),
        context=16,
        fields={"layers": 1, "heads": 2, "width": 32, "dropout": 0.0},
        epochs=2,
        steps=60,
        batch_size=8,
        learning_rate=0.01,
        validation=0.0,
    )
    run = train(config, tmp_path / "run")
    assert figures(run)["perplexity"] < 1.5
    text = "".join(Writer(run.folder).write("abc", strategy=Greedy(), max_new_tokens=40))
    assert text == ("abcdefgh\n" * 5)[3:43]
    made = look(run.folder, ["abcdefgh"], folder=tmp_path / "inside")
    assert [path.name for path in made.pictures] == ["heads.png"]


@pytest.mark.long
def test_a_small_vision_transformer_learns_shades(tmp_path):
    generator = np.random.default_rng(0)
    y = generator.integers(0, 2, 200)
    x = generator.integers(0, 60, (200, 8, 8, 1)) + 120 * y[:, None, None, None]
    np.savez(tmp_path / "shades.npz", x=x.astype("uint8"), y=y)
    config = RunConfig(
        architecture="vit",
        data=str(tmp_path / "shades.npz"),
        fields={"patch_size": 4, "layers": 1, "heads": 2, "width": 16},
        epochs=6,
        batch_size=16,
        learning_rate=0.003,
    )
    run = train(config, tmp_path / "run")
    assert figures(run)["accuracy"] == 1.0


@pytest.mark.long
def test_hidden_words_are_guessed(tmp_path):
    """After `red` comes `green`, after `sun` comes `moon`."""
    lines = ["red green red green", "sun moon sun moon"] * 150
    (tmp_path / "lines.txt").write_text("\n".join(lines) + "\n")
    config = RunConfig(
        architecture="transformer-encoder",
        data=str(tmp_path / "lines.txt"),
        task="masked-language-modelling",
        tokenizer="words",
        fields={"layers": 1, "heads": 2, "width": 32, "dropout": 0.0},
        epochs=10,
        batch_size=16,
        learning_rate=0.005,
    )
    run = train(config, tmp_path / "run")
    assert figures(run)["token_accuracy"] > 0.8
    said = predict(run.folder, ["red <mask> red green", "sun moon <mask> moon"])
    assert said[0]["<mask> 1"].startswith("green")
    assert said[1]["<mask> 1"].startswith("sun")
