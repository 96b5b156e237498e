"""Forward passes beside the same networks written out in `torch.nn`."""

import re

import numpy as np
import pytest

from kerasdl import create_model

torch = pytest.importorskip("torch")
nn = torch.nn


def conv(inputs, outputs, size, stride=1, groups=1):
    return nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False)


class Basic(nn.Module):
    expansion = 1

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.convolution_1, self.norm_1 = conv(inputs, width, 3, stride), nn.BatchNorm2d(width)
        self.convolution_2, self.norm_2 = conv(width, width, 3), nn.BatchNorm2d(width)
        self.project = inputs != width or stride > 1
        if self.project:
            self.shortcut = conv(inputs, width, 1, stride)
            self.shortcut_norm = nn.BatchNorm2d(width)

    def forward(self, x):
        y = self.norm_1(self.convolution_1(x)).relu()
        y = self.norm_2(self.convolution_2(y))
        return (y + (self.shortcut_norm(self.shortcut(x)) if self.project else x)).relu()


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, inputs, width, stride):
        super().__init__()
        outputs = 4 * width
        self.convolution_1, self.norm_1 = conv(inputs, width, 1), nn.BatchNorm2d(width)
        self.convolution_2, self.norm_2 = conv(width, width, 3, stride), nn.BatchNorm2d(width)
        self.convolution_3, self.norm_3 = conv(width, outputs, 1), nn.BatchNorm2d(outputs)
        self.project = inputs != outputs or stride > 1
        if self.project:
            self.shortcut = conv(inputs, outputs, 1, stride)
            self.shortcut_norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        y = self.norm_1(self.convolution_1(x)).relu()
        y = self.norm_2(self.convolution_2(y)).relu()
        y = self.norm_3(self.convolution_3(y))
        return (y + (self.shortcut_norm(self.shortcut(x)) if self.project else x)).relu()


class Stem(nn.Sequential):
    def __init__(self, channels, width):
        super().__init__()
        self.stem_conv = nn.Conv2d(channels, width, 7, 2, 3, bias=False)
        self.stem_norm = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(3, 2, 1)


class ResNet(nn.Module):
    def __init__(self, block, blocks, width, channels, classes):
        super().__init__()
        self.stem, self.blocks = Stem(channels, width), nn.ModuleDict()
        inputs = width
        for stage, count in enumerate(blocks):
            for place in range(count):
                stride = 2 if stage and not place else 1
                name = f"stage{stage + 1}_block{place + 1}"
                self.blocks[name] = block(inputs, width * 2**stage, stride)
                inputs = width * 2**stage * block.expansion
        self.head = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks.values():
            x = block(x)
        return self.head(x.mean((2, 3)))


class Dense(nn.Module):
    def __init__(self, inputs, depth, growth):
        super().__init__()
        self.depth = depth
        for i in range(1, depth + 1):
            self.add_module(f"norm_{i}", nn.BatchNorm2d(inputs))
            self.add_module(f"bottleneck_{i}", conv(inputs, 4 * growth, 1))
            self.add_module(f"bottleneck_norm_{i}", nn.BatchNorm2d(4 * growth))
            self.add_module(f"convolution_{i}", conv(4 * growth, growth, 3))
            inputs += growth

    def forward(self, x):
        for i in range(1, self.depth + 1):
            part = {name: getattr(self, f"{name}_{i}") for name in ("norm", "bottleneck")}
            y = part["bottleneck"](part["norm"](x).relu())
            y = getattr(self, f"bottleneck_norm_{i}")(y).relu()
            x = torch.cat([x, getattr(self, f"convolution_{i}")(y)], 1)
        return x


class Transition(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.norm, self.convolution = nn.BatchNorm2d(inputs), conv(inputs, outputs, 1)
        self.pool = nn.AvgPool2d(2)

    def forward(self, x):
        return self.pool(self.convolution(self.norm(x).relu()))


class DenseNet(nn.Module):
    def __init__(self, blocks, growth, channels, classes):
        super().__init__()
        inputs = 2 * growth
        self.stem, self.blocks = Stem(channels, inputs), nn.ModuleDict()
        for stage, depth in enumerate(blocks, 1):
            if stage > 1:
                self.blocks[f"transition{stage - 1}"] = Transition(inputs, inputs // 2)
                inputs //= 2
            self.blocks[f"stage{stage}"] = Dense(inputs, depth, growth)
            inputs += depth * growth
        self.last_norm, self.head = nn.BatchNorm2d(inputs), nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks.values():
            x = block(x)
        return self.head(self.last_norm(x).relu().mean((2, 3)))


PARTS = {"gamma": "weight", "beta": "bias", "kernel": "weight", "bias": "bias"} | {
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def randomize(network, x):
    """Scales and shifts at random, and statistics such as a batch leaves behind."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
            module.momentum = 1.0
    with torch.no_grad():
        network.train()(x)
    return network.eval()


def copy_weights(network, model):
    """Fills every weight of the Keras model from the PyTorch weight of its name."""
    state = network.state_dict()
    unused = {name for name in state if not name.endswith("num_batches_tracked")}
    for variable in model.variables:
        *layer, part = variable.path.split("/")
        name = f"{'.'.join(layer)}.{PARTS[part]}"
        prefix = "stem." if name.startswith("stem") else "blocks."
        name = name if re.match(r"head|last", name) else prefix + name
        value = state[name].numpy()
        if part == "kernel":
            value = value.transpose(2, 3, 1, 0) if value.ndim == 4 else value.T
        variable.assign(value)
        unused.remove(name)
    assert not unused


def compare(network, name, side, channels=3, classes=10, **config):
    generator = np.random.default_rng(1)
    x = generator.normal(size=(4, side, side + 3, channels)).astype("float32")
    turned = torch.from_numpy(x.transpose(0, 3, 1, 2).copy())
    randomize(network, turned)
    shape = (side, side + 3, channels)
    model = create_model(name, input_shape=shape, num_classes=classes, stem="imagenet", **config)
    copy_weights(network, model)
    with torch.no_grad():
        expected = network(turned).numpy()
    assert np.ptp(expected, axis=0).max() > 0.1
    found = model.predict(x, verbose=0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


@pytest.fixture(autouse=True)
def fixed():
    torch.manual_seed(3)


def test_small_resnet_equals_pytorch():
    network = ResNet(Basic, (1, 1), 4, 2, 10)
    compare(network, "resnet", 21, channels=2, blocks=(1, 1), width=4)


@pytest.mark.long
def test_small_densenet_equals_pytorch():
    compare(DenseNet((2, 1), 3, 3, 10), "densenet", 22, blocks=(2, 1), growth=3)


@pytest.mark.long
def test_resnet18_equals_pytorch():
    compare(ResNet(Basic, (2, 2, 2, 2), 64, 3, 10), "resnet18", 64)


@pytest.mark.long
def test_resnet50_equals_pytorch():
    compare(ResNet(Bottleneck, (3, 4, 6, 3), 64, 3, 10), "resnet50", 64)


@pytest.mark.long
def test_densenet121_equals_pytorch():
    compare(DenseNet((6, 12, 24, 16), 32, 3, 10), "densenet121", 64)
