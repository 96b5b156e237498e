import json

import pytest


def rows(output):
    """A plain table as a list of its lines' first words."""
    return [line.split()[0] for line in output.splitlines()[1:] if line.strip()]


def test_architectures_are_listed_with_their_plugins(kerasdl):
    names = rows(kerasdl("list").output)
    assert names == sorted(names) and {"cnn", "mlp", "vgg", "perceptron"} <= set(names)
    assert rows(kerasdl("list", "vgg1*").output) == ["vgg"]
    found = json.loads(kerasdl("list", "--task", "tabular-regression", "--json").output)
    assert {entry["architecture"] for entry in found} >= {"mlp", "linear-regression"}
    assert all("tabular-regression" in entry["tasks"] for entry in found)


@pytest.mark.parametrize(
    ("kind", "name", "home"),
    [
        ("optimizer", "nesterov", "kerasdl.optimizers.Nesterov"),
        ("layer", "lstm", "kerasdl.layers.LSTM"),
        ("callback", "throughput", "kerasdl.callbacks.Throughput"),
    ],
)
def test_components_are_listed_by_kind(kerasdl, kind, name, home):
    found = json.loads(kerasdl("list", "--kind", kind, "--json").output)
    assert {entry[kind]: entry["class"] for entry in found}[name] == home
    assert name in rows(kerasdl("list", name[:4] + "*", "--kind", kind).output)


def test_unknown_kind_is_one_message(kerasdl):
    done = kerasdl("list", "--kind", "optimiser")
    assert done.status == 2 and "Did you mean 'optimizer'" in done.errors


def test_architecture_is_described_without_being_built(kerasdl):
    about = json.loads(kerasdl("describe", "vgg16", "--json").output)
    assert about["variant"] == "vgg16" and about["parameters"] == 138357544
    assert {entry["field"] for entry in about["fields"]} >= {"dropout", "dense"}
    done = kerasdl("describe", "vgg16")
    assert "138357544" in done.output and "aliases" not in done.output


def test_layer_table_is_shown_on_demand(kerasdl):
    done = kerasdl("describe", "mlp", "--build", "--input-shape", "5", "--outputs", "3")
    assert done.status == 0, done.errors
    assert "hidden1 (Dense)" in done.output and "(None, 3)" in done.output


@pytest.mark.long
def test_backends_are_told_with_their_devices(kerasdl):
    done = kerasdl("backends")
    assert {"jax", "tensorflow", "torch"} <= set(rows(done.output))
    assert "used: " in done.output


def test_data_sets_are_listed_and_shown(kerasdl):
    assert {"digits", "iris", "wine", "mnist"} <= set(rows(kerasdl("data", "list").output))
    shown = kerasdl("data", "show", "digits").output
    # Counts of each digit as scikit-learn's documentation and the UCI repository give them.
    assert "train 1,797" in shown and "(8, 8, 1)" in shown and "scikit-learn" in shown


def test_training_takes_components_with_arguments(kerasdl):
    done = kerasdl(
        *("train", "mlp", "--data", "iris", "--set", "widths=8", "--epochs", "2"),
        *(
            "--optimizer",
            "kerasdl:adam(beta_1=0.8)",
            "--schedule",
            "warmup(epochs(1)) >> cosine(9)",
        ),
        *(
            "--regularizer",
            "weight-elimination(strength=1e-3)",
            "--callback",
            "throughput(every=1)",
        ),
        *("--run-dir", "run"),
    )
    assert done.status == 0, done.errors
    assert "examples/s" in done.output
    again = kerasdl("train", "--config", "run/config.toml", "--run-dir", "again")
    assert again.status == 0, again.errors
    tested = [[line for line in o.output.splitlines() if "test " in line] for o in (done, again)]
    assert tested[0] == tested[1] and tested[0]
