import keras
import numpy as np
import pytest

from kerasdl import create_model
from kerasdl.errors import UserError
from kerasdl.plugin import Spec
from kerasdl.testing import IN_OTHER_PROCESSES, check_architecture


def forward(model, x, normalization):
    """The MLP's formula in float64, from the model's variables."""
    w = {
        v.path.removeprefix("mlp/"): keras.ops.convert_to_numpy(v).astype("float64")
        for v in model.weights
    }
    x = x.reshape(len(x), -1).astype("float64")
    for name in ("hidden1", "hidden2"):
        x = x @ w[f"{name}/kernel"]
        norm = f"{name}_norm"
        if normalization == "batch":
            x = (x - w[f"{norm}/moving_mean"]) / np.sqrt(w[f"{norm}/moving_variance"] + 1e-3)
        else:
            x = x + w[f"{name}/bias"]
        if normalization == "layer":
            centred = x - x.mean(axis=1, keepdims=True)
            x = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-3)
        if normalization != "none":
            x = x * w[f"{norm}/gamma"] + w[f"{norm}/beta"]
        x = np.tanh(x)
    return x @ w["head/kernel"] + w["head/bias"]


@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
def test_model_is_its_formula(normalization, rng):
    model = create_model(
        "mlp",
        input_shape=(2, 3, 1),
        num_classes=3,
        widths=(5, 4),
        activation="tanh",
        normalization=normalization,
        dropout=0.5,
        input_dropout=0.5,
    )
    for variable in model.weights:
        if "seed" not in variable.path:
            variable.assign(rng.uniform(0.2, 1.5, size=variable.shape))
    x = rng.normal(size=(6, 2, 3, 1)).astype("float32")
    y = keras.ops.convert_to_numpy(model(x))
    np.testing.assert_allclose(y, forward(model, x, normalization), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "widths, normalization, parameters",
    [
        ((), "none", 4 * 3 + 3),
        ((8,), "none", (4 * 8 + 8) + (8 * 3 + 3)),
        ((8, 6), "batch", 4 * 8 + 2 * 8 + 8 * 6 + 2 * 6 + (6 * 3 + 3)),
        ((8, 6), "layer", (4 * 8 + 3 * 8) + (8 * 6 + 3 * 6) + (6 * 3 + 3)),
    ],
)
def test_trainable_parameters_are_those_counted_by_hand(widths, normalization, parameters):
    model = create_model(
        "mlp", input_shape=(4,), num_classes=3, widths=widths, normalization=normalization
    )
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == parameters


def test_dropout_drops_the_share_asked_for_in_training_only():
    model = create_model(
        "mlp",
        input_shape=(4,),
        outputs=4000,
        widths=(),
        input_dropout=0.25,
        kernel_initializer="ones",
    )
    x = np.ones((500, 4), "float32")
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(x)), 4.0)
    kept = keras.ops.convert_to_numpy(model(x, training=True))[:, 0] * 0.75
    np.testing.assert_allclose(kept, np.round(kept), atol=1e-5)
    assert abs(kept.mean() / 4 - 0.75) < 0.05


@pytest.mark.long
@pytest.mark.once
def test_mlp_keeps_the_rules():
    check_architecture(
        "mlp",
        config={
            "input_shape": (3, 3, 1),
            "num_classes": 4,
            "widths": (16, 8),
            "activation": "hard_sign",
            "normalization": "batch",
            "dropout": 0.1,
            "masks": [[[1, 0] * 8] * 9, None, None],
        },
        # A threshold's own gradient is 0; this one passes it on. Eight signs tell little apart.
        skip=(*IN_OTHER_PROCESSES, "gradients_are_right", "over_fits_ten_samples"),
    )


def test_layers_of_one_shape_start_with_different_weights():
    model = create_model("mlp", input_shape=(4,), outputs=4, widths=(4, 4))
    first, second = (model.get_layer(name).get_weights()[0] for name in ("hidden1", "hidden2"))
    assert not np.allclose(first, second)


def test_integer_pixels_are_taken_as_numbers(rng):
    spec = Spec(task="image-classification", input_shape=(2, 2, 1), input_dtype="uint8", outputs=2)
    model = create_model("mlp", spec=spec, widths=(3,))
    x = rng.integers(0, 256, size=(5, 2, 2, 1)).astype("uint8")
    floats = create_model("mlp", input_shape=(2, 2, 1), num_classes=2, widths=(3,))
    floats.set_weights(model.get_weights())
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(model(x)),
        keras.ops.convert_to_numpy(floats(x.astype("float32"))),
    )


@pytest.mark.parametrize(
    "spec, message",
    [
        ({"num_classes": 3}, r"`input_shape` must be given.*input_shape=None"),
        ({"input_shape": (), "num_classes": 3}, r"`input_shape` must be given.*input_shape=\(\)"),
        ({"input_shape": (None, 4), "outputs": 3}, r"each axis known.*\(None, 4\)"),
        ({"input_shape": (4,)}, r"number of outputs must be at least 1.*outputs=None"),
        ({"input_shape": (4,), "outputs": 0}, r"`outputs` must be a whole number.*: 0"),
    ],
)
def test_spec_that_says_too_little_is_an_error(spec, message):
    with pytest.raises(UserError, match=message):
        create_model("mlp", **spec)


@pytest.mark.parametrize(
    "field, value",
    [("widths", (8, 0)), ("dropout", 1.0), ("normalization", "group"), ("widths", 8)],
)
def test_value_out_of_range_is_an_error_that_names_the_field(field, value):
    with pytest.raises(UserError, match=rf"`{field}` must be .*Received: {field}="):
        create_model("mlp", input_shape=(4,), outputs=2, **{field: value})
