"""The plugins that the guide shows work as they stand."""

import json
import shutil
import sys
import tomllib
import warnings

import numpy as np
import pytest

from kerasdl import create_model, load_model
from kerasdl.cli import main
from kerasdl.data import load
from kerasdl.errors import UserError
from kerasdl.models import model_origin
from kerasdl.plugin import Spec, host, reset_host
from kerasdl.testing.distribution import write_distribution
from kerasdl.testing.plugin_checks import check_plugin
from kerasdl.training import RunConfig, load_run, train
from kerasdl.training.finished import open_finished
from kerasdl.training.predicting import predict

NAMES = ("mlflow", "necked", "ranked", "thirds", "two-spirals")
PLUGINS = "mlp,resnet,transformer,sound-net"


class Examples:
    """Distributions of `docs/examples`, installed as an installer would."""

    def __init__(self, root, site, monkeypatch):
        self.home, self.site, self.monkeypatch = root / "docs" / "examples", site, monkeypatch

    def install(self, name, version=None):
        folder = self.home / f"kerasdl-{name}"
        about = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
        files = {
            str(path.relative_to(folder / "src")): path.read_text("utf-8")
            for path in folder.glob("src/**/*.py")
        }
        write_distribution(
            self.site.folder,
            about["name"],
            files,
            about["entry-points"]["kerasdl"],
            version or about["version"],
            about["dependencies"],
        )
        self.monkeypatch.setenv("KERASDL_PLUGINS", f"{PLUGINS},{name}")
        reset_host()

    def remove(self, name):
        for info in self.site.folder.glob(f"kerasdl_{name.replace('-', '_')}-*.dist-info"):
            shutil.rmtree(info)
        reset_host()


@pytest.fixture
def examples(root, site, monkeypatch, tmp_path):
    site.sound("sound-net")
    monkeypatch.chdir(tmp_path)
    yield Examples(root, site, monkeypatch)
    for name in [name for name in sys.modules if name.partition(".")[0] in PACKAGES]:
        del sys.modules[name]


PACKAGES = {f"kerasdl_{name.replace('-', '_')}" for name in NAMES}


def failed(name, only=()):
    return [row for row in check_plugin(name, only) if row.outcome == "failed"]


def test_every_example_stands_on_a_page_and_is_tested(root):
    folders = {path.name for path in (root / "docs" / "examples").iterdir()}
    assert folders == {f"kerasdl-{name}" for name in NAMES}
    pages = "".join(path.read_text("utf-8") for path in (root / "docs").glob("*.md"))
    for path in (root / "docs" / "examples").glob("*/src/*/*.py"):
        if path.name != "__init__.py":
            assert f'--8<-- "{path.relative_to(root).as_posix()}"' in pages


def test_two_spirals_are_the_benchmarks_points(examples):
    examples.install("two-spirals")
    data = load("two-spirals")
    assert (data.train.x.shape, data.test.x.shape) == ((194, 2), (192, 2))
    np.testing.assert_array_equal(np.bincount(data.train.y), [97, 97])
    # Radius 6.5 at the beginning; after a quarter of a turn 6.5 * 96 / 104 = 6; 0.5 at the end,
    # after three turns.
    expected = {0: (0, 6.5), 8: (6, 0), 96: (0, 0.5), 97: (0, -6.5)}
    for place, point in expected.items():
        np.testing.assert_allclose(data.train.x[place], point, atol=1e-6)
    # Half a step past the quarter of a turn, a 64th of a turn.
    radius = 6.5 * 95.5 / 104
    between = (radius * np.cos(np.pi / 32), -radius * np.sin(np.pi / 32))
    np.testing.assert_allclose(data.test.x[8], between, atol=1e-6)
    assert failed("two-spirals") == []
    run = train(RunConfig(architecture="sound-net", data="two-spirals", epochs=1))
    assert run.folder.name == "sound-net-two-spirals-1"


def test_task_takes_the_data_and_architectures_of_another(examples, tmp_path, capfd):
    examples.install("ranked")
    assert failed("ranked") == []
    options = {"architecture": "sound-net", "data": "digits", "epochs": 1}
    run = train(RunConfig(task="ranked-image-classification", **options), tmp_path / "ranked")
    plain = train(RunConfig(**options), tmp_path / "plain")
    for split_name in ("train", "test"):  # split alike, by the classes
        one, other = run.samples(split_name), plain.samples(split_name)
        np.testing.assert_array_equal(one.x, other.x)
    outputs = run.model.predict(run.samples("test").x, verbose=0).astype("float64")
    rows = zip(run.samples("test").y, outputs, strict=True)
    expected = np.mean([sum(other > row[y] for other in row) < 3 for y, row in rows])
    results = json.loads((run.folder / "results.json").read_text("utf-8"))["test"]
    assert results["top_3"] == pytest.approx(expected, abs=1e-9)
    assert "val_top_3" in (run.folder / "metrics.csv").read_text("utf-8").splitlines()[0]
    again = load_run(run.folder)
    assert again.evaluate().figures["top_3"] == pytest.approx(expected, abs=1e-9)
    np.save("new.npy", run.samples("test").x[:2])
    assert len(predict(run.folder, ["new.npy"])) == 2
    with pytest.raises(SystemExit):
        main(["list", "--task", "ranked-image-classification"])
    assert "sound-net" in capfd.readouterr().out


def test_runs_of_a_plugins_task_ask_for_it(examples, tmp_path):
    examples.install("ranked")
    run = train(
        RunConfig(
            architecture="sound-net", data="digits", task="ranked-image-classification", epochs=1
        ),
        tmp_path / "run",
    )
    examples.remove("ranked")
    needed = r"the run needs the plugin kerasdl-ranked 1.0 \(task .*\), which is not installed: pip"
    for opened in (load_run, open_finished):
        with pytest.raises(UserError, match=needed):
            opened(run.folder)
    examples.install("ranked", version="2.0")
    with pytest.warns(UserWarning, match="made with kerasdl-ranked 1.0; 2.0 is installed"):
        open_finished(run.folder)


TEXT = "the cat sat on the mat. the dog sat on the log. " * 600


def test_tokenizer_is_trained_saved_and_asked_for(examples, tmp_path):
    examples.install("thirds")
    assert failed("thirds") == []
    (tmp_path / "plays.txt").write_text(TEXT)
    run = train(
        RunConfig(
            architecture="gpt",
            data=str(tmp_path / "plays.txt"),
            tokenizer="thirds(size=2, min_count=2)",
            context=8,
            epochs=1,
            steps=2,
            fields={"layers": 1, "heads": 1, "width": 8},
        ),
        tmp_path / "run",
    )
    tokenizer = open_finished(run.folder).form.inputs.text.tokenizer
    assert tokenizer.tokens[:4] == ("<pad>", "<unk>", "<bos>", "<eos>")
    pieces = [TEXT[i : i + 2] for i in range(0, 20, 2)]
    numbers = tokenizer.encode([TEXT[:20]])[0]
    assert tokenizer.pieces(numbers) == pieces
    assert tokenizer.decode(numbers) == TEXT[:20]
    assert (predict(run.folder, ["the dog sat"])[0]["tokens"]) == 6
    state = json.loads((run.folder / "task.json").read_text("utf-8"))["inputs"]["text"]
    assert state["plugin"]["distribution"] == "kerasdl-thirds" and state["config"] == {"size": 2}
    examples.remove("thirds")
    with pytest.raises(UserError, match=r"the tokenizer needs the plugin kerasdl-thirds 1\.0.*pip"):
        open_finished(run.folder)


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("thirds(length=2)", "tokenizer 'thirds' cannot be made: .*length"),
        ("thirds(min_count=0)", "`min_count` must be"),
        ("fourths", "`kind` must be one of"),
    ],
)
def test_mistakes_with_a_tokenizer_are_named(examples, tmp_path, written, rule):
    examples.install("thirds")
    (tmp_path / "plays.txt").write_text(TEXT)
    config = RunConfig(architecture="gpt", data=str(tmp_path / "plays.txt"), tokenizer=written)
    with pytest.raises(UserError, match=rule):
        train(config, tmp_path / "run")


def test_backbone_of_another_plugin(examples, tmp_path):
    examples.install("necked")
    assert failed("necked", ["requirements_are_declared", "builds", "own_names", "clone"]) == []
    spec = Spec(task="image-classification", input_shape=(16, 16, 1), outputs=3)
    model = create_model("necked", spec=spec, width=4, frozen=True)
    assert [v.path for v in model.trainable_variables] == [
        f"{layer}/{kind}" for layer in ("neck", "head") for kind in ("kernel", "bias")
    ]
    model.save("a.keras")
    assert model_origin("a.keras")["architecture"] == "necked"
    x = np.random.default_rng(0).normal(size=(2, 16, 16, 1)).astype("float32")
    loaded = load_model("a.keras").predict(x, verbose=0)
    np.testing.assert_allclose(loaded, model.predict(x, verbose=0), rtol=1e-5)
    examples.monkeypatch.setenv("KERASDL_PLUGINS", "necked")
    reset_host()
    with pytest.raises(UserError, match="needs 'resnet' of kerasdl-resnet, which is switched off"):
        create_model("necked", spec=spec)


def test_runs_are_written_to_mlflow(examples, tmp_path):
    pytest.importorskip("mlflow", reason="mlflow is not installed: pip install mlflow")
    pytest.importorskip("sqlalchemy", reason="MLflow's store in SQLite needs sqlalchemy")
    examples.monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    examples.install("mlflow")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what MLflow and its store say of each other
        from mlflow import MlflowClient

        run = train(RunConfig(architecture="sound-net", data="iris", epochs=2), tmp_path / "run")
        client = MlflowClient()
        (experiment,) = [e for e in client.search_experiments() if e.name == "kerasdl"]
        (found,) = client.search_runs([experiment.experiment_id])
    assert host().states and all(state.state != "quarantined" for state in host().states)
    assert (found.info.status, found.info.run_name) == ("FINISHED", "run")
    assert found.data.params["architecture"] == "sound-net"
    assert found.data.params["fields.width"] == "4"
    results = json.loads((run.folder / "results.json").read_text("utf-8"))["test"]
    assert found.data.metrics["test_accuracy"] == pytest.approx(results["accuracy"])
    history = client.get_metric_history(found.info.run_id, "loss")
    losses = [line.split(",") for line in (run.folder / "metrics.csv").read_text().splitlines()]
    place = losses[0].index("loss")
    assert [(m.step, pytest.approx(m.value, rel=1e-4)) for m in history] == [
        (epoch, float(line[place])) for epoch, line in enumerate(losses[1:], 1)
    ]
    kept = {entry.path for entry in client.list_artifacts(found.info.run_id)}
    assert {"model.keras", "results.json", "config.toml"} <= kept
