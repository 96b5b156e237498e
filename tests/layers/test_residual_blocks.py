"""Blocks of convolutions against loops in NumPy float64."""

import keras
import numpy as np
import pytest

from kerasdl import layers
from kerasdl.errors import UserError


def _convolve(x, kernel, stride=1, groups=1):
    """Cross-correlation with zeros on all sides, entry by entry of the kernel."""
    size = kernel.shape[0]
    padded = np.pad(x, [(0, 0), (size // 2,) * 2, (size // 2,) * 2, (0, 0)])
    high, wide = (-(-n // stride) for n in x.shape[1:3])
    outputs = []
    for inputs, weights in zip(
        np.split(padded, groups, axis=-1), np.split(kernel, groups, axis=-1), strict=True
    ):
        total = 0
        for i, j in np.ndindex(size, size):
            patch = inputs[:, i : i + high * stride : stride, j : j + wide * stride : stride]
            total = total + patch @ weights[i, j]
        outputs.append(total)
    return np.concatenate(outputs, axis=-1)


class Numbers:
    """A block's weights by path, and its parts in NumPy."""

    def __init__(self, block):
        self.values = {
            v.path.removeprefix(block.name + "/"): np.asarray(
                keras.ops.convert_to_numpy(v), "float64"
            )
            for v in block.weights
        }

    def norm(self, name, x):
        gamma, beta, mean, variance = (
            self.values[f"{name}/{part}"]
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return (x - mean) / np.sqrt(variance + 1e-5) * gamma + beta

    def conv(self, name, x, stride=1, groups=1):
        return _convolve(x, self.values[f"{name}/kernel"], stride, groups)

    def squeeze(self, x):
        hidden = x.mean((1, 2)) @ self.values["squeeze/reduce/kernel"]
        hidden = relu(hidden + self.values["squeeze/reduce/bias"])
        gate = hidden @ self.values["squeeze/restore/kernel"] + self.values["squeeze/restore/bias"]
        return x / (1 + np.exp(-gate))[:, None, None]


def relu(x):
    return np.maximum(x, 0)


def basic(n, x, stride, project):
    h = relu(n.norm("norm_1", n.conv("convolution_1", x, stride)))
    h = n.squeeze(n.norm("norm_2", n.conv("convolution_2", h)))
    shortcut = n.norm("shortcut_norm", n.conv("shortcut", x, stride)) if project else x
    return relu(h + shortcut)


def bottleneck(n, x, stride, project, groups=1):
    h = relu(n.norm("norm_1", n.conv("convolution_1", x)))
    h = relu(n.norm("norm_2", n.conv("convolution_2", h, stride, groups)))
    h = n.norm("norm_3", n.conv("convolution_3", h))
    shortcut = n.norm("shortcut_norm", n.conv("shortcut", x, stride)) if project else x
    return relu(h + shortcut)


def pre_activation(n, x, stride, project):
    a = relu(n.norm("norm_0", x))
    h = relu(n.norm("norm_1", n.conv("convolution_1", a, stride)))
    return n.conv("convolution_2", h) + (n.conv("shortcut", a, stride) if project else x)


def pre_activation_bottleneck(n, x, stride, project):
    a = relu(n.norm("norm_0", x))
    h = relu(n.norm("norm_1", n.conv("convolution_1", a)))
    h = relu(n.norm("norm_2", n.conv("convolution_2", h, stride)))
    return n.conv("convolution_3", h) + (n.conv("shortcut", a, stride) if project else x)


BLOCKS = {
    "BasicBlock": (layers.BasicBlock, {"squeeze": 2}, basic),
    "BottleneckBlock": (layers.BottleneckBlock, {"width": 3}, bottleneck),
    "ResNeXtBlock": (
        layers.ResNeXtBlock,
        {"cardinality": 2, "width": 6},
        lambda *given: bottleneck(*given, groups=2),
    ),
    "PreActivationBlock": (layers.PreActivationBlock, {}, pre_activation),
    "PreActivationBottleneckBlock": (
        layers.PreActivationBottleneckBlock,
        {"width": 3},
        pre_activation_bottleneck,
    ),
}


QUICK = {("BasicBlock", 6), ("ResNeXtBlock", 4), ("PreActivationBlock", 6)}


def _randomized(block, shape, array):
    block.build(shape)
    block.set_weights([np.abs(array(*w.shape)) * 0.5 - 0.1 * (w.ndim > 1) for w in block.weights])
    return block


SHAPES = [
    # An identity and a projection by each order; the rest takes the longer suite.
    pytest.param(
        name,
        *shape,
        marks=[] if (name, shape[0]) in QUICK else [pytest.mark.long],
        id=f"{name}-{shape}",
    )
    for name in BLOCKS
    for shape in ((4, 1), (6, 2))
]


@pytest.mark.parametrize(("name", "filters", "stride"), SHAPES)
def test_equals_the_formula(array, plain, compiled, name, filters, stride):
    make, settings, expected = BLOCKS[name]
    inputs = array(2, 5, 6, 4)
    block = _randomized(make(filters, stride=stride, **settings), inputs.shape, array)
    outputs = plain(compiled(block)(inputs))
    project = (filters, stride) != (4, 1)
    value = expected(Numbers(block), inputs.astype("float64"), stride, project)
    np.testing.assert_allclose(outputs, value, rtol=1e-4, atol=1e-5)
    assert block.compute_output_shape(inputs.shape) == outputs.shape


def test_a_resnext_block_is_a_sum_of_paths(array, plain, compiled):
    """The grouped form against the paths written one by one (figure 3(a) of the paper)."""
    inputs, filters = array(1, 4, 4, 4), 4
    block = layers.ResNeXtBlock(filters, cardinality=2, width=4, normalization=None)
    block.build(inputs.shape)
    block.set_weights([array(*w.shape) for w in block.weights])
    n, x = Numbers(block), inputs.astype("float64")
    total = x + n.values["convolution_3/bias"]
    for path in (slice(0, 2), slice(2, 4)):
        kernels = [n.values[f"convolution_{i}/kernel"] for i in (1, 2, 3)]
        biases = [n.values[f"convolution_{i}/bias"][path] for i in (1, 2)]
        h = relu(_convolve(x, kernels[0][..., path]) + biases[0])
        h = relu(_convolve(h, kernels[1][..., path]) + biases[1])
        total = total + _convolve(h, kernels[2][:, :, path])
    np.testing.assert_allclose(plain(compiled(block)(inputs)), relu(total), rtol=1e-4, atol=1e-5)


def test_dense_block_and_transition_equal_the_formula(array, plain, compiled):
    inputs = array(2, 5, 6, 3)
    block = _randomized(layers.DenseBlock(2, growth=2, bottleneck=2), inputs.shape, array)
    n, expected = Numbers(block), inputs.astype("float64")
    for i in ("1", "2"):
        h = n.conv(f"bottleneck_{i}", relu(n.norm(f"norm_{i}", expected)))
        h = n.conv(f"convolution_{i}", relu(n.norm(f"bottleneck_norm_{i}", h)))
        expected = np.concatenate([expected, h], axis=-1)
    outputs = plain(compiled(block)(inputs))
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)

    transition = _randomized(layers.DenseTransition(0.5), outputs.shape, array)
    n = Numbers(transition)
    h = n.conv("convolution", relu(n.norm("norm", outputs.astype("float64"))))[:, :4]
    pooled = (h[:, ::2, ::2] + h[:, 1::2, ::2] + h[:, ::2, 1::2] + h[:, 1::2, 1::2]) / 4
    assert pooled.shape == (2, 2, 3, 3)
    np.testing.assert_allclose(plain(compiled(transition)(outputs)), pooled, rtol=1e-4, atol=1e-5)


@pytest.mark.long
def test_channels_first_gives_the_same(array, plain):
    if keras.backend.backend() == "tensorflow":
        pytest.skip("TensorFlow convolves channels first on GPUs alone")
    inputs = array(2, 5, 6, 4)
    last = layers.BasicBlock(6, stride=2, squeeze=2, data_format="channels_last")
    first = layers.BasicBlock(6, stride=2, squeeze=2, data_format="channels_first")
    expected = plain(last(inputs))
    turned = inputs.transpose(0, 3, 1, 2)
    first.build(turned.shape)
    first.set_weights(last.get_weights())
    outputs = plain(first(turned)).transpose(0, 2, 3, 1)
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-6)


def test_depth_leaves_the_branch_out_in_training(array, plain):
    block = layers.PreActivationBlock(4, normalization=None, stochastic_depth=0.5, seed=1)
    inputs = array(50, 3, 3, 4)
    same = (plain(block(inputs, training=True)) == inputs).all((1, 2, 3)).mean()
    assert 0.2 < same < 0.8


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.BasicBlock(0), "`filters` must be a positive integer"),
        (lambda: layers.BottleneckBlock(8, width=3, groups=2), "`groups` must divide width=3"),
        (lambda: layers.ResNeXtBlock(8, cardinality=3), "`groups` must divide width=4"),
        (lambda: layers.DenseTransition(0.0), r"`compression` must be in \(0, 1\]"),
        (lambda: layers.BasicBlock(8, normalization="rms"), "`normalization` must be one of"),
        (
            lambda: layers.BasicBlock(8)(np.ones((2, 3, 4), "float32")),
            r"`inputs` must have shape \(B, H, W, C\).*\(2, 3, 4\)",
        ),
        (
            lambda: layers.SqueezeExcitation()(keras.Input((3, 3, None))),
            r"channels of `inputs` \(axis -1\) must be known",
        ),
    ],
)
def test_says_what_is_wrong(make, message):
    with pytest.raises(UserError, match=message):
        make()
