"""What this plugin offers. Imports no Keras: each builder is resolved when a model is made."""

from collections.abc import Iterator

from kerasdl.plugin import Architecture, Card, Field, Spec, hookimpl
from kerasdl_resnet import fields

_TASKS = ("image-classification",)

_IMAGENET = Spec(task="image-classification", input_shape=(224, 224, 3), outputs=1000)
_CIFAR = Spec(task="image-classification", input_shape=(32, 32, 3), outputs=10)

# He et al. (2016), table 1; 200 layers from "Identity Mappings", table 5.
_RESNETS = {
    18: ("basic", (2, 2, 2, 2)),
    34: ("basic", (3, 4, 6, 3)),
    50: ("bottleneck", (3, 4, 6, 3)),
    101: ("bottleneck", (3, 4, 23, 3)),
    152: ("bottleneck", (3, 8, 36, 3)),
    200: ("bottleneck", (3, 24, 36, 3)),
}

_RECIPE = {"epochs": 20, "batch_size": 64, "learning_rate": 2e-3, "weight_decay": 1e-3}

_RESNET = Architecture(
    name="resnet",
    summary="ResNet: residual blocks of convolutions, activations after (v1) or before them (v2)",
    tasks=_TASKS,
    builder="kerasdl_resnet.resnet:build",
    config=(
        fields.blocks((2, 2, 2, 2)),
        Field(
            name="block",
            type=str,
            default="basic",
            help="Two 3x3 convolutions, or 1x1, 3x3, 1x1 with four times the channels at the end",
            choices=("basic", "bottleneck"),
        ),
        Field(
            name="version",
            type=int,
            default=1,
            help="Where the activations are: 1, after the convolutions; 2, before them",
            choices=(1, 2),
        ),
        fields.STEM,
        fields.width(64),
        fields.SQUEEZE,
        fields.ZERO_LAST_SCALE,
        fields.STOCHASTIC_DEPTH,
        fields.dropout("before the output layer"),
    ),
    variants={
        f"resnet{depth}{suffix}": {"block": block, "blocks": blocks, "version": version}
        for depth, (block, blocks) in _RESNETS.items()
        for suffix, version in (("", 1), ("-v2", 2))
    },
    reference="He et al., 2016, https://arxiv.org/abs/1512.03385 and (v2) 1603.05027",
    parameters={
        "resnet": 11_689_512,
        "resnet18": 11_689_512,
        "resnet34": 21_797_672,
        "resnet50": 25_557_032,
        "resnet101": 44_549_160,
        "resnet152": 60_192_808,
        "resnet200": 64_673_832,
        "resnet18-v2": 11_687_720,
        "resnet34-v2": 21_795_880,
        "resnet50-v2": 25_549_352,
        "resnet101-v2": 44_541_480,
        "resnet152-v2": 60_185_128,
        "resnet200-v2": 64_666_152,
    },
    parameters_spec=_IMAGENET,
    recipe=_RECIPE,
    small={"blocks": (1, 1), "width": 8},
)

_CIFAR_RESNET = Architecture(
    name="cifar-resnet",
    summary="ResNet for small images: 6n+2 layers in three stages, shortcuts without parameters",
    tasks=_TASKS,
    builder="kerasdl_resnet.cifar_resnet:build",
    config=(
        Field(name="depth", type=int, default=20, help="Layers with weights, 6n + 2", minimum=8),
        fields.width(16),
        Field(
            name="shortcut",
            type=str,
            default="padding",
            help="Where a stage begins: channels of zeros (option A), or 1x1 convolutions (B)",
            choices=("padding", "projection"),
        ),
        fields.ZERO_LAST_SCALE,
        fields.STOCHASTIC_DEPTH,
        fields.dropout("before the output layer"),
    ),
    variants={f"cifar-resnet{depth}": {"depth": depth} for depth in (20, 32, 44, 56, 110)},
    reference="He et al., 2016, section 4.2, https://arxiv.org/abs/1512.03385",
    parameters={
        "cifar-resnet": 269_722,
        "cifar-resnet20": 269_722,
        "cifar-resnet32": 464_154,
        "cifar-resnet44": 658_586,
        "cifar-resnet56": 853_018,
        "cifar-resnet110": 1_727_962,
    },
    parameters_spec=_CIFAR,
    recipe=_RECIPE,
    small={"depth": 8, "width": 4},
)

_RESNEXT = Architecture(
    name="resnext",
    summary="ResNeXt: residual blocks that add up many narrow paths",
    tasks=_TASKS,
    builder="kerasdl_resnet.resnext:build",
    config=(
        fields.blocks((3, 4, 6, 3)),
        Field(
            name="cardinality",
            type=int,
            default=32,
            help="Paths of each block",
            minimum=1,
        ),
        Field(
            name="path_width",
            type=int,
            default=4,
            help="Channels of a path in the first stage; twice as many in each one after",
            minimum=1,
        ),
        fields.STEM,
        fields.width(64),
        fields.SQUEEZE,
        fields.ZERO_LAST_SCALE,
        fields.STOCHASTIC_DEPTH,
        fields.dropout("before the output layer"),
    ),
    variants={
        "resnext50-32x4d": {"blocks": (3, 4, 6, 3), "cardinality": 32, "path_width": 4},
        "resnext101-32x8d": {"blocks": (3, 4, 23, 3), "cardinality": 32, "path_width": 8},
    },
    aliases={"resnext50": "resnext50-32x4d", "resnext101": "resnext101-32x8d"},
    reference="Xie et al., 2017, https://arxiv.org/abs/1611.05431",
    parameters={
        "resnext": 25_028_904,
        "resnext50-32x4d": 25_028_904,
        "resnext101-32x8d": 88_791_336,
    },
    parameters_spec=_IMAGENET,
    recipe=_RECIPE,
    small={"blocks": (1, 1), "cardinality": 2, "path_width": 4, "width": 8},
)

_WIDE_RESNET = Architecture(
    name="wide-resnet",
    summary="Wide ResNet for small images: 6n+4 layers, k times the channels, activations first",
    tasks=_TASKS,
    builder="kerasdl_resnet.wide_resnet:build",
    config=(
        Field(name="depth", type=int, default=16, help="Layers with weights, 6n + 4", minimum=10),
        Field(
            name="widening",
            type=int,
            default=4,
            help="Factor k: the stages have 16 k, 32 k and 64 k channels",
            minimum=1,
        ),
        fields.dropout("between each block's convolutions"),
        fields.ZERO_LAST_SCALE,
        fields.STOCHASTIC_DEPTH,
    ),
    variants={
        "wrn-16-8": {"depth": 16, "widening": 8},
        "wrn-28-10": {"depth": 28, "widening": 10},
        "wrn-40-4": {"depth": 40, "widening": 4},
    },
    reference="Zagoruyko and Komodakis, 2016, https://arxiv.org/abs/1605.07146",
    parameters={
        "wide-resnet": 2_748_890,
        "wrn-16-8": 10_961_370,
        "wrn-28-10": 36_479_194,
        "wrn-40-4": 8_949_210,
    },
    parameters_spec=_CIFAR,
    recipe=_RECIPE,
    small={"depth": 10, "widening": 1},
)

_DENSENET = Architecture(
    name="densenet",
    summary="DenseNet: convolutions that see the outputs of all before them in their block",
    tasks=_TASKS,
    builder="kerasdl_resnet.densenet:build",
    config=(
        Field(
            name="blocks",
            type=tuple[int, ...],
            default=(6, 12, 24, 16),
            help="Pairs of 1x1 and 3x3 convolutions in each block",
            minimum=1,
        ),
        fields.growth(32),
        fields.COMPRESSION,
        fields.STEM,
        fields.dropout("after each pair of convolutions"),
    ),
    variants={
        "densenet121": {"blocks": (6, 12, 24, 16)},
        "densenet169": {"blocks": (6, 12, 32, 32)},
        "densenet201": {"blocks": (6, 12, 48, 32)},
    },
    reference="Huang et al., 2017, table 1, https://arxiv.org/abs/1608.06993",
    parameters={
        "densenet": 7_978_856,
        "densenet121": 7_978_856,
        "densenet169": 14_149_480,
        "densenet201": 20_013_928,
    },
    parameters_spec=_IMAGENET,
    recipe=_RECIPE,
    small={"blocks": (2, 2), "growth": 4},
)

_DENSENET_BC = Architecture(
    name="densenet-bc",
    summary="DenseNet-BC for small images: 6n+4 layers in three densely connected blocks",
    tasks=_TASKS,
    builder="kerasdl_resnet.densenet:build_bc",
    config=(
        Field(name="depth", type=int, default=100, help="Layers with weights, 6n + 4", minimum=10),
        fields.growth(12),
        fields.COMPRESSION,
        fields.dropout("after each pair of convolutions"),
    ),
    variants={
        "densenet-bc-100-12": {"depth": 100, "growth": 12},
        "densenet-bc-190-40": {"depth": 190, "growth": 40},
        "densenet-bc-250-24": {"depth": 250, "growth": 24},
    },
    reference="Huang et al., 2017, section 3 and table 2, https://arxiv.org/abs/1608.06993",
    parameters={
        "densenet-bc": 769_162,
        "densenet-bc-100-12": 769_162,
        "densenet-bc-190-40": 25_624_430,
        "densenet-bc-250-24": 15_324_406,
    },
    parameters_spec=_CIFAR,
    recipe=_RECIPE,
    small={"depth": 10, "growth": 4},
)


_RESNET9 = Architecture(
    name="resnet9",
    summary="ResNet-9: eight convolutions and a head, for small images and short trainings",
    tasks=_TASKS,
    builder="kerasdl_resnet.resnet9:build",
    config=(
        fields.width(64),
        Field(
            name="head_scale",
            type=float,
            default=0.125,
            help="What the logits are multiplied by",
            minimum=1e-6,
        ),
    ),
    reference="Page, 2018, https://github.com/davidcpage/cifar10-fast",
    parameters={"resnet9": 6_573_120},
    parameters_spec=_CIFAR,
    recipe=_RECIPE,
    small={"width": 4},
)

_CARDS = {
    "fashion-mnist-resnet18": "Fashion-MNIST by ResNet-18",
    "fashion-mnist-densenet-bc": "Fashion-MNIST by DenseNet-BC of 769,000 parameters",
    "fashion-mnist-wrn-28-10": "Fashion-MNIST by Wide ResNet 28-10 with random erasing",
    "fashion-mnist-wrn-40-4": "Fashion-MNIST by Wide ResNet 40-4",
    "cifar10-resnet20": "CIFAR-10 by ResNet-20",
    "cifar10-resnet32": "CIFAR-10 by ResNet-32",
    "cifar10-resnet44": "CIFAR-10 by ResNet-44",
    "cifar10-resnet56": "CIFAR-10 by ResNet-56",
    "cifar10-resnet110": "CIFAR-10 by ResNet-110",
    "cifar10-94-percent": "94 % on CIFAR-10 in seconds",
    "cifar10-96-percent": "96 % on CIFAR-10 in a minute",
}


@hookimpl
def kerasdl_cards() -> Iterator[Card]:
    """Published results."""
    for name, summary in _CARDS.items():
        yield Card(name=name, file=f"kerasdl_resnet:cards/{name}.toml", summary=summary)


@hookimpl
def kerasdl_architectures() -> Iterator[Architecture]:
    """Yields the architectures."""
    yield from (_RESNET, _CIFAR_RESNET, _RESNEXT, _WIDE_RESNET, _DENSENET, _DENSENET_BC, _RESNET9)
