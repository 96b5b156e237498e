import numpy as np
import pytest

from kerasdl import data
from kerasdl.errors import UserError

pytestmark = pytest.mark.once


def test_doubled_ramp_is_the_ramp():
    from kerasdl.data.resize import resized

    ramp = np.broadcast_to(np.arange(8.0)[:, None], (8, 6)).astype("float32")
    wide = resized(ramp[None, ..., None], (16, 12))[0, ..., 0]
    expected = np.clip((np.arange(16) + 0.5) / 2 - 0.5, 0, 7)  # pixel middles, edges repeated
    np.testing.assert_allclose(wide, np.broadcast_to(expected[:, None], (16, 12)), atol=1e-5)


def test_named_images_are_resized_in_their_range():
    digits = data.load("digits", image_size=(28, 20))
    assert digits.train.x.shape == (1797, 28, 20, 1) and digits.train.x.dtype == "uint8"
    assert digits.inputs.shape == (28, 20, 1) and digits.inputs.resize
    assert 14 <= digits.train.x.max() <= 16
    small = data.load("digits").train.x.mean(dtype="float64")
    assert digits.train.x.mean(dtype="float64") == pytest.approx(small, rel=0.03)


def test_table_is_refused():
    with pytest.raises(UserError, match="`image_size` does not apply to"):
        data.load("iris", image_size=(8, 8))
