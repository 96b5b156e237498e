import keras
import numpy as np
import pytest

from kerasdl import create_model
from kerasdl.errors import UserError
from kerasdl.testing import check_layer
from kerasdl_mlp.masked_dense import MaskedDense

FIRST = [[1, 0, 1], [0, 1, 1], [1, 0, 0], [0, 1, 0]]
LAST = [[1, 0], [1, 1], [0, 1]]


def test_layer_keeps_the_rules(rng):
    check_layer(
        lambda: MaskedDense(3, FIRST, activation="tanh"),
        rng.normal(size=(5, 4)).astype("float32"),
        reference=lambda w, x: np.tanh(x @ (w["kernel"] * np.array(FIRST)) + w["bias"]),
    )


def test_missing_connections_stay_exactly_zero_in_training(rng):
    model = create_model("mlp", input_shape=(4,), num_classes=2, widths=(3,), masks=[FIRST, LAST])
    layers = [model.get_layer("hidden1"), model.get_layer("head")]
    before = [keras.ops.convert_to_numpy(layer.kernel) for layer in layers]
    model.compile(
        keras.optimizers.AdamW(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    x, y = rng.normal(size=(32, 4)).astype("float32"), rng.integers(0, 2, size=32)
    model.fit(x, y, batch_size=8, epochs=3, verbose=0)
    for layer, mask, old in zip(layers, (FIRST, LAST), before, strict=True):
        kernel, mask = keras.ops.convert_to_numpy(layer.kernel), np.array(mask, bool)
        np.testing.assert_array_equal(kernel[~mask], 0.0)
        assert (kernel[mask] != old[mask]).all()
        assert (old[mask] != 0).all()


def test_weight_written_where_there_is_no_connection_has_no_effect():
    layer = MaskedDense(2, LAST)
    layer.build((None, 3))
    layer.set_weights([np.ones((3, 2)), np.zeros(2)])
    y = keras.ops.convert_to_numpy(layer(np.array([[1.0, 10.0, 100.0]], "float32")))
    np.testing.assert_array_equal(y, [[11.0, 110.0]])


def test_one_layer_alone_can_be_masked(rng):
    model = create_model("mlp", input_shape=(4,), outputs=2, widths=(3,), masks=[FIRST, []])
    assert type(model.get_layer("head")) is keras.layers.Dense
    assert type(model.get_layer("hidden1")) is MaskedDense


@pytest.mark.parametrize(
    "masks, message",
    [
        ([FIRST], r"`masks` must have an entry .* each of the 2 dense layers.*Received: 1 entries"),
        ([LAST, None], r"shape \(inputs, units\) = \(4, 3\).*\(inputs, units\) = \(3, 2\)"),
        ([[[1, 0, 2]] * 4, None], r"masks\[0\].*matrix of 0 and 1.*2\.0"),
        ([[[1, 0, 1], [1]], None], r"masks\[0\].*rows of one length"),
        ([[1, 0, 1], None], r"masks\[0\].*matrix of 0 and 1.*shape \(3,\)"),
        ([[["a"]], None], r"masks\[0\].*matrix of 0 and 1"),
    ],
)
def test_wrong_mask_is_an_error(masks, message):
    with pytest.raises(UserError, match=message):
        create_model("mlp", input_shape=(4,), outputs=2, widths=(3,), masks=masks)
