"""What the tutorial on transformers prints is true.

It is rendered once with `--fast`, into the cache that the site's build shares.
"""

import json
import re

import numpy as np
import pytest

pytestmark = pytest.mark.long


@pytest.fixture
def rendered(docs_module, root):
    """What the tutorial printed, and the names of its pictures."""
    pytest.importorskip("tokenizers")
    pytest.importorskip("kerasdl_transformer")
    script = root / "tutorials" / "transformers.py"
    folder = docs_module("render_tutorials").render(script, ["--fast"])
    about = json.loads((folder / "about.json").read_text("utf-8"))
    return about["outputs"], {path.stem for path in folder.glob("*.png")}


@pytest.fixture
def printed(rendered):
    return rendered[0]


def numbers(pattern, text):
    return [float(value.replace(",", "")) for value in re.search(pattern, text, re.M).groups()]


def test_attention_by_hand_is_the_layer(printed):
    for kernels in ("drawn at random", "chosen"):
        assert max(numbers(rf"^{kernels} +(\S+) +(\S+)$", printed)) < 1e-5
    # Five of the eleven letters are an a. Scores of equal letters are 9 / sqrt(5), others 0.
    fits = np.exp(9 / np.sqrt(5))
    expected = fits / (5 * fits + 6)
    found = numbers(r"each a: ([\d.]+); .* head 2: ([\d.]+)$", printed)
    assert found == pytest.approx([expected] * 2, abs=6e-4)


def test_order_matters_only_with_positions(printed):
    differences = {
        name: numbers(rf"^{name}: +shuffled outputs differ by (\S+)$", printed)[0]
        for name in ("no positions", "sinusoidal", "rotary")
    }
    assert differences["no positions"] < 1e-5
    assert differences["sinusoidal"] > 1e-2 and differences["rotary"] > 1e-2
    assert numbers(r"by hand and by the layer differ by (\S+)$", printed)[0] < 1e-4
    assert numbers(r"two lines and the layer differ by (\S+)$", printed)[0] < 1e-4


def test_rotary_products_depend_on_the_distance_alone(printed):
    rows = re.findall(r"^ +(\d+)  +(\d+)  +(-?\d+\.\d{6})$", printed, re.M)
    products = {(int(first), int(second)): float(product) for first, second, product in rows}
    assert len(products) == 4
    assert products[5, 2] == products[25, 22] == products[95, 92] != products[5, 4]


def test_mask_hides_a_later_token(printed):
    unmasked = numbers(r"^without mask +([\d.]+) +([\d.]+)$", printed)
    masked = numbers(r"^causal mask +([\d.]+) +([\d.]+)$", printed)
    assert unmasked[0] > 0.01 and masked[0] == 0 and masked[1] > 0.01


def test_network_that_looks_ahead_is_too_good_and_then_worse(printed):
    honest = numbers(r"^mask +([\d.]+) +([\d.]+)$", printed)
    peeping = numbers(r"^no mask +([\d.]+) +([\d.]+)$", printed)
    assert peeping[0] < 0.5 * honest[0]
    assert peeping[1] > honest[1] + 0.3


def by_counting(length):
    """Held-out loss of counts after `length` characters, with a tenth added to each."""
    from kerasdl.data import python_source

    text = "\n".join(python_source(limit=250_000).values())
    pieces = [
        line[start : start + 1000]
        for line in text.splitlines(keepends=True)
        for start in range(0, len(line), 1000)
    ]
    cut = sum(map(len, pieces[: len(pieces) - round(0.1 * len(pieces))]))
    learned, held_out = text[:cut], text[cut:]
    different = len(set(learned)) + 4
    counts = {}
    for place in range(length, len(learned)):
        own = counts.setdefault(learned[place - length : place], {})
        own[learned[place]] = own.get(learned[place], 0) + 1
    losses = []
    for place in range(length, len(held_out)):
        own = counts.get(held_out[place - length : place], {})
        chance = (own.get(held_out[place], 0) + 0.1) / (sum(own.values()) + 0.1 * different)
        losses.append(-np.log(chance))
    return np.mean(losses)


def test_gpt_beats_counting(printed):
    counted = [numbers(rf"^counts after {n} +([\d.]+) nats", printed)[0] for n in (0, 1, 2)]
    for length, loss in enumerate(counted):
        # Up to 64 characters fill no row, and are left out there.
        assert loss == pytest.approx(by_counting(length), abs=0.005)
    (loss,) = numbers(r"^gpt +([\d.]+), ", printed)
    assert counted[0] > counted[1] > counted[2] > loss


def test_words_are_learned(printed):
    before, of_before = numbers(r"^before: (\d+) of (\d+) words are known", printed)
    after, of_after = numbers(r"^after: (\d+) of (\d+) words are known", printed)
    assert before <= 0.2 * max(of_before, 1) and after >= 0.4 * of_after and of_after > 10


def test_a_head_looks_at_the_previous_character(printed):
    cells = r" +([\d.]+)%" * 5 + r" +([\d.]+)$"
    rows = re.findall(r"^(block\d, head \d)" + cells, printed, re.M)
    assert len(rows) == 8
    shares = np.array([row[1:6] for row in rows], float)
    assert shares[:, :4].sum(axis=1) == pytest.approx(100, abs=0.3)
    even = 100 * np.mean([1 / (place + 1) for place in range(8, 64)])
    assert numbers(r"^spread evenly +([\d.]+)%", printed) == [pytest.approx(even, abs=0.06)]
    (full,) = numbers(r"^all heads +([\d.]+)$", printed)
    for story, column in (("the previous character", 1), ("the start", 4)):
        best = int(shares[:, column].argmax())
        told = re.search(
            rf"^(.*) looks at {story}: (\d+)% of .*, ([\d.]+) times .* it ([-+.\d]+) nats$",
            printed,
            re.M,
        )
        assert told[1] == rows[best][0]
        assert float(told[2]) == pytest.approx(shares[best, column], abs=0.6)
        assert float(told[4]) == pytest.approx(float(rows[best][6]) - full, abs=1.1e-3)
        if column == 1:
            assert float(told[3]) == pytest.approx(shares[best, 1] / even, abs=0.1)
            assert float(told[3]) > 5 and float(told[4]) > 0.02


def test_cache_writes_the_same_with_less_work(printed):
    for length in (64, 192):
        plain, cached, same, ratio = re.search(
            rf"^ +{length} +([\d,]+) and (\d+) +(\w+) +([\d.]+)$", printed, re.M
        ).groups()
        new = length - len("class ")
        assert int(plain.replace(",", "")) == new * length and int(cached) == length - 1
        assert same == "True"
    assert float(ratio) > 1.3  # of the longer texts


def test_encoder_labels_better_than_tables(printed):
    table, pairs, encoder = (
        numbers(rf"^{name} +([\d.]+)% +([\d.]+)%$", printed)
        for name in ("most frequent label", "after the word before", "transformer-encoder")
    )
    assert table[1] < 75 and table[1] + 5 < pairs[1] < encoder[1]
    assert encoder[0] > 97 and encoder[1] > 94
    assert "she/PRON plans/VERB and/CONJ dances/VERB" in printed
    assert "plans/NOUN and/CONJ dances/NOUN ends/VERB" in printed


def test_pictures(rendered):
    drawn = {"by_hand", "positions", "looking_ahead", "writes", "heads", "labels"}
    assert rendered[1] == drawn
