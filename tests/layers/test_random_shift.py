import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.layers import RandomShift
from kerasdl.testing import check_layer


def moved(image, down, right):
    """By slicing: the image in the middle of zeros, looked at from another corner."""
    height, width, channels = image.shape
    wide = np.zeros((3 * height, 3 * width, channels), image.dtype)
    wide[height : 2 * height, width : 2 * width] = image
    return wide[height + down : 2 * height + down, width + right : 2 * width + right]


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_each_image_is_moved_whole_and_every_way(rng, plain, dtype):
    images = rng.integers(1, 200, size=(400, 5, 4, 2)).astype(dtype)
    got = plain(RandomShift(2, seed=3)(images, training=True))
    assert got.dtype == dtype
    steps = []
    for image, result in zip(images, got, strict=True):
        found = [
            (u, v) for u in range(-2, 3) for v in range(-2, 3)
            if np.array_equal(result, moved(image, u, v))
        ]  # fmt: skip
        assert len(found) == 1
        steps += found
    counts = np.unique(steps, axis=0, return_counts=True)[1]
    assert len(counts) == 25  # 400 / 25 = 16 expected of each
    assert np.sum((counts - 16) ** 2 / 16) < 51.2  # chi-square, 24 degrees, p = 0.001


def test_nothing_is_moved_at_inference(rng, plain):
    images = rng.normal(size=(3, 6, 6, 1)).astype("float32")
    np.testing.assert_array_equal(plain(RandomShift(3)(images)), images)
    np.testing.assert_array_equal(plain(RandomShift(0)(images, training=True)), images)


def test_it_works_in_a_compiled_step(rng):
    model = keras.Sequential([keras.Input((6, 6, 1)), RandomShift(1), keras.layers.Flatten()])
    model.add(keras.layers.Dense(1))
    model.compile("sgd", "mse")
    x = rng.normal(size=(9, 6, 6, 1)).astype("float32")
    history = model.fit(x, x[:, 0, 0], batch_size=4, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()


def test_follows_the_rules(rng):
    inputs = rng.normal(size=(2, 5, 4, 3)).astype("float32")
    check_layer(lambda: RandomShift(1, seed=0), inputs, reference=lambda weights, x: x)


@pytest.mark.parametrize("pixels", [-1, 1.5, True, "2"])
def test_bad_argument_is_named(pixels):
    with pytest.raises(UserError, match="`pixels` must be a whole number of at least 0"):
        RandomShift(pixels)


def test_images_without_channels_are_refused():
    with pytest.raises(ValueError, match=r"B, H, W, C"):
        RandomShift()(np.zeros((2, 5, 4), "float32"))
