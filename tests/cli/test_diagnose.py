import json

SMALL = ("--set", "widths=16", "--only", "inputs", "--only", "initial-loss")


def test_findings_are_printed_with_their_evidence(kerasdl):
    done = kerasdl("diagnose", "mlp", "--data", "iris", *SMALL)
    assert done.status == 0, done.errors
    lines = done.output.splitlines()
    assert lines[0].startswith("ok       inputs          mean ")
    assert "by chance 1.099 (the logarithm of 3 classes)" in " ".join(done.output.split())
    assert lines[-1] == "nothing to be done"


def test_a_fault_comes_with_advice(kerasdl):
    done = kerasdl("diagnose", "mlp", "--data", "wine", "--preprocessing", "none", *SMALL)
    assert done.status == 0
    assert done.output.startswith("problem  inputs          mean ")
    assert "\n" + 25 * " " + "-> Leave --preprocessing at auto" in done.output
    assert done.output.splitlines()[-1].startswith("to be done: inputs")


def test_json_is_a_list_of_findings(kerasdl):
    done = kerasdl("diagnose", "mlp", "--data", "iris", *SMALL, "--json")
    found = json.loads(done.output)
    assert [entry["check"] for entry in found] == ["inputs", "initial-loss"]
    assert set(found[0]) == {"check", "verdict", "evidence", "advice"}


def folder_of(tmp_path, rows, task, **results):
    run = tmp_path / "run"
    run.mkdir()
    (run / "task.json").write_text(json.dumps({"task": task}))
    (run / "results.json").write_text(json.dumps(results))
    (run / "metrics.csv").write_text("\n".join([*rows, ""]))
    return run


def test_a_run_is_judged_by_its_curves(kerasdl, tmp_path):
    rows = [f"{i},{2 + 0.01 * (i % 2)},{2.1}" for i in range(6)]
    run = folder_of(tmp_path, ["epoch,loss,val_loss", *rows], "tabular-regression")
    done = kerasdl("diagnose", run)
    assert done.status == 0, done.errors
    assert "warning  under-fitting   the training loss fell by 0.0%" in done.output
    assert "-        gradient-norm " in done.output


def test_a_run_is_judged_by_the_figure_of_its_task(kerasdl, tmp_path):
    rows = [f"{i + 1},{2 - i / 5},{a},0.5" for i, a in enumerate([0.5, 0.8, 0.7, 0.6, 0.5, 0.4])]
    how = {"monitor": {"name": "val_accuracy", "mode": "max"}}
    head = "epoch,loss,val_accuracy,val_loss"
    run = folder_of(tmp_path, [head, *rows], "tabular-classification", **how)
    found = {
        entry["check"]: entry for entry in json.loads(kerasdl("diagnose", run, "--json").output)
    }
    assert found["over-fitting"]["verdict"] == "problem"
    assert (
        "val_accuracy 0.8 at its best, point 2 of 6, 0.4 at last"
        in found["over-fitting"]["evidence"]
    )


def test_a_run_without_an_epoch_is_refused(kerasdl, tmp_path):
    run = folder_of(tmp_path, ["epoch,loss"], "tabular-regression")
    done = kerasdl("diagnose", run)
    assert done.status == 2 and "has no epoch yet" in done.errors


def test_mistakes(kerasdl, tmp_path):
    for arguments, message in {
        (
            "mlp",
            "--data",
            "iris",
            "--only",
            "unit",
        ): "there is no check 'unit'. Did you mean 'units'",
        ("mlp",): "`data` must be given",
        ("--data", "iris"): "name an architecture",
        ("mpl", "--data", "iris"): "Did you mean 'mlp'",
        (str(tmp_path),): "is no run folder",
        (str(tmp_path), "--data", "iris"): "`--data` and `--only` are for an architecture",
    }.items():
        done = kerasdl("diagnose", *arguments)
        assert done.status == 2 and message in done.errors and not done.output, arguments
