import keras
import numpy as np
import pytest

from kerasdl import create_model, model_info
from kerasdl.errors import UserError
from kerasdl.plugin import Spec
from kerasdl.testing import IN_OTHER_PROCESSES, check_architecture


@pytest.mark.long
@pytest.mark.once
def test_cnn_keeps_the_rules():
    shapes = {"input_shape": (8, 8, 1), "num_classes": 3}
    # No unit of five may be dead by chance.
    config = {"filters": (4,), "convolutions": 1, "dense": (5,), "activation": "elu"}
    check_architecture("cnn", config={**shapes, **config}, skip=IN_OTHER_PROCESSES)


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize(
    "name, config",
    [
        ("lenet5", {"input_shape": (28, 28, 1)}),
        ("alexnet", {"input_shape": (67, 67, 3), "dense": (16, 8)}),
        ("vgg11-bn", {"input_shape": (32, 32, 3), "dense": (16, 8)}),
    ],
)
def test_published_networks_keep_the_rules(name, config):
    config = {**config, "num_classes": 3}
    # Dropout of a half leaves so narrow a head too little to learn by heart with.
    skip = (*IN_OTHER_PROCESSES, "over_fits_ten_samples")
    check_architecture(name, config=config, learning_rate=1e-3, skip=skip)


def test_dropout_works_in_training_only(rng):
    model = create_model("cnn", input_shape=(8, 8, 1), num_classes=3, filters=(3,), convolutions=1)
    x = rng.normal(size=(2, 8, 8, 1)).astype("float32")
    first, second = (keras.ops.convert_to_numpy(model(x)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    noisy = keras.ops.convert_to_numpy(
        model.get_layer("block1_dropout")(np.ones((4, 50, 50, 1)), training=True)
    )
    assert set(np.round(np.unique(noisy), 4)) == {0.0, np.float32(1.3333)}
    assert abs((noisy == 0).mean() - 0.25) < 0.02


def test_images_of_any_size_are_taken_without_flattening(rng):
    config = {"filters": (3,), "convolutions": 1, "head": "average"}
    model = create_model("cnn", input_shape=(None, None, 3), num_classes=2, **config)
    for side in (8, 13):
        assert model(rng.normal(size=(2, side, side, 3)).astype("float32")).shape == (2, 2)


def test_integer_pixels_are_taken_as_numbers(rng):
    spec = Spec(task="image-classification", input_shape=(5, 5, 1), input_dtype="uint8", outputs=2)
    model = create_model("cnn", spec=spec, filters=(3,), convolutions=1)
    spec = spec.replace(input_dtype="float32")
    floats = create_model("cnn", spec=spec, filters=(3,), convolutions=1)
    floats.set_weights(model.get_weights())
    x = rng.integers(0, 256, size=(4, 5, 5, 1)).astype("uint8")
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(model(x)),
        keras.ops.convert_to_numpy(floats(x.astype("float32"))),
    )


def test_channels_come_last_whatever_keras_is_set_to(rng):
    x = rng.normal(size=(2, 6, 5, 2)).astype("float32")
    config = {"input_shape": (6, 5, 2), "num_classes": 4, "filters": (3,), "convolutions": 1}
    usual = create_model("cnn", **config)
    keras.config.set_image_data_format("channels_first")
    try:
        other = create_model("cnn", **config)
    finally:
        keras.config.set_image_data_format("channels_last")
    other.set_weights(usual.get_weights())
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(other(x)),
        keras.ops.convert_to_numpy(usual(x)),
        rtol=1e-5,
        atol=1e-6,
    )


def test_layers_of_one_shape_start_with_different_weights():
    model = create_model("cnn", input_shape=(8, 8, 16), num_classes=2, filters=(16,))
    first, second = (model.get_layer(f"block1_conv{n}").get_weights()[0] for n in (1, 2))
    assert not np.allclose(first, second)


def test_large_photographs_are_taken():
    model = create_model("cnn", input_shape=(224, 224, 3), num_classes=5, head="average")
    assert model.get_layer("block2_pool").output.shape == (None, 56, 56, 32)


@pytest.mark.parametrize(
    "name, shape, config, stage, needed, there",
    [
        ("cnn", (8, 8, 1), {"filters": (4, 4, 4, 4)}, "block4_pool", "(2, 2)", "(1, 1)"),
        ("cnn", (8, 3, 1), {"pool_size": 4}, "block1_pool", "(4, 4)", "(8, 3)"),
        ("lenet5", (8, 8, 1), {}, "conv2", "(5, 5)", "(2, 2)"),
        pytest.param(
            *("alexnet", (32, 32, 3), {}, "pool5", "(3, 3)", "(1, 1)"), marks=pytest.mark.long
        ),
        ("alexnet", (4, 64, 3), {}, "conv1", "(11, 11)", "(8, 68)"),
        pytest.param(
            *("vgg11", (31, 31, 3), {}, "block5_pool", "(2, 2)", "(1, 1)"), marks=pytest.mark.long
        ),
    ],
)
def test_images_too_small_are_an_error_that_names_the_stage(
    name, shape, config, stage, needed, there
):
    with pytest.raises(UserError) as error:
        create_model(name, input_shape=shape, num_classes=2, **config)
    message = str(error.value)
    assert f"stage `{stage}` needs" in message
    assert needed in message
    assert message.endswith(f"(height, width) = {there}")


@pytest.mark.parametrize("name", ["cnn", "lenet5", "alexnet", "vgg"])
@pytest.mark.parametrize(
    "spec, message",
    [
        ({"num_classes": 2}, r"`input_shape` must be \(height, width, channels\).*=None"),
        ({"input_shape": (64, 64), "num_classes": 2}, r"\(height, width, channels\).*\(64, 64\)"),
        ({"input_shape": (None, 64, 1), "num_classes": 2}, r"each of them known.*\(None, 64, 1\)"),
        ({"input_shape": (64, 64, None), "num_classes": 2}, r"known.*\(64, 64, None\)"),
        ({"input_shape": (64, 64, 1)}, r"number of outputs must be at least 1.*outputs=None"),
    ],
)
def test_spec_that_says_too_little_is_an_error(name, spec, message):
    with pytest.raises(UserError, match=message):
        create_model(name, task="image-classification", **spec)


@pytest.mark.parametrize(
    "field, value, message",
    [
        ("activation", "rlu", r"`activation`.*Received: activation='rlu'.*'relu'"),
        ("activation", "threshold", r"`activation`.*that needs no arguments.*'threshold'"),
        ("kernel_initializer", "he", r"`kernel_initializer`.*Received: kernel_initializer='he'"),
        ("groups", 5, r"`groups` must divide the 16 channels of stage `block1_norm1`.*groups=5"),
        ("filters", (8, 0), r"`filters` must be .*at least 1.*filters=\(8, 0\)"),
        ("pooling", "min", r"`pooling` must be .*max, average, none.*pooling='min'"),
    ],
)
def test_value_that_cannot_be_used_is_an_error(field, value, message):
    with pytest.raises(UserError, match=message):
        create_model(
            "cnn", input_shape=(8, 8, 1), num_classes=2, normalization="group", **{field: value}
        )


@pytest.mark.long
def test_default_learns_scanned_digits():
    datasets = pytest.importorskip("sklearn.datasets")
    selection = pytest.importorskip("sklearn.model_selection")
    x, y = datasets.load_digits(return_X_y=True)
    x = x.reshape(-1, 8, 8, 1).astype("float32") / 16
    x, held_out, y, truth = selection.train_test_split(
        x, y, test_size=0.2, stratify=y, random_state=0
    )
    keras.utils.set_random_seed(0)
    model = create_model("cnn", input_shape=(8, 8, 1), num_classes=10)
    recipe = model_info("cnn").recipe
    steps = recipe["epochs"] * -(-len(x) // recipe["batch_size"])
    model.compile(
        keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(recipe["learning_rate"], steps)
        ),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(x, y, batch_size=recipe["batch_size"], epochs=recipe["epochs"], verbose=0)
    accuracy = (model.predict(held_out, verbose=0).argmax(axis=1) == truth).mean()
    assert accuracy >= 0.985
