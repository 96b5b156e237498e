"""Whole runs on small files, from the text or the image to what is written."""

import json

import numpy as np
import pytest
from PIL import Image

from kerasdl.data import Data, Inputs, Samples, TextPlan
from kerasdl.data.text_sets import objects
from kerasdl.training import RunConfig, train
from kerasdl.training.look import look
from kerasdl.training.predicting import predict

pytest.importorskip("sacrebleu")

pytestmark = pytest.mark.long


def figures(run):
    return json.loads((run.folder / "results.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def reversing(tmp_path_factory):
    """A network with attention that has learned to turn words of up to five letters around."""
    folder = tmp_path_factory.mktemp("reversing")
    generator = np.random.default_rng(0)
    words = sorted({"".join(generator.choice(list("abcdef"), n)) for n in (2, 3, 4) * 150})
    rows = "".join(f"{word}\t{word[::-1]}\n" for word in words)
    (folder / "words.tsv").write_text(rows)
    config = RunConfig(
        architecture="seq2seq-attention",
        data=str(folder / "words.tsv"),
        task="sequence-to-sequence",
        tokenizer="characters",
        fields={"units": 32, "embedding": 16, "dropout": 0.0, "rnn": "gru"},
        epochs=30,
        batch_size=16,
        learning_rate=0.01,
        validation=0.0,
        test=0.1,
    )
    return train(config, folder / "run")


def test_words_never_seen_are_turned_around(reversing):
    found = figures(reversing)
    assert found["test"]["exact_match"] > 0.8
    assert found["notes"]["bleu"].startswith("nrefs:1|case:mixed")
    assert len(found["table"]) == 10
    said = predict(reversing.folder, ["abcd", "fed"])
    assert [row["written"] for row in said] == ["dcba", "def"]
    greedy = predict(reversing.folder, ["abcd"], beams=1)
    assert greedy[0]["written"] == "dcba"
    three = predict(reversing.folder, ["abcd", "fed"], n_best=3, coverage_penalty=0.1)
    assert [row["input"] for row in three] == ["abcd"] * 3 + ["fed"] * 3
    assert three[0]["written"] == "dcba" and len({row["written"] for row in three[:3]}) == 3
    assert three[0]["score"] > three[1]["score"] > three[2]["score"]


def test_the_attention_is_drawn_for_any_text(reversing, tmp_path):
    made = look(reversing.folder, ["abc"], folder=tmp_path)
    assert [path.name for path in made.pictures] == ["attention.png"]
    with Image.open(made.pictures[0]) as picture:
        assert min(picture.size) > 100
    assert (reversing.folder / "attention.png").is_file()


def test_a_run_is_measured_again_as_it_was(reversing):
    from kerasdl.training import load_run

    again = load_run(reversing.folder).evaluate("test").figures
    assert again == pytest.approx(figures(reversing)["test"], rel=1e-4)


def shades() -> Data:
    """Two fields, dark or light, and what is said of them."""
    generator = np.random.default_rng(1)
    kinds = generator.integers(0, 2, (240, 2))
    images = np.zeros((240, 8, 16, 1), "uint8")
    for side in (0, 1):
        images[:, :, 8 * side : 8 * side + 8] = 40 + 170 * kinds[:, side, None, None, None]
    names = ("dark", "light")
    said = [f"{names[a]} beside {names[b]}" for a, b in kinds]
    return Data(
        name="shades",
        task="captioning",
        train=Samples(images, objects(said)),
        inputs=Inputs(kind="images", shape=(8, 16, 1), dtype="uint8", value_range=(0.0, 255.0)),
        outputs=0,
        plan=TextPlan(tokenizer="words"),
    )


def test_images_are_described(tmp_path, monkeypatch):
    monkeypatch.setattr("kerasdl.data.load", lambda *_, **__: shades())
    config = RunConfig(
        architecture="captioner-soft",
        data="shades",
        fields={"units": 16, "embedding": 8, "filters": (8,), "dropout": 0.0},
        epochs=20,
        batch_size=16,
        learning_rate=0.01,
        validation=0.0,
    )
    run = train(config, tmp_path / "run")
    assert figures(run)["test"]["exact_match"] == 1.0
    assert (run.folder / "attention.png").is_file()
    pixels = np.full((8, 16), 210, "uint8")
    pixels[:, :8] = 40
    Image.fromarray(pixels).save(tmp_path / "one.png")
    said = predict(run.folder, [str(tmp_path / "one.png")])
    assert said[0]["written"] == "dark beside light"
