import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.layers import Cutout
from kerasdl.testing import check_layer


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("size", [1, 3, 4])
def test_each_image_lacks_one_square_around_a_pixel(rng, plain, dtype, size):
    images = rng.integers(1, 200, size=(300, 6, 5, 2)).astype(dtype)
    got = plain(Cutout(size, seed=3)(images, training=True))
    assert got.dtype == dtype
    middles = []
    for image, result in zip(images, got, strict=True):
        matches = []
        for row in range(6):
            for column in range(5):
                expected = image.copy()
                top, left = row - size // 2, column - size // 2
                expected[max(top, 0) : top + size, max(left, 0) : left + size] = 0
                if np.array_equal(result, expected):
                    matches.append((row, column))
        assert matches
        middles += matches if len(matches) == 1 else []
    if size == 1:
        assert len(set(middles)) == 30  # every pixel is the middle of some square


def test_filling_is_the_value_given(rng, plain):
    images = rng.normal(size=(4, 6, 6, 1)).astype("float32")
    got = plain(Cutout(2, fill=7.0, seed=0)(images, training=True))
    changed = got != images
    assert changed.any(axis=(1, 2, 3)).all() and (got[changed] == 7.0).all()


def test_nothing_is_cut_at_inference(rng, plain):
    images = rng.normal(size=(3, 6, 6, 1)).astype("float32")
    np.testing.assert_array_equal(plain(Cutout(3)(images)), images)
    np.testing.assert_array_equal(plain(Cutout(0)(images, training=True)), images)


def test_it_works_in_a_compiled_step(rng):
    model = keras.Sequential([keras.Input((6, 6, 1)), Cutout(2), keras.layers.Flatten()])
    model.add(keras.layers.Dense(1))
    model.compile("sgd", "mse")
    x = rng.normal(size=(9, 6, 6, 1)).astype("float32")
    history = model.fit(x, x[:, 0, 0], batch_size=4, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()


def test_follows_the_rules(rng):
    inputs = rng.normal(size=(2, 5, 4, 3)).astype("float32")
    check_layer(lambda: Cutout(1, seed=0), inputs, reference=lambda weights, x: x)


@pytest.mark.parametrize("size", [-1, 1.5, True, "2"])
def test_bad_argument_is_named(size):
    with pytest.raises(UserError, match="`size` must be a whole number of at least 0"):
        Cutout(size)
