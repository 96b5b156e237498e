import json
import statistics

import pytest

from kerasdl.cards import read_card, reproduce
from kerasdl.errors import UserError
from kerasdl.training.config import read_config

pytestmark = pytest.mark.first


def test_mean_is_over_the_seeds_and_runs_are_kept(card, tmp_path):
    begun = []
    done = reproduce("iris-card", 2, folder=tmp_path / "runs", begin=begun.append)
    assert begun == ["seed-0", "seed-1"]
    measured = [
        json.loads((tmp_path / "runs" / part / "results.json").read_text())["test"]["accuracy"]
        for part in begun
    ]
    assert done.values == tuple(measured)
    assert done.ours.value == pytest.approx(statistics.fmean(measured), abs=1e-5)
    assert done.ours.deviation == pytest.approx(statistics.stdev(measured), abs=1e-5)
    again = reproduce("iris-card", 3, folder=tmp_path / "runs", begin=begun.append, record=True)
    assert begun == ["seed-0", "seed-1", "seed-2"]  # the first two were there
    assert again.values[:2] == done.values
    (ours,) = read_card("iris-card").ours
    assert ours == again.ours and ours.seeds == 3


def test_folds_share_out_every_sample(card, tmp_path):
    card.write_text("folds = 3\n" + card.read_text())
    done = reproduce("iris-card", folder=tmp_path / "runs")
    assert len(done.values) == 3
    tables = [
        json.loads((tmp_path / "runs" / f"seed-0-fold-{k}" / "results.json").read_text())["table"]
        for k in (1, 2, 3)
    ]
    # Fisher's data has 50 flowers of each of 3 species.
    assert [sum(row["samples"] for row in table) for table in tables] == [50, 50, 50]
    for rows in zip(*tables, strict=True):
        assert sum(row["samples"] for row in rows) == 50


def test_figure_that_the_task_has_not_is_named(card, tmp_path):
    card.write_text(card.read_text().replace('"accuracy"', '"rmse"'))
    with pytest.raises(UserError, match="`metric` must be one of accuracy"):
        reproduce("iris-card", folder=tmp_path / "runs")


def test_no_seeds_is_refused(card):
    with pytest.raises(UserError, match="`seeds` must be at least 1"):
        reproduce("iris-card", 0)


def test_pretrained_weights_go_to_every_run_and_not_to_the_baseline(card, tmp_path):
    card.write_text(
        card.read_text()
        + "\n[pretrain]\narchitecture = 'many-one'\ndata = 'iris'\nepochs = 1\nseed = 5\n"
        + "\n[baseline]\nepochs = 1\n"
    )
    begun = []
    done = reproduce("iris-card", 2, folder=tmp_path / "runs", begin=begun.append, record=True)
    assert begun == ["pretrained", "seed-0", "seed-1", "seed-0-baseline", "seed-1-baseline"]
    configs = {part: read_config(tmp_path / "runs" / part / "config.toml") for part in begun}
    assert configs["pretrained"]["seed"] == 5 and configs["pretrained"]["epochs"] == 1
    for seed in (0, 1):
        assert configs[f"seed-{seed}"]["weights"] == str(tmp_path / "runs" / "pretrained")
        assert configs[f"seed-{seed}"]["epochs"] == 2
        assert "weights" not in configs[f"seed-{seed}-baseline"]
        assert configs[f"seed-{seed}-baseline"]["epochs"] == 1
    measured = [
        json.loads((tmp_path / "runs" / part / "results.json").read_text())["test"]["accuracy"]
        for part in begun[-2:]
    ]
    assert done.baseline == tuple(measured)
    (ours,) = read_card("iris-card").ours
    assert ours.baseline == pytest.approx(statistics.fmean(measured), abs=1e-5)
    assert ours.baseline_deviation == pytest.approx(statistics.stdev(measured), abs=1e-5)
