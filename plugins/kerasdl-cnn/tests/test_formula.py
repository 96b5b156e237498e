"""Each network's output beside the same steps in NumPy float64."""

import keras
import numpy as np
import pytest

from kerasdl import create_model


def convolve(x, kernel, bias, stride, padding):
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    size = kernel.shape[0]
    height, width = ((side - size) // stride + 1 for side in x.shape[1:3])
    y = np.zeros((len(x), height, width, kernel.shape[3])) + bias
    for i in range(size):
        for j in range(size):
            seen = x[:, i : i + stride * height : stride, j : j + stride * width : stride]
            y += seen[:, :height, :width] @ kernel[i, j]
    return y


def pool(x, how, size, stride):
    height, width = ((side - size) // stride + 1 for side in x.shape[1:3])
    views = [
        x[:, i : i + stride * height : stride, j : j + stride * width : stride][:, :height, :width]
        for i in range(size)
        for j in range(size)
    ]
    return getattr(np, how)(views, axis=0)


def numpy_output(model, x, steps):
    """Runs steps such as `conv NAME STRIDE PADDING`, `max SIZE STRIDE`, `tanh`, `dense NAME`."""
    x = x.astype("float64")
    for step in steps:
        kind, *rest = step.split()
        if kind == "conv":
            kernel, bias = (w.astype("float64") for w in model.get_layer(rest[0]).get_weights())
            x = convolve(x, kernel, bias, int(rest[1]), int(rest[2]))
        elif kind in ("max", "mean"):
            x = pool(x, kind, int(rest[0]), int(rest[1]))
        elif kind == "dense":
            kernel, bias = (w.astype("float64") for w in model.get_layer(rest[0]).get_weights())
            x = x.reshape(len(x), -1) @ kernel + bias
        elif kind == "global":
            x = getattr(x, rest[0])(axis=(1, 2))
        else:
            x = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh}[kind](x)
    return x


def vgg11():
    for block, count in enumerate((1, 1, 2, 2, 2), 1):
        for place in range(1, count + 1):
            yield from (f"conv block{block}_conv{place} 1 1", "relu")
        yield "max 2 2"
    yield from ("dense dense1", "relu", "dense head")


CASES = {
    "lenet5-28": (
        "lenet5",
        (28, 28, 1),
        {},
        ["conv conv1 1 2", "tanh", "mean 2 2", "conv conv2 1 0", "tanh", "mean 2 2"]
        + ["dense dense1", "tanh", "dense dense2", "tanh", "dense head"],
    ),
    "lenet5-32": (
        "lenet5",
        (32, 32, 3),
        {"activation": "relu", "pooling": "max"},
        ["conv conv1 1 0", "relu", "max 2 2", "conv conv2 1 0", "relu", "max 2 2"]
        + ["dense dense1", "relu", "dense dense2", "relu", "dense head"],
    ),
    "alexnet": (
        "alexnet",
        (67, 63, 3),
        {"dense": (5, 4)},
        ["conv conv1 4 2", "relu", "max 3 2", "conv conv2 1 2", "relu", "max 3 2"]
        + ["conv conv3 1 1", "relu", "conv conv4 1 1", "relu", "conv conv5 1 1", "relu", "max 3 2"]
        + ["dense dense1", "relu", "dense dense2", "relu", "dense head"],
    ),
    "vgg11": ("vgg11", (32, 32, 3), {"dense": (5,)}, list(vgg11())),
    "cnn-max": (
        "cnn",
        (7, 6, 2),
        {"filters": (3, 4), "normalization": "none", "activation": "tanh", "convolutions": 1},
        ["conv block1_conv1 1 1", "tanh", "max 2 2", "conv block2_conv1 1 1", "tanh", "max 2 2"]
        + ["dense head"],
    ),
    "cnn-average": (
        "cnn",
        (7, 6, 2),
        {
            "filters": (3,),
            "normalization": "none",
            "kernel_size": 5,
            "pooling": "average",
            "pool_size": 3,
            "head": "max",
            "dense": (4,),
        },
        ["conv block1_conv1 1 2", "relu", "conv block1_conv2 1 2", "relu", "mean 3 3", "global max"]
        + ["dense dense1", "relu", "dense head"],
    ),
    "cnn-unpooled": (
        "cnn",
        (4, 5, 1),
        {"filters": (3,), "normalization": "none", "pooling": "none", "head": "average"},
        [
            "conv block1_conv1 1 1",
            "relu",
            "conv block1_conv2 1 1",
            "relu",
            "global mean",
            "dense head",
        ],
    ),
}


def case(name):
    return pytest.param(name, marks=[pytest.mark.long] * (name in ("alexnet", "vgg11")))


@pytest.mark.parametrize("case", [case(name) for name in CASES])
def test_output_is_that_of_the_steps(case, rng):
    name, shape, config, steps = CASES[case]
    model = create_model(name, input_shape=shape, num_classes=3, **config)
    for variable in model.trainable_variables:
        if variable.path.endswith("bias"):
            variable.assign(rng.normal(size=variable.shape))
    x = rng.normal(size=(2, *shape)).astype("float32")
    expected = numpy_output(model, x, steps)
    assert np.ptp(expected) > 0.1
    found = keras.ops.convert_to_numpy(model(x))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("kind", ["batch", "group", "layer"])
def test_normalization_is_over_the_right_axes(kind, rng):
    model = create_model(
        "cnn", input_shape=(4, 5, 2), num_classes=2, filters=(6,), normalization=kind, groups=3
    )
    layer = model.get_layer("block1_norm1")
    both = keras.Model(model.input, [layer.input, layer.output])
    x = rng.normal(size=(3, 4, 5, 2)).astype("float32")
    before, after = (
        keras.ops.convert_to_numpy(v).astype("float64") for v in both(x, training=True)
    )
    if kind == "batch":
        shape, axes = before.shape, (0, 1, 2)
    elif kind == "group":
        shape, axes = (3, 4, 5, 3, 2), (1, 2, 4)
    else:
        shape, axes = before.shape, (3,)
    grouped = before.reshape(shape)
    centred = grouped - grouped.mean(axis=axes, keepdims=True)
    expected = centred / np.sqrt((centred**2).mean(axis=axes, keepdims=True) + 1e-3)
    np.testing.assert_allclose(after, expected.reshape(before.shape), rtol=1e-4, atol=1e-5)
