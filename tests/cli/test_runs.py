import json

import pytest
from PIL import Image


def test_list_shows_runs_of_every_kind(kerasdl, made_run):
    made_run("runs/done")
    half = made_run(
        "runs/half", results__json=None, metrics__csv="epoch,loss,val_accuracy\n1,2,0.5\n2,"
    )
    (half / ".lock").write_text("1")
    made_run("runs/torn", config__toml="[", results__json="{", environment__json=None)
    done = kerasdl("runs", "list")
    assert done.status == 0 and "Traceback" not in done.errors
    lines = done.output.splitlines()
    assert lines[0].split()[:4] == ["run", "architecture", "data", "status"]
    rows = {line.split()[0]: line for line in lines[1:]}
    assert "finished     test accuracy 0.9750 " in rows["runs/done"] and "1:15" in rows["runs/done"]
    assert "interrupted  val accuracy 0.5000" in rows["runs/half"]
    assert "broken" in rows["runs/torn"]


def test_list_says_where_there_is_nothing(kerasdl):
    assert kerasdl("runs", "list").output == "no runs in runs\n"
    missing = kerasdl("runs", "list", "elsewhere")
    assert missing.status == 2 and "there is no folder elsewhere" in missing.errors


def test_list_as_json(kerasdl, made_run):
    made_run("runs/done")
    (found,) = json.loads(kerasdl("runs", "list", "--json").output)
    assert found["figure"] == {"name": "test accuracy", "value": 0.975}
    assert (found["status"], found["epochs"], found["seconds"]) == ("finished", 5, 75.0)


def test_show(kerasdl, made_run):
    folder = made_run()
    shown = kerasdl("runs", "show", folder)
    assert shown.status == 0
    text = shown.output
    assert "test accuracy  0.9750" in text and "epochs        5 of 5" in text
    rows = [line.split() for line in text.splitlines()]
    assert ["seed", "3", "0"] in rows and ["set", "dropout", "0.5", "0.25"] in rows
    assert ["configuration", str(folder / "config.toml")] in rows
    found = json.loads(kerasdl("runs", "show", folder, "--json").output)
    assert found["changed"]["seed"] == {"value": 3, "default": 0}
    assert found["history"]["loss"][0] == 2.0


def test_show_html_writes_the_page_again(kerasdl, made_run):
    folder = made_run()
    shown = kerasdl("runs", "show", folder, "--html")
    assert shown.output == f"{folder / 'report.html'}\n"
    assert "cnn<span> on </span>digits" in (folder / "report.html").read_text("utf-8")


def test_show_of_no_run_is_a_mistake(kerasdl, tmp_path):
    shown = kerasdl("runs", "show", tmp_path)
    assert shown.status == 2 and "is no run folder" in shown.errors


def test_compare(kerasdl, made_run, tmp_path):
    worse = {**made_run.results, "test": {"accuracy": 0.9, "log_loss": 0.2}}
    other = 'architecture = "cnn"\ndata = "digits"\nepochs = 5\nseed = 4\n[fields]\ndropout = 0.5\n'
    first, second = made_run("a"), made_run("b", results__json=worse, config__toml=other)
    shown = kerasdl("runs", "compare", first, second)
    assert shown.status == 0, shown.errors
    rows = [line.split() for line in shown.output.splitlines()]
    assert ["accuracy", "0.9750", "0.9000", "a"] in rows
    assert ["seed", "3", "4"] in rows and not any(
        row[:1] == ["epochs"] and row[1] != "5" for row in rows
    )
    with Image.open(tmp_path / "compare.png") as picture:
        assert len(picture.convert("RGB").getcolors(2**20)) > 10
    found = json.loads(
        kerasdl("runs", "compare", first, second, "--json", "--out", "two.png").output
    )
    assert found["settings"] == {"seed": [3, 4]} and (tmp_path / "two.png").is_file()


def test_compare_needs_two_and_curves(kerasdl, made_run):
    alone = kerasdl("runs", "compare", made_run("a"))
    assert alone.status == 2 and "two runs or more" in alone.errors
    bare = [made_run(name, metrics__csv=None) for name in ("b", "c")]
    assert "metrics.csv" in kerasdl("runs", "compare", *bare).errors


@pytest.mark.parametrize("command", [("list",), ("show", "run"), ("compare", "run", "run2")])
def test_commands_have_no_tracebacks_in_a_folder_of_ruins(kerasdl, made_run, command):
    made_run("run", config__toml="", results__json='{"status": []}', metrics__csv="\0")
    made_run("run2", config__toml="x = 1", results__json="3", environment__json='{"devices": 3}')
    done = kerasdl("runs", *command, *((".",) if command == ("list",) else ()))
    assert done.status in (0, 2) and "Traceback" not in done.errors + done.output
