import sys

import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.inside import feature_maps, grad_cam
from kerasdl.layers.origin import Origin

# What a network's float32 leaves of a float64 reference, in maps whose largest value is 1.
TOLERANCE = {"rtol": 0, "atol": 2e-5}


def weights_of(model):
    return {
        layer.name: [np.asarray(keras.ops.convert_to_numpy(w), "float64") for w in layer.weights]
        for layer in model.layers
        if layer.weights
    }


def by_pytorch(model, images, layer, classes=None, skip=False):
    """Grad-CAM of the fixture's network, written out in PyTorch and float64."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    weights = {
        name: [torch.from_numpy(np.ascontiguousarray(value)) for value in values]
        for name, values in weights_of(model).items()
    }

    def convolution(x, name):
        kernel, bias = weights[name]
        return functional.conv2d(x, kernel.permute(3, 2, 0, 1), bias, padding=1)

    with torch.enable_grad():
        x = torch.from_numpy(images.astype("float64")).permute(0, 3, 1, 2)
        first = torch.tanh(convolution(x, "conv1")).requires_grad_()
        scale, shift, mean, variance = (v.reshape(1, -1, 1, 1) for v in weights["norm"])
        second = (convolution(first, "conv2") - mean) / torch.sqrt(variance + 0.01) * scale + shift
        maps = torch.relu(second + first if skip else second)
        maps.retain_grad()
        pooled = functional.max_pool2d(maps, 2).permute(0, 2, 3, 1).flatten(1)
        kernel, bias = weights["head"]
        scores = pooled @ kernel + bias
        chosen = scores.argmax(1) if classes is None else torch.as_tensor(classes)
        wanted = {"conv1": first, "maps": maps}[layer]
        scores.gather(1, chosen.reshape(-1, 1)).sum().backward()
    means = wanted.grad.mean((2, 3), keepdim=True)
    heat = torch.relu((means * wanted).sum(1, keepdim=True).detach())
    heat = functional.interpolate(heat, images.shape[1:3], mode="bilinear", align_corners=False)
    heat = heat[:, 0].numpy()
    highest = heat.max(axis=(1, 2), keepdims=True)
    assert highest.max() > 0
    return heat / np.where(highest > 0, highest, 1)


@pytest.mark.parametrize("skip", [False, True], ids=["chain", "residual"])
@pytest.mark.parametrize("layer", ["maps", "conv1"])
def test_maps_are_pytorchs(network, images, layer, skip):
    model = network(skip=skip)
    expected = by_pytorch(model, images, layer, [0, 3, 1], skip)
    got = grad_cam(model, images, [0, 3, 1], layer)
    assert got.dtype == np.float32 and got.shape == (3, 7, 5)
    np.testing.assert_allclose(got, expected, **TOLERANCE)


def test_predicted_class_and_last_unpooled_maps_are_the_default(network, images):
    model = network()
    np.testing.assert_allclose(
        grad_cam(model, images), by_pytorch(model, images, "maps"), **TOLERANCE
    )
    np.testing.assert_allclose(
        grad_cam(model, images, 2), by_pytorch(model, images, "maps", [2, 2, 2]), **TOLERANCE
    )


@pytest.mark.parametrize("end", ["softmax", "sigmoid", "softmax layer"])
def test_score_is_taken_before_the_last_squashing(network, images, end):
    model = network(end=end)
    kernel, bias = model.get_layer("head").get_weights()
    model.get_layer("head").set_weights([kernel * 300, bias])  # saturated: no gradient is left
    got = grad_cam(model, images, [1, 2, 0])
    np.testing.assert_allclose(got, by_pytorch(model, images, "maps", [1, 2, 0]), **TOLERANCE)
    outputs = model(images, training=False)
    assert keras.ops.convert_to_numpy(outputs).max() <= 1  # and stands again afterwards


def test_maps_with_average_pooling_and_a_dense_layer_are_class_activation_maps(rng):
    inputs = keras.Input((6, 9, 3))
    x = keras.layers.Conv2D(5, 1, activation="relu", name="maps")(inputs)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, keras.layers.Dense(4)(x))
    kernel, head = rng.normal(size=(3, 5)), rng.normal(size=(5, 4))
    model.set_weights([kernel[None, None], np.zeros(5), head, np.zeros(4)])
    images = rng.normal(size=(2, 6, 9, 3))
    activations = np.maximum(images @ kernel, 0)
    for number in range(4):
        camera = np.maximum(activations @ head[:, number], 0)  # Zhou et al., 2016, equation 2
        expected = camera / camera.max(axis=(1, 2), keepdims=True)
        np.testing.assert_allclose(grad_cam(model, images, number), expected, **TOLERANCE)


def test_map_is_zero_where_nothing_speaks_for_the_class(network, images):
    model = network()
    kernel, bias = model.get_layer("head").get_weights()
    model.get_layer("head").set_weights([-np.abs(kernel), bias])
    assert not grad_cam(model, images, 0).any()


def test_run_like_model_takes_raw_inputs(network, images):
    inner = network()
    raw = keras.Input((7, 5, 2), dtype="uint8")
    bytes_ = np.round(np.abs(images) * 60).clip(0, 255).astype("uint8")
    ended = keras.Model(inner.input, Origin({})(inner.output))
    outer = keras.Model(raw, ended(keras.layers.Rescaling(1 / 64)(raw)))
    expected = grad_cam(inner, bytes_.astype("float32") / 64)
    np.testing.assert_allclose(grad_cam(outer, bytes_), expected, **TOLERANCE)


def test_one_image_or_many_batches_of_them_are_the_same(network, images, monkeypatch):
    model = network()
    whole = grad_cam(model, images)
    np.testing.assert_allclose(grad_cam(model, images[1:2]), whole[1:2], **TOLERANCE)
    # The module's own name is the function's in its package.
    monkeypatch.setattr(sys.modules["kerasdl.inside.grad_cam"], "BATCH", 3)
    many = np.concatenate([images, images[:1], images[1:], images[:1]])
    classes = [0, 1, 2, 3, 3, 2, 1]
    got = grad_cam(model, many, classes)
    for place, (image, number) in enumerate(zip(many, classes, strict=True)):
        alone = grad_cam(model, image[None], number)
        np.testing.assert_allclose(got[place : place + 1], alone, **TOLERANCE)


def test_model_is_as_it_was(network, images):
    model = network(end="softmax")
    model.get_layer("norm").trainable = False
    before = [keras.ops.convert_to_numpy(v).copy() for v in model.variables]
    known = {layer.name: set(vars(layer)) for layer in model.layers}
    np.testing.assert_array_equal(grad_cam(model, images), grad_cam(model, images))  # no dropout
    feature_maps(model, "norm", images)
    with pytest.raises(UserError, match="Received: classes=7"):
        grad_cam(model, images, 7)
    for old, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable), old)
    assert {layer.name: set(vars(layer)) for layer in model.layers} == known
    assert model.get_layer("head").activation is keras.activations.softmax
    assert not model.get_layer("norm").trainable and model.get_layer("conv1").trainable


@pytest.mark.long
def test_half_precision_comes_near(network, images, rng):
    model = network()
    policy = keras.dtype_policies.DTypePolicy("mixed_bfloat16")
    config = model.get_config()
    for layer in config["layers"]:
        if layer["class_name"] != "InputLayer":
            layer["config"]["dtype"] = keras.saving.serialize_keras_object(policy)
    narrow = keras.Model.from_config(config)
    narrow.set_weights(model.get_weights())
    got = grad_cam(narrow, images, 1)
    assert got.dtype == np.float32 and np.isfinite(got).all()
    assert np.abs(got - grad_cam(model, images, 1)).mean() < 0.03


@pytest.mark.long
def test_channels_first_gives_the_same(rng):
    if keras.backend.backend() == "tensorflow":
        pytest.skip("TensorFlow has no such convolution on a CPU")
    images = rng.normal(size=(2, 6, 8, 3))
    kernel, head = rng.normal(size=(3, 3, 3, 4)), rng.normal(size=(4, 2))
    results = []
    for order in ("channels_last", "channels_first"):
        first = order == "channels_first"
        inputs = keras.Input((3, 6, 8) if first else (6, 8, 3))
        conv = keras.layers.Conv2D(4, 3, data_format=order, use_bias=False, name="conv")
        x = keras.layers.Activation("relu", name="relu")(conv(inputs))
        x = keras.layers.GlobalAveragePooling2D(data_format=order)(x)
        model = keras.Model(inputs, keras.layers.Dense(2, use_bias=False)(x))
        model.set_weights([kernel, head])
        given = np.moveaxis(images, -1, 1) if first else images
        results.append((grad_cam(model, given, 1), feature_maps(model, "relu", given)))
    for last, first in zip(*results, strict=True):
        np.testing.assert_allclose(first, last, **TOLERANCE)


@pytest.mark.parametrize("classes", [-1, 4, [0, 1], 1.0, [0.0, 1.0, 2.0]], ids=str)
def test_class_that_is_none_is_refused(network, images, classes):
    with pytest.raises(UserError, match="`classes` must be a whole number from 0 to 3, or 3 of"):
        grad_cam(network(), images, classes)


def test_model_without_an_output_for_each_class_is_refused(images):
    inputs = keras.Input((7, 5, 2))
    model = keras.Model(inputs, keras.layers.Conv2D(1, 1)(inputs), name="dense_output")
    with pytest.raises(UserError, match=r"an output of \(batch, classes\).*dense_output"):
        grad_cam(model, images)


def test_layer_called_twice_is_refused(images):
    inputs = keras.Input((7, 5, 2))
    conv = keras.layers.Conv2D(2, 3, padding="same", name="shared")
    x = keras.layers.GlobalAveragePooling2D()(conv(conv(inputs)))
    model = keras.Model(inputs, keras.layers.Dense(2)(x))
    with pytest.raises(UserError, match="one that the model calls once.*'shared', called 2 times"):
        grad_cam(model, images)
    assert "call" not in vars(conv)
