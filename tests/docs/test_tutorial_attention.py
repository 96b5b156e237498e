"""What the tutorial on attention prints is true.

It is rendered once with `--fast`, into the cache that the site's build shares.
"""

import json
import math
import re

import numpy as np
import pytest

pytestmark = pytest.mark.long


@pytest.fixture
def page(docs_module, root):
    """What the tutorial printed, and the names of its pictures."""
    folder = docs_module("render_tutorials").render(root / "tutorials" / "attention.py", ["--fast"])
    about = json.loads((folder / "about.json").read_text("utf-8"))
    return about["outputs"], {path.stem for path in folder.glob("*.png")}


def shares(line, text):
    """The percentages of the last line that begins so, as parts of 1."""
    row = re.findall(rf"^{line} .*$", text, re.MULTILINE)[-1]
    return [float(number) / 100 for number in re.findall(r"([\d.]+)%", row)]


def test_what_is_given_is_what_is_wanted_moved_on_by_one(page):
    given, wanted = (
        re.search(rf"^{name} +(.*)$", page[0], re.MULTILINE)[1].split()
        for name in ("given", "wanted")
    )
    assert given[0] == "<bos>" and wanted[-1] == "<eos>"
    assert given[1:] == wanted[:-1]
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", "".join(wanted[:-1]))


def test_attention_by_hand_is_the_layers_and_a_weighted_mean(page):
    rows = re.findall(r"^([01]) ([01]) ([01]) +(-?[\d.]+) +([\d.]+)$", page[0], re.MULTILINE)
    table = np.array(rows, float)
    assert len(table) == 4
    weights = np.exp(table[:, 3]) / np.exp(table[:, 3]).sum()
    assert table[:, 4] == pytest.approx(weights, abs=2e-3)
    answer = re.search(r"answer \[(.*)\]", page[0])[1]
    assert np.array(answer.split(), float) == pytest.approx(weights @ table[:, :3], abs=3e-3)
    found = re.search(r"from the layer: answer (\S+), weights (\S+)", page[0]).groups()
    assert max(map(float, found)) < 1e-5
    cut, by_hand = (
        np.array(re.search(rf"{name} \[(.*?)\]", page[0])[1].split(), float)
        for name in ("padding: weights", "by hand")
    )
    assert cut == pytest.approx([*weights[:3] / weights[:3].sum(), 0], abs=2e-3)
    assert by_hand == pytest.approx(cut[:3], abs=1e-3)


def test_attention_removes_the_bottleneck(page):
    compared = page[0].split("greedy  beam of 4")[0]
    plain, attentive = (shares(name, compared) for name in ("without attention", "with attention"))
    assert len(plain) == len(attentive) == 6
    assert plain[2] < plain[0] - 0.3  # whole texts of three dates, and of one
    assert plain[5] < plain[3] - 0.2  # each single date, too
    assert attentive[0] > 0.9 and attentive[5] > 0.85
    assert attentive[2] > plain[2] + 0.4


def test_it_looks_at_the_date_that_it_writes(page):
    rows = [shares(f"writing {name}", page[0]) for name in ("first", "second", "third")]
    for number, row in enumerate(rows):
        assert len(row) == 3 and sum(row) <= 1.001
        assert np.argmax(row) == number and row[number] > 0.5


def test_it_looks_at_the_part_that_it_writes(page):
    for place, part in enumerate(("day", "month", "year")):
        row = shares(f"writing {part}", page[0])
        assert len(row) == 3 and np.argmax(row) == place and row[place] > 0.5


def weather():
    """Every report of the table with its probability, by the table written out again."""
    after = {
        None: {"light": 0.55, "heavy": 0.45},
        "light": {"rain": 0.4, "snow": 0.3, "wind": 0.3},
        "heavy": {"rain": 0.9, "snow": 0.1},
        "rain": {".": 0.8, "wind": 0.2},
        "snow": {".": 0.6, "wind": 0.4},
        "wind": {".": 1.0},
    }

    def walk(words, share):
        if words and words[-1] == ".":
            yield " ".join(words), share
            return
        for word, part in after[words[-1] if words else None].items():
            yield from walk([*words, word], share * part)

    return sorted(walk([], 1.0), key=lambda entry: -entry[1])


def reports(text):
    return [(words, float(share)) for share, words in re.findall(r"([01]\.\d{4})  (.+ \.)", text)]


def test_greedy_misses_what_brute_force_and_the_beam_find(page):
    known = weather()
    assert math.isclose(sum(share for _, share in known), 1)
    assert "their probabilities sum to 1.0000" in page[0]
    forced, rest = page[0].split("greedy: ", 1)
    one, two, four = re.split(r"^width \d:$", rest, flags=re.MULTILINE)[1:]
    for found, count in ((reports(forced)[-4:], 4), (reports(two), 2), (reports(four), 4)):
        assert [words for words, _ in found[:count]] == [words for words, _ in known[:count]]
        expected = [share for _, share in known[:count]]
        assert [share for _, share in found[:count]] == pytest.approx(expected, abs=6e-5)
    taken = reports(rest)[0]
    assert taken == reports(one)[0]
    assert taken[0] == "light rain ." and taken[1] == pytest.approx(0.176, abs=6e-5)
    assert known[0][0] == "heavy rain ."


def test_the_beam_finds_likelier_texts_where_the_network_is_in_doubt(page):
    rows = {
        name: (float(greedy) / 100, float(beam) / 100, int(count))
        for name, greedy, beam, count in re.findall(
            r"^(with\w*) attention +([\d.]+)% +([\d.]+)% +(\d+) of 384$", page[0], re.MULTILINE
        )
    }
    assert set(rows) == {"without", "with"}
    for greedy, beam, better in rows.values():
        assert abs(beam - greedy) <= better / 384 + 0.01  # a beam may lose greedy's way, rarely
    assert rows["without"][2] > 20 > rows["with"][2]
    assert rows["with"][0] > 0.9


def test_without_the_tag_there_are_two_readings(page):
    tags = ("<en_US>", "<es>", "no tag")
    american, spanish, untold = (shares(tag, page[0]) for tag in tags)
    assert all(len(row) == 3 and sum(row) <= 1.002 for row in (american, spanish, untold))
    assert american[0] > 0.8 and spanish[1] > 0.8
    assert min(untold[:2]) > 0.15 and sum(untold) > 0.8
    first, second, _ = re.search(r"most in doubt: (\d+)/(\d+)/(\d\d)", page[0]).groups()
    assert first != second and max(int(first), int(second)) <= 12


def test_pictures_of_attention(page):
    assert page[1] == {"by_length", "attention", "readings"}
