"""The checklist on real data as a run would take it."""

import pytest

from kerasdl.diagnostics import CHECKS
from kerasdl.errors import UserError
from kerasdl.training import RunConfig
from kerasdl.training.diagnosing import diagnose_config, subject_of

FIELDS = {"widths": (32, 16)}


def config(**how):
    return RunConfig(
        **{"architecture": "mlp", "data": "iris", "fields": FIELDS, "learning_rate": 0.01, **how}
    )


def test_nothing_is_said_against_a_network_that_learns_iris():
    found = list(diagnose_config(config(learning_rate=0.002, validation=0.2), seconds=1e6))
    assert [f.check for f in found if f.is_bad] == []
    names = {f.check for f in found}
    assert set(CHECKS) - {"short-run"} < names and "over-fitting" in names


def test_preprocessing_that_is_left_out_is_seen(tmp_path):
    table = tmp_path / "a.csv"
    rows = [f"{1000 + 37 * i % 500},{i % 7},{'ab'[i % 2]}" for i in range(60)]
    table.write_text("\n".join(["first,second,kind", *rows]))
    how = {"data": str(table), "target": ("kind",)}
    verdicts = {
        kind: next(diagnose_config(config(**how, preprocessing=kind), ["inputs"])).verdict
        for kind in ("none", "standardize")
    }
    assert verdicts == {"none": "problem", "standardize": "ok"}


def test_the_rate_is_the_peak_of_whatever_schedule():
    made = subject_of(config(schedule="warmup(10) >> cosine(90)", ema=0.9, layer_decay=0.5))
    assert made.rate == pytest.approx(0.01)
    with made.untouched():
        made.rate = 0.5
        assert made.rate == pytest.approx(0.5)
    assert made.rate == pytest.approx(0.01)


def test_an_unknown_check_is_refused_before_the_data_is_read():
    with pytest.raises(UserError, match="there is no check 'rate'"):
        list(diagnose_config(config(data="no-such-data"), ["rate"]))
