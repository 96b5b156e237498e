import dataclasses
import json

import numpy as np
import pytest

from kerasdl.cli import main
from kerasdl.data import Data, Finding, Inputs, Samples, examine, load, split
from kerasdl.data.inputs import Column

pytestmark = pytest.mark.once


def table(x, y, *, columns=None, task="tabular-classification", test=None, **more):
    x = np.asarray(x, "float32")
    names = columns or tuple(f"c{i}" for i in range(x.shape[1]))
    inputs = Inputs(kind="table", shape=(x.shape[1],), columns=tuple(Column(n) for n in names))
    outputs = more.pop("outputs", int(np.max(y)) + 1 if np.ndim(y) == 1 else np.shape(y)[1])
    return Data(
        name="made",
        task=task,
        train=Samples(x, np.asarray(y)),
        test=test,
        inputs=inputs,
        outputs=outputs,
        **more,
    )


def checks(data, **options):
    return {finding.check: finding for finding in examine(data, **options)}


@pytest.fixture
def sound(rng):
    return table(rng.normal(size=(60, 3)), np.arange(60) % 2, classes=("no", "yes"))


def test_nothing_is_found_in_sound_data(sound):
    assert examine(sound) == ()
    assert examine(split(load("digits"), seed=0)) == ()


def test_gaps_are_counted_by_column(sound):
    x = sound.train.x.copy()
    x[:6, 1] = np.nan
    found = checks(sound.replace(train=Samples(x, sound.train.y)))["gaps"]
    assert found.level == "note"
    assert found.evidence["share"] == {"c1": pytest.approx(0.1)}
    x[:40, 2] = np.nan
    found = checks(sound.replace(train=Samples(x, sound.train.y)))["gaps"]
    assert found.level == "warning" and "'c2' with 67% of its rows" in found.message


def test_a_feature_that_never_changes_is_named(sound):
    x = sound.train.x.copy()
    x[:, 2] = 4.0
    found = checks(sound.replace(train=Samples(x, sound.train.y)))["constant"]
    assert found.evidence == {"features": ["c2"], "count": 1}
    assert "leave them out" in found.advice
    x[:] = 4.0
    found = checks(sound.replace(train=Samples(x, sound.train.y)))["constant"]
    assert "nothing to learn" in found.advice


def test_a_feature_that_changes_between_the_samples_looked_at_is_not_constant():
    x = np.zeros((50_000, 1), "float32")
    x[1] = 1.0  # of three, the first is looked at
    assert "constant" not in checks(table(x, np.arange(50_000) % 2))


def test_scale_says_what_is_done_about_it(sound):
    x = sound.train.x * np.array([1.0, 1e4, 1.0]) + np.array([0, 0, 500])
    data = sound.replace(train=Samples(x.astype("float32"), sound.train.y))
    found = checks(data)["scale"]
    low, high = found.evidence["deviations"]
    deviations = x.astype("float32").astype("float64").std(axis=0)
    assert (low, high) == (pytest.approx(min(deviations[[0, 2]])), pytest.approx(deviations[1]))
    assert found.evidence["offset"] == pytest.approx(500 / deviations[2], rel=0.01)
    assert found.level == "note" and "brings every feature to mean 0" in found.advice
    without = checks(data, preprocessing="none")["scale"]
    assert without.level == "warning" and "`standardize`" in without.advice


def test_imbalance_has_the_figure_of_always_saying_one_class(rng):
    y = np.where(np.arange(300) < 280, 0, 1)
    found = checks(table(rng.normal(size=(300, 2)), y, classes=("no", "yes")))["imbalance"]
    assert found.evidence["chance"] == pytest.approx(280 / 300)
    assert found.evidence["largest"] == {"'no'": 280}
    assert "93.3%" in found.advice


def test_absent_classes_are_named_by_split(rng):
    x, y = rng.normal(size=(40, 2)), np.arange(40) % 2 * 2
    test = Samples(rng.normal(size=(4, 2)).astype("float32"), np.array([0, 1, 1, 1]))
    found = [f for f in examine(table(x, y, outputs=3, test=test)) if f.check == "absent"]
    assert [(f.evidence["part"], f.evidence["classes"]) for f in found] == [
        ("train", ["1"]),
        ("test", ["2"]),
    ]
    assert [f.level for f in found] == ["warning", "note"]


def test_duplicates_across_splits_are_counted_and_shown(sound, rng):
    x = rng.normal(size=(50, 3)).astype("float32")
    x[7], x[9] = sound.train.x[31], sound.train.x[4]
    found = checks(sound.replace(test=Samples(x, np.arange(50) % 2)))["duplicates"]
    assert found.evidence == {"part": "test", "count": 2, "first": [(7, 31), (9, 4)]}
    assert found.level == "warning" and "7 = train 31" in found.message


def test_equal_inputs_with_unequal_labels_are_found(sound):
    x = sound.train.x.copy()
    x[20], x[11] = x[0], x[3]  # 20 and 0 are of one class, so are 11 and 3
    x[31] = x[0]
    found = checks(sound.replace(train=Samples(x, sound.train.y)))
    assert found["conflicts"].evidence == {"count": 1, "first": [(0, 31)]}
    assert found["repeated"].evidence["count"] == 3


def test_values_to_predict_that_lie_far_outside_or_never_change(rng):
    y = rng.normal(size=(100, 2)).astype("float32")
    y[:, 1] = 3.0
    y[17, 0] = 1e6
    data = table(
        rng.normal(size=(100, 2)), y, task="tabular-regression", target_names=("price", "rooms")
    )
    found = checks(data)
    assert found["outliers"].evidence["first"] == [17]
    assert found["constant"].message == "'rooms' is 3 in all training samples"


def test_labels_that_nearly_never_hold(rng):
    y = np.zeros((300, 2), "float32")
    y[:2, 0] = 1
    y[::2, 1] = 1
    data = table(
        rng.normal(size=(300, 2)),
        y,
        task="multi-label-classification",
        target_names=("rare", "usual"),
    )
    assert checks(data)["imbalance"].evidence == {"share": {"rare": 0.00667}}


def test_blank_images_are_found(rng):
    x = rng.integers(0, 255, (30, 5, 5, 3)).astype("uint8")
    x[4], x[20] = 7, 0
    x[5, :, :] = 9
    x[5, 2, 3] = 10  # nearly
    inputs = Inputs(kind="images", shape=(5, 5, 3), dtype="uint8")
    data = Data(
        name="made",
        task="image-classification",
        train=Samples(x, np.arange(30) % 2),
        inputs=inputs,
        outputs=2,
    )
    assert checks(data)["blank"].evidence == {"part": "train", "count": 2, "first": [4, 20]}


def test_a_series_that_lies_elsewhere_in_the_test(rng):
    x = rng.normal(size=(400, 2)).astype("float32")
    inputs = Inputs(kind="arrays", shape=(2,), columns=(Column("load"), Column("heat")))
    data = Data(
        name="made",
        task="forecasting",
        train=Samples(x[:300]),
        test=Samples(x[300:] + np.array([0, 8], "float32")),
        inputs=inputs,
        outputs=2,
    )
    found = checks(data)["drift"]
    assert list(found.evidence["deviations"]) == ["heat"]
    assert found.evidence["deviations"]["heat"] == pytest.approx(8, rel=0.1)


def test_texts_empty_and_long_and_repeated():
    texts = np.array([f"word {i}" for i in range(48)] + ["", " "], object)
    texts[10] = "word " * 500
    inputs = Inputs(kind="texts", shape=(), dtype="object")
    data = Data(
        name="made",
        task="text-classification",
        train=Samples(texts, np.arange(50) % 2),
        test=Samples(np.array(["word 3", "else"], object), np.array([1, 0])),
        inputs=inputs,
        outputs=2,
        classes=("a", "b"),
    )
    found = checks(data)
    assert found["empty"].evidence["count"] == 2
    assert found["lengths"].evidence["at"] == 10
    assert found["duplicates"].evidence["first"] == [(0, 3)]


def test_warnings_come_first_and_a_finding_is_frozen(sound):
    x = sound.train.x.copy()
    x[:3, 1] = np.nan
    x[:, 2] = 1.0
    found = examine(sound.replace(train=Samples(x, sound.train.y)))
    assert [finding.level for finding in found] == ["warning", "note"]
    assert Finding(**found[0].to_dict()) == found[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        found[0].level = "note"


def test_command_prints_findings_and_json(tmp_path, capsys, rng):
    rows = rng.normal(size=(40, 2))
    lines = [f"{a:.3f},7,{b:.3f},{'yes' if a > 0 else 'no'}" for a, b in rows]
    file = tmp_path / "made.csv"
    file.write_text("\n".join(["a,seven,b,said", *lines]))

    def said(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["data", "check", str(file), "--target", "said", *arguments])
        assert ended.value.code == 0
        return capsys.readouterr().out

    assert "warning: 1 of 3 features have one value in all training samples: seven" in said()
    about = json.loads(said("--json"))
    assert about["samples"] == {"train": 28, "validation": 4, "test": 8}
    assert about["findings"][0]["evidence"] == {"features": ["seven"], "count": 1}


def test_command_refuses_what_no_network_can_be_trained_on(tmp_path, capsys):
    file = tmp_path / "bad.npz"
    np.savez(file, x=np.full((20, 3), np.nan), y=np.arange(20) % 2)
    with pytest.raises(SystemExit) as ended:
        main(["data", "check", str(file)])
    assert ended.value.code == 2
    assert "values must be finite" in capsys.readouterr().err
