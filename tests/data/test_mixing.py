import numpy as np
import pytest

from kerasdl.data import Batches, CutMix, Mixup
from kerasdl.errors import UserError

pytestmark = pytest.mark.once


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_mixup_blends_two_samples_and_their_labels_alike():
    x = np.eye(6, dtype="float32") * 10  # sample i is known by its place
    for seed in range(20):
        mixed, labels = Mixup(0.5)(x, np.eye(6, dtype="float32"), np.random.default_rng(seed))
        np.testing.assert_allclose(mixed, 10 * labels, rtol=1e-6)
        assert ((labels > 0).sum(axis=1) <= 2).all()
        np.testing.assert_allclose(labels.sum(axis=1), 1, rtol=1e-6)


def test_mixups_shares_are_betas():
    shares = []
    for seed in range(4000):
        _, labels = Mixup(0.4)(np.zeros((2, 1)), np.eye(2), np.random.default_rng(seed))
        shares.append(labels[0, 0])
    shares = np.array(shares)
    mixed = shares[shares < 1]  # for a pair, half of the permutations change nothing
    assert 0.45 < len(mixed) / 4000 < 0.55
    assert abs(mixed.mean() - 0.5) < 0.03
    assert abs(mixed.var() - 0.25 / 1.8) < 0.01  # Beta(a, a): 1 / (4 (2 a + 1))


def test_bytes_stay_bytes(rng):
    x = rng.integers(0, 256, size=(8, 5, 5, 1), dtype="uint8")
    for mix in (Mixup(1.0), CutMix(1.0)):
        mixed, labels = mix(x, np.eye(8, dtype="float32"), rng)
        assert mixed.dtype == "uint8" and labels.dtype == "float32"


def test_cutmix_takes_a_rectangle_and_its_share_of_the_label():
    x = np.tile(np.arange(8, dtype="float32")[:, None, None, None], (1, 6, 9, 1))
    seen = []
    for seed in range(60):
        mixed, labels = CutMix()(x, np.eye(8, dtype="float32"), np.random.default_rng(seed))
        for number in range(8):
            other = mixed[number, ..., 0] != number
            share = other.mean()
            seen.append(share)
            if not other.any():
                continue
            rows, columns = np.flatnonzero(other.any(axis=1)), np.flatnonzero(other.any(axis=0))
            assert other[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
            donor = int(mixed[number, ..., 0][other][0])
            assert (mixed[number, ..., 0][other] == donor).all()
            assert labels[number, number] == pytest.approx(1 - share, abs=1e-6)
            assert labels[number, donor] == pytest.approx(share, abs=1e-6)
    assert max(seen) > 0.5 and len(set(seen)) > 10


def test_batches_blend_the_same_in_each_run_and_differently_in_each_epoch(rng):
    x, y = rng.normal(size=(10, 3)).astype("float32"), np.eye(10, dtype="float32")
    first, second = (Batches(x, y, 4, seed=3, transform=Mixup(1.0)) for _ in range(2))
    for number in range(3):
        for a, b in zip(first.batch(number), second.batch(number), strict=True):
            np.testing.assert_array_equal(a, b)
    before = first.batch(0)[1].max(axis=1)
    first.restore({"seed": 3, "epoch": 1, "batch": 0})
    assert not np.allclose(before, first.batch(0)[1].max(axis=1))


@pytest.mark.parametrize("kind", [Mixup, CutMix])
@pytest.mark.parametrize("alpha", [0, -1.0, "1", True, float("nan")])
def test_bad_argument_is_named(kind, alpha):
    with pytest.raises(UserError, match="`alpha` must be above 0"):
        kind(alpha)


def test_cutmix_of_rows_is_refused(rng):
    with pytest.raises(UserError, match=r"cutmix is for images .* Received: shape \(4, 3\)"):
        CutMix()(np.zeros((4, 3)), np.eye(4), rng)


def test_transform_without_targets_is_refused():
    with pytest.raises(UserError, match="`transform` needs targets"):
        Batches(np.zeros((4, 3)), transform=Mixup())
