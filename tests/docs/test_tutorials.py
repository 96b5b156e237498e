"""What the tutorials print is true.

Each is rendered once with `--fast`, into the cache that the site's build shares.
"""

import json
import re

import numpy as np
import pytest

pytestmark = pytest.mark.long


@pytest.fixture
def rendered(docs_module, root):
    """What a tutorial printed, and the names of its pictures."""

    def render(name):
        folder = docs_module("render_tutorials").render(root / "tutorials" / name, ["--fast"])
        about = json.loads((folder / "about.json").read_text("utf-8"))
        return about["outputs"], {path.stem for path in folder.glob("*.png")}

    return render


@pytest.fixture
def race(rendered):
    return rendered("optimizers_raced.py")


@pytest.fixture
def contest(rendered):
    return rendered("over_fitting.py")


def numbers(pattern, text):
    return [float(value.replace(",", "")) for value in re.search(pattern, text).groups()]


def valley():
    """The curvatures 1 - r and 1 + r, the lowest point and the start, in closed form."""
    from sklearn.datasets import load_iris

    correlation = np.corrcoef(load_iris().data.T)
    r, towards = correlation[2, 3], correlation[2:, 0]
    bottom = (towards - r * towards[::-1]) / (1 - r * r)
    return r, bottom, bottom + (-2.7, 0.9)


def slope(w):
    r, bottom, _ = valley()
    first, second = w - bottom
    return np.array([first + r * second, r * first + second])


def height(w):
    return 0.5 * (w - valley()[1]) @ slope(w)


def test_curvatures_and_bound_of_the_valley(race):
    r, bottom, _ = valley()
    low, high = numbers(r"curvatures +([\d.]+) and ([\d.]+)", race[0])
    assert (low, high) == (pytest.approx(1 - r, abs=6e-5), pytest.approx(1 + r, abs=6e-5))
    found = numbers(r"w = \(([-\d.]+), ([-\d.]+)\)", race[0])
    assert found == pytest.approx(bottom, abs=6e-4)
    assert numbers(r"highest rate .* = ([\d.]+)", race[0]) == [pytest.approx(2 / (1 + r), abs=6e-5)]


def test_factor_of_a_step_is_the_one_foretold(race):
    r, _, _ = valley()
    rows = re.findall(r"^(\d\.\d{4})  +(\d\.\d{4})  +(\d\.\d{4})$", race[0], re.MULTILINE)
    assert len(rows) == 8
    for rate, foretold, measured in np.array(rows, float):
        factor = max(abs(1 - rate * (1 - r)), abs(1 - rate * (1 + r)))
        assert foretold == pytest.approx(factor, abs=2e-4)
        assert measured == pytest.approx(factor, abs=2e-3)
        assert (measured > 1) == (rate > 2 / (1 + r))


def test_nesterov_at_rest_holds_the_weights_of_the_textbook(race):
    weights, velocity = valley()[2], np.zeros(2)
    for _ in range(20):
        velocity = 0.9 * velocity + 0.3 * slope(weights - 0.9 * velocity)
        weights = weights - velocity
    pair = r" +([-\d.]+) +([-\d.]+)"
    assert numbers("at rest" + pair, race[0]) == pytest.approx(weights, abs=2e-6)
    assert numbers("textbook" + pair, race[0]) == pytest.approx(weights, abs=1e-6)
    ahead = weights - 0.9 * velocity
    assert numbers("in training" + pair, race[0]) == pytest.approx(ahead, abs=2e-6)


def momentum(rate, w):
    velocity = np.zeros(2)
    while True:
        velocity = 0.9 * velocity + rate * slope(w)
        yield (w := w - velocity)


def adam(rate, w):
    m, v, t = np.zeros(2), np.zeros(2), 0
    while True:
        g, t = slope(w), t + 1
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        yield (w := w - rate * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8))


@pytest.mark.parametrize(("name", "rule"), [("momentum", momentum), ("Adam", adam)])
def test_the_race_in_the_valley_follows_the_rules(race, name, rule):
    rate, last = numbers(rf"{name} +([\d.]+) .* ([\d.]+e-\d+)", race[0])
    rate = 10 ** (round(2 * np.log10(rate)) / 2)  # the grid's, printed rounded
    walk = rule(rate, valley()[2])
    losses = [height(next(walk)) for _ in range(100)]
    assert last == pytest.approx(losses[-1], rel=0.03)
    reached = 1 + max(step for step, loss in enumerate(losses, start=1) if loss > 1e-3)
    assert numbers(rf"{name} +[\d.]+ +(\d+)", race[0]) == [reached]


def test_networks_of_the_race_learn_the_digits(race):
    rows = re.findall(r"^.* +(\d\.\d+) +([\d.]+)%$", race[0], re.MULTILINE)
    assert len(rows) == 10
    for loss, accuracy in np.array(rows, float):
        assert loss < 0.4 and accuracy > 90


def test_pictures_of_the_race(race):
    drawn = {"batches", "rates", "bound", "race_paths", "race_loss", "digits", "schedules"}
    assert race[1] == drawn


def test_touchstone_is_linear_regression_on_the_same_split(contest):
    from sklearn.linear_model import LinearRegression

    from kerasdl.data import load, split

    data = split(load("diabetes"), seed=0, validation=0.2, test=0.5)
    line = LinearRegression().fit(data.train.x, data.train.y)
    for name, part in data.parts.items():
        wrong = (line.predict(part.x) - part.y) / data.train.y.std()
        count, _, printed = numbers(rf"{name} +(\d+) +([\d.]+) +([\d.]+)", contest[0])
        assert count == len(part.x)
        assert printed == pytest.approx(np.mean(np.square(wrong)), abs=1.1e-3)


def test_plain_network_over_fits(contest):
    rows = re.findall(r"^ +(\d+) +(\d\.\d{4}) +(\d\.\d{4})$", contest[0], re.MULTILINE)
    _, learned, held_out = np.array(rows, float).T
    assert learned[-1] < 0.15 * learned[0]
    assert held_out[-1] > 1.2 * held_out.min()


def test_verdict_follows_from_the_table(contest):
    rows = re.findall(r"^(\w[\w ]+?) +([\d.]+) ± ([\d.]+)", contest[0], re.MULTILINE)
    table = {name: (float(mean), float(deviation)) for name, mean, deviation in rows}
    assert len(table) == 9
    base, spread = table.pop("nothing")
    for name, (mean, deviation) in table.items():
        gain, doubt = base - mean, 2 * np.hypot(spread, deviation)
        found = re.search(rf"^{name} +([+-]\d+)%  (helped|harmed|no clear)", contest[0], re.M)
        assert float(found[1]) == pytest.approx(-100 * gain / base, abs=0.8)
        if abs(abs(gain) - doubt) > 0.005:  # else rounding decides
            expected = "helped" if gain > doubt else "harmed" if gain < -doubt else "no clear"
            assert found[2] == expected
    assert table["weight elimination"][0] < base and table["L2"][0] < base


def test_smaller_network_has_the_weights_of_the_units_left(contest):
    left = [
        int(n) for n in re.findall(r"^ +[123] +\d+ +\d+ +\d+ +(\d+)$", contest[0], re.MULTILINE)
    ]
    assert len(left) == 3 and left[0] < 128 and left[1] < 128 and left[2] == 1
    before, after = numbers(r"([\d,]+) weights before, ([\d,]+) after", contest[0])
    sizes = [10, *left]
    assert before == 11 * 256 + 257 * 256 + 257
    assert after == sum((n + 1) * m for n, m in zip(sizes, sizes[1:], strict=False))
    assert numbers(r"difference of the outputs ([\d.e+-]+)", contest[0])[0] < 1e-5


def test_pictures_of_the_contest(contest):
    assert contest[1] == {"by_heart", "penalties", "contest", "weights", "smaller"}


def test_perceptron_claims(rendered):
    page, _ = rendered("perceptron_to_softmax.py")
    assert "AND  pass 6: 0 mistakes" in page and "OR   pass 6: 0 mistakes" in page
    assert "NOT 0 = 1, NOT 1 = 0" in page
    by_hand = re.search(r"by hand +w = (.*)", page)[1]
    assert re.search(r"by Keras +w = (.*)", page)[1] == by_hand
    assert "the best has 3 of 4 right" in page
    for left, right, answer in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)):
        assert f"{left} XOR {right} = {answer}" in page
    (ours,) = numbers(r"100 flowers right, cross-entropy (0\.\d+)", page)
    (theirs,) = numbers(r"scikit-learn's cross-entropy (0\.\d+)", page)
    assert ours == pytest.approx(theirs, abs=2e-4)
    (percent,) = numbers(r"([\d.]+)% of 359 held-out digits", page)
    assert percent > 95


@pytest.fixture
def convolution(rendered):
    return rendered("convolution.py")


@pytest.fixture
def codes(rendered):
    return rendered("representations.py")


def seen_by_one_output(stages):
    """Inputs on which one output depends, of convolutions of 3 each followed by pooling of 2."""
    places = {0}
    for _ in range(stages):
        places = {2 * place + offset for place in places for offset in (0, 1)}
        places = {place + offset for place in places for offset in (0, 1, 2)}
    return max(places) - min(places) + 1


def test_layer_is_the_sum_written_out_and_sizes_are_right(convolution):
    page = convolution[0]
    differences = re.findall(r"largest difference (\S+)", page)
    assert len(differences) == 4 and max(map(float, differences)) < 1e-5
    half = "(160, 240)"
    for name, size in {
        "as it is": "(318, 478)",
        "padding": "(320, 480)",
        "step 2": "(159, 239)",
        "padding, step 2": half,
        "pooling 2": half,
    }.items():
        assert re.search(rf"^{name} +\(320, 480\) -> {re.escape(size)}$", page, re.M)
    fields = re.search(r"each followed by pooling 2: ([\d ]+) pixels", page)[1].split()
    assert [int(field) for field in fields] == [seen_by_one_output(n) for n in (1, 2, 3, 4)]
    changes = [float(change) for change in re.findall(r"^ +[1248]  ([\d.]+)%$", page, re.M)]
    assert len(changes) == 4 and changes == sorted(changes, reverse=True)


def test_lenet_has_lecuns_weights_and_bears_being_moved(convolution):
    assert numbers(r"together ([\d,]+); the network has ([\d,]+)", convolution[0]) == [61706, 61706]
    rows = re.findall(r"^(\d) pixels +(\d\.\d+) +(\d\.\d+)$", convolution[0], re.M)
    lenet, dense = np.array(rows, float).T[1:]
    assert len(rows) == 5 and lenet[0] > 0.9 and dense[0] > 0.9
    assert lenet[2] - dense[2] > 0.03  # moved by two pixels


def test_heat_is_where_the_evidence_is(convolution):
    found = [
        re.search(rf"^{name} +([-\d.]+) +([\d.]+)%", convolution[0], re.M).groups()
        for name in ("hottest", "on a stroke", "coldest")
    ]
    falls, still_right = np.array(found, float).T
    assert falls[0] > falls[1] > falls[2]
    assert still_right[0] < still_right[2]


def test_depth_harms_the_plain_network_only(convolution):
    rows = re.findall(r"^ ?(\d+) layers, (plain|residual) +([\d.]+)", convolution[0], re.M)
    loss = {(kind, int(depth)): float(value) for depth, kind, value in rows}
    assert loss["plain", 20] > 3 * loss["plain", 8]
    assert loss["residual", 20] < 0.5 * loss["plain", 20]


def test_pictures_of_the_convolution(convolution):
    assert convolution[1] == {"filters_by_hand", "filters", "maps", "grad_cam", "depth"}


def digits_in_rows():
    from kerasdl.data import load, split

    data = split(load("digits"), seed=0, validation=0.0, test=0.4)
    return [part.x.reshape(len(part.x), 64) / 16 for part in (data.train, data.test)]


def test_components_are_those_of_the_singular_value_decomposition(codes):
    train, test = digits_in_rows()
    mean = train.mean(axis=0)
    _, _, directions = np.linalg.svd(train - mean, full_matrices=False)
    plane = directions[:8]
    rebuilt = (test - mean) @ plane.T @ plane + mean
    expected = np.mean((rebuilt - test) ** 2)
    (printed,) = numbers(r"8 principal components +error ([\d.]+)", codes[0])
    assert printed == pytest.approx(expected, abs=6e-5)
    (linear,) = numbers(r"linear autoencoder +error ([\d.]+)", codes[0])
    assert linear == pytest.approx(expected, rel=0.03)


def test_bent_planes_lose_less_and_denoising_takes_noise_away(codes):
    (plane,) = numbers(r"8 principal components +error ([\d.]+)", codes[0])
    for name in ("dense", "tied", "convolutional"):
        _, error = numbers(rf"{name} +([\d,]+) +(0\.\d+)", codes[0])
        assert error < 0.7 * plane
    spoiled, _, dense, denoising = (
        numbers(rf"{name} +error ([\d.]+)", codes[0])[0]
        for name in ("left as it is", "by components", "dense autoencoder", "denoising autoencoder")
    )
    assert denoising < 0.6 * dense and denoising < 0.5 * spoiled


def test_code_has_the_digits_in_it_and_helps_with_few_labels(codes):
    assert all(float(share) > 88 for share in re.findall(r"^code, \w+ +([\d.]+)%$", codes[0], re.M))
    rows = re.findall(
        r"^ +(\d+) +([\d.]+)% ± +([\d.]+)% +([\d.]+)% ± .*? +([\d.]+)% ±", codes[0], re.M
    )
    table = {int(row[0]): [float(value) for value in row[1:]] for row in rows}
    assert sorted(table) == [3, 10]
    for scratch, _, _, tuned in table.values():
        assert tuned > scratch - 3
    assert table[10][0] > table[3][0]


def test_pictures_of_the_codes(codes):
    assert codes[1] == {"rebuilt", "cleaned", "codes", "drawn"}
