"""What the tutorial on recurrent networks prints is true."""

import json
import re

import numpy as np
import pytest

pytestmark = pytest.mark.long


@pytest.fixture
def shown(docs_module, root):
    """What the tutorial printed with `--fast`, and the names of its pictures."""
    script = root / "tutorials" / "recurrent_networks.py"
    folder = docs_module("render_tutorials").render(script, ["--fast"])
    about = json.loads((folder / "about.json").read_text("utf-8"))
    return about["outputs"], {path.stem for path in folder.glob("*.png")}


@pytest.fixture
def page(shown):
    return shown[0]


def numbers(pattern, text):
    """The groups of the first match; a percentage is a share."""
    found = re.search(pattern, text, re.MULTILINE).groups()
    return [float(v.strip("%").replace(",", "")) / (100 if v.endswith("%") else 1) for v in found]


def latch(weight, steps):
    """The unit of section 1 as long after the pulse that it got at rest."""
    h = np.tanh(4.0)
    for _ in range(steps):
        h = np.tanh(weight * h)
    return h


def test_one_unit_holds_or_sinks_back(page):
    for weight in (2.0, 0.8):
        found = numbers(rf"R = {weight}: .* (\S+), 10 .* (\S+), 29 .* (\S+)$", page)
        assert found == pytest.approx([latch(weight, n) for n in (0, 10, 29)], abs=6e-4)
    assert numbers(r"SimpleRNN: largest difference (\S+)", page)[0] < 1e-5
    assert "weights: 3, " in page
    (factor,) = numbers(r"that remembers: factor (\S+) a step", page)
    assert factor == pytest.approx(2 * (1 - latch(2.0, 99) ** 2), abs=6e-4)


def test_slopes_vanish_or_explode_as_the_rule_says(page):
    by_gain = {
        gain: numbers(rf"gain {gain}: .* (\S+), over 50 (\S+)$", page) for gain in (0.7, 3.0)
    }
    assert by_gain[0.7][0] < 0.7**10 and by_gain[0.7][1] < 0.7**50  # tanh only shrinks
    assert 1 < by_gain[3.0][0] < 3.0**10 and 1e3 < by_gain[3.0][1] < 3.0**50
    assert numbers(r"gain 1.0: .*, over 50 (\S+)$", page)[0] < 0.05
    rule, trial = numbers(r"rule against trial: (\S+) and (\S+)$", page)
    assert rule == pytest.approx(trial, rel=2e-3)


def test_who_feels_the_first_symbol_can_learn_it(page):
    kinds = ("simple", "LSTM", "LSTM, open", "GRU, open")
    felt = {k: numbers(rf"^{k} +10 steps +(\S+) +40 steps +(\S+)$", page) for k in kinds}
    right = {k: numbers(rf"^{k} +(\d+%) +(\d+%)$", page) for k in kinds}
    for kind in ("LSTM, open", "GRU, open"):
        assert felt[kind][1] > 20 * max(felt["simple"][1], felt["LSTM"][1])
        assert right[kind][0] > 0.9
        assert right[kind][1] > max(0.6, right["LSTM"][1] + 0.3)
    assert right["simple"][0] > 0.9 and right["LSTM"][0] > 0.9
    assert felt["LSTM"][1] < 0.3 * felt["simple"][1] and right["LSTM"][1] < 0.6


def test_gates_by_hand_are_the_layers_and_open_at_marks(page):
    error, of_zero = numbers(r"^error (\S+); of saying 0 always (\S+)$", page)
    assert error < 0.03 * of_zero
    assert of_zero == pytest.approx(1 / 3, abs=0.05)  # the variance of what is marked
    assert numbers(r"against the layer: largest difference (\S+)", page)[0] < 1e-5
    at_marks, between = numbers(r"^forget gate +(\S+) +(\S+)$", page)
    assert at_marks < 0.25 and between > 0.9
    at_marks, between = numbers(r"^written +(\S+) +(\S+)$", page)
    assert at_marks > 0.2 and between < 0.05


def test_padding_moves_nothing_where_lengths_are_told(page):
    for reader in ("forward", "both ways"):
        told = numbers(rf"^{reader} *, lengths told +(\S+) +(\S+)$", page)
        untold = numbers(rf"^{reader} *, lengths not told +(\S+) +(\S+)$", page)
        assert max(told) < 1e-5 < 0.05 < min(untold)
    assert numbers(r"logits move by (\S+)", page)[0] < 1e-5


def series():
    """The two series of the tutorial."""
    rng = np.random.default_rng(0)
    lingering, level, speed = np.zeros(3000), np.zeros(3000), 0.05
    for t in range(1, 3000):
        lingering[t] = 0.8 * lingering[t - 1] + rng.normal(scale=0.4)
        level[t] = level[t - 1] + speed
        if level[t] >= 1:
            level[t], speed = 0.0, rng.uniform(0.03, 0.09)
    hour = np.arange(3000)
    warmth = 12 + 0.002 * hour + 4 * np.sin(2 * np.pi * hour / 24) + lingering
    return warmth, level + rng.normal(scale=0.01, size=3000)


def rows(standard, begin, end):
    """Past of 48 and future of 24 for forecasts that begin in [begin, end - 24]."""
    places = range(begin, end - 23)
    past = np.array([standard[place - 48 : place] for place in places])
    return past, np.array([standard[place : place + 24] for place in places])


def test_simple_forecasts_are_those_of_the_series_itself(page):
    for column, values in enumerate(series()):
        standard = (values - values[:2100].mean()) / values[:2100].std()
        past, future = rows(standard, 2400, 3000)
        for way, forecast in {"last value": past[:, -1:], "a day before": past[:, 24:]}.items():
            found = numbers(rf"^{way} +(\S+) +(\S+)$", page)[column]
            assert found == pytest.approx(np.mean((future - forecast) ** 2), abs=2e-3)
    assert re.search(r"^windows: 2029 train, 277 validation, 577 test$", page, re.M)


def test_linear_map_is_right_for_warmth_and_the_lstm_for_the_tank(page):
    linear, lstm = (numbers(rf"^{way} +(\S+) +(\S+)$", page) for way in ("linear", "LSTM"))
    warmth = series()[0]
    standard = (warmth - warmth[:2100].mean()) / warmth[:2100].std()
    (past, future), (x, y) = rows(standard, 48, 2100), rows(standard, 2400, 3000)
    weights = np.linalg.lstsq(past - past[:, -1:], future - past[:, -1:], rcond=None)[0]
    best = np.mean((x[:, -1:] + (x - x[:, -1:]) @ weights - y) ** 2)
    assert linear[0] == pytest.approx(best, rel=0.15)
    assert linear[0] < 1.1 * lstm[0]
    assert lstm[1] < 0.8 * linear[1]


def test_counts_of_the_text_are_those_of_its_characters(page):
    from collections import Counter

    from kerasdl.data import python_source

    lines = "".join(python_source(limit=250_000).values()).splitlines(keepends=True)
    assert max(map(len, lines)) <= 1000  # so pieces of the text are its lines
    held_out = round(0.1 * len(lines))
    train, test = "".join(lines[:-held_out]), "".join(lines[-held_out:])
    sizes = numbers(r"^([\d,]+) characters to learn from, ([\d,]+) to judge by", page)
    assert sizes == pytest.approx([len(train), len(test)], abs=64)
    counts = Counter(train)
    vocabulary = len(counts) + 4  # <pad>, <unk>, <bos>, <eos>
    assert numbers(r"any of them +perplexity +(\S+)", page) == [vocabulary]
    share = [(counts[c] + 1) / (len(train) + vocabulary) for c in test]
    (often,) = numbers(r"how often +perplexity +(\S+)", page)
    assert often == pytest.approx(np.exp(-np.mean(np.log(share))), rel=0.01)


def test_language_model_learns_and_its_memory_counts(page):
    names = ("any of them", "how often after", "GRU, fresh", "GRU, trained")
    uniform, after, fresh, trained = (
        numbers(rf"{name} +perplexity +(\S+)$", page)[0] for name in names
    )
    assert fresh == pytest.approx(uniform, rel=0.1)
    assert trained < 0.85 * after
    first, few, many = numbers(r"place 1 (\S+), .* 2 to 4 (\S+), .* 33 to 64 (\S+)$", page)
    assert first > few > many
    begins, goes_on = numbers(r"first letter (\S+), for the others (\S+)$", page)
    assert begins > 1.3 * goes_on
    assert re.search(r"^def (.|\n){200,}", page, re.MULTILINE)


def test_pictures_of_the_recurrent_networks(shown):
    drawn = {"one_unit", "slopes", "delays", "gates", "forecasts", "surprise"}
    assert shown[1] == drawn
