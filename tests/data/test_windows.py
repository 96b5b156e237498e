"""Series as windows, and windows of a text; expected values by hand."""

import numpy as np
import pytest

from kerasdl.data import WindowBatches, load, prepare, series_data, split
from kerasdl.errors import UserError

pytestmark = pytest.mark.once

ROWS = np.stack([np.arange(20.0), 100 + np.arange(20.0)], axis=1)


def test_windows_walk_forward_and_look_back_into_the_part_before():
    parts = {"train": ROWS[:10], "validation": ROWS[10:14], "test": ROWS[14:]}
    done = prepare(series_data(parts, ["a", "b"], name="two"), context=3, horizon=2)
    assert done.train.x.shape == (6, 3, 2)
    assert done.train.x[0, :, 0].tolist() == [0, 1, 2]
    assert done.train.y[0, :, 1].tolist() == [103, 104]
    assert done.train.y[-1, :, 0].tolist() == [8, 9]
    # the first forecast of a part is of its own first rows
    assert done.validation.x[0, :, 0].tolist() == [7, 8, 9]
    assert done.validation.y[:, :, 0].tolist() == [[10, 11], [11, 12], [12, 13]]
    assert done.test.y[0, :, 0].tolist() == [14, 15]
    assert done.test.y[-1, :, 0].tolist() == [18, 19]
    spec = done.spec()
    assert (spec.input_shape, spec.horizon, spec.outputs) == ((3, 2), 2, 2)
    np.testing.assert_array_equal(done.series, ROWS[:10])


def test_one_column_can_be_forecast_from_all(tmp_path):
    lines = [f"2020-01-{d:02d},{d},{d * d}" for d in range(1, 21)]
    (tmp_path / "s.csv").write_text("\n".join(["day,a,b", *lines]))
    data = load(tmp_path / "s.csv", task="forecasting", target="b")
    done = prepare(split(data, seed=0, validation=0, test=0.2), context=2, horizon=1)
    assert done.train.x[0].tolist() == [[1, 1], [2, 4]]
    assert done.train.y[0].tolist() == [[9]]
    assert done.target_names == ("b",)
    again, names = done.inputs.read([tmp_path / "s.csv"])
    assert again.tolist() == [[[19, 361], [20, 400]]]
    assert names == [f"{tmp_path}/s.csv:21"]


@pytest.mark.parametrize(
    ("text", "how", "message"),
    [
        ("day\nmonday\n", {}, "needs a column of numbers"),
        ("a,b\n1,2\n", {"target": "c"}, "`target` must be columns of numbers. Received: 'c'"),
        ("a,b\n1,2\n,3\n4,5\n", {}, "must be finite"),
    ],
)
def test_a_table_that_is_no_series_is_named(tmp_path, text, how, message):
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        load(tmp_path / "s.csv", task="forecasting", **how)


def test_a_short_series_says_what_it_needs():
    data = series_data({"train": ROWS}, ["a", "b"], name="two")
    with pytest.raises(UserError, match=r"at least 30 rows, 20 .* 10 .*Received: 20"):
        prepare(data, context=20, horizon=10)


def test_windows_of_a_text_are_a_function_of_seed_and_epoch():
    text = np.arange(1000)
    one, two = (WindowBatches(text, 5, 4, steps=3, seed=7) for _ in range(2))
    for index in (2, 0, 1):
        np.testing.assert_array_equal(one.batch(index)[0], two.batch(index)[0])
    x, y = one.batch(0)
    assert x.shape == (4, 5)
    np.testing.assert_array_equal(x + 1, y)
    words = np.random.Philox(key=7, counter=1 << 190).random_raw(12) % np.uint64(995)
    np.testing.assert_array_equal(x[:, 0], words[:4].astype(int))
    two.restore({"seed": 7, "epoch": 1, "batch": 0})
    assert not np.array_equal(two.batch(0)[0], x)
    assert len(WindowBatches(text, 5, 4)) == 50


def test_a_text_no_longer_than_a_window_is_refused():
    with pytest.raises(UserError, match=r"at least 6 tokens. Received: shape \(5,\)"):
        WindowBatches(np.arange(5), 5)
