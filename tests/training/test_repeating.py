import json

import numpy as np
import pytest
from scipy import stats

import kerasdl.training.repeating as room
from kerasdl.cli import main
from kerasdl.errors import UserError
from kerasdl.training import RunConfig, repeat, train
from kerasdl.training.repeating import spread

CONFIG = RunConfig(
    architecture="mlp", data="iris", fields={"widths": (8,)}, epochs=2, seed=3, batch_size=16
)


def test_spread_is_that_of_scipy(rng):
    values = rng.normal(size=7)
    found = spread(values.tolist())
    low, high = stats.t.interval(0.95, 6, loc=values.mean(), scale=stats.sem(values))
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert found.mean == pytest.approx(values.mean())
    assert found.deviation == pytest.approx(values.std(ddof=1))


def test_one_value_has_no_spread():
    assert (spread([2.0]).mean, spread([2.0]).deviation, spread([2.0]).low) == (2.0, None, None)


def test_each_seed_gives_what_it_gives_alone(tmp_path):
    told = []
    done = repeat(CONFIG, 2, tmp_path / "runs", lambda seed, folder: told.append(seed))
    assert done.seeds == (3, 4) and told == [3, 4] and done.failures == {}
    alone = train(RunConfig(**{**CONFIG.to_dict(), "seed": 4}), tmp_path / "alone")
    expected = json.loads((alone.folder / "results.json").read_text())["test"]
    second = json.loads((tmp_path / "runs" / "seed-4" / "results.json").read_text())["test"]
    assert second == pytest.approx(expected)
    for name, figure in done.figures.items():
        assert figure.values[1] == second[name]
        assert figure.mean == pytest.approx(np.mean(figure.values))
    summary = json.loads((tmp_path / "runs" / "summary.json").read_text())
    assert summary["seeds"] == [3, 4]
    assert summary["figures"]["accuracy"]["mean"] == done.figures["accuracy"].mean


@pytest.fixture
def trained(monkeypatch):
    """In the place of training: what each seed comes to."""

    def become(outcomes):
        def results_of(config, folder):
            outcome = outcomes[config.seed]
            if isinstance(outcome, BaseException):
                raise outcome
            return {"status": "finished", "test": {"accuracy": outcome}} | (
                {"status": "stopped by the guard"} if outcome < 0 else {}
            )

        monkeypatch.setattr(room, "results_of", results_of)

    return become


def test_a_failed_seed_does_not_lose_the_others(trained, tmp_path):
    trained({3: 0.5, 4: RuntimeError("no more"), 5: -1.0, 6: 0.7, 7: UserError("a mistake")})
    done = repeat(CONFIG, 5, tmp_path / "runs")
    assert done.seeds == (3, 6)
    assert done.figures["accuracy"].values == (0.5, 0.7)
    assert done.failures[4] == "RuntimeError: no more"
    assert done.failures[5].startswith("stopped by the guard")
    assert done.failures[7] == "a mistake"


def test_a_mistake_in_the_first_ends_it_and_leaves_nothing(trained, tmp_path):
    trained({3: UserError("no such data")})
    with pytest.raises(UserError, match="no such data"):
        repeat(CONFIG, 5, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_all_failed_is_an_error(trained, tmp_path):
    trained({3: RuntimeError("one"), 4: RuntimeError("two")})
    with pytest.raises(UserError, match="every run failed, the first: RuntimeError: one"):
        repeat(CONFIG, 2, tmp_path / "runs")


def test_what_was_done_before_an_interruption_is_kept(trained, tmp_path):
    trained({3: 0.5, 4: 0.6, 5: KeyboardInterrupt()})
    done = repeat(CONFIG, 5, tmp_path / "runs")
    assert done.interrupted and done.seeds == (3, 4) and done.failures == {}
    assert json.loads((tmp_path / "runs" / "summary.json").read_text())["interrupted"]


def test_seeds_must_be_positive(tmp_path):
    with pytest.raises(UserError, match="`seeds` must be an integer >= 1. Received: seeds=0"):
        repeat(CONFIG, 0, tmp_path / "runs")


def test_command_prints_mean_and_interval(trained, tmp_path, capsys):
    trained({3: 0.5, 4: 0.7, 5: RuntimeError("no more")})
    arguments = ["train", "mlp", "--data", "iris", "--seed", "3", "--seeds", "3"]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--run-dir", str(tmp_path / "runs")])
    assert ended.value.code == 0
    said = capsys.readouterr()
    low, high = stats.t.interval(0.95, 1, loc=0.6, scale=stats.sem([0.5, 0.7]))
    assert f"{low:.4f} to {high:.4f}" in said.out and "0.6000" in said.out
    assert "seed 5 does not count: RuntimeError: no more" in said.err
