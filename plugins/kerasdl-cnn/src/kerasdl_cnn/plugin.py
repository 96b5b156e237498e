"""What this plugin offers. Imports no Keras: each builder is resolved when a model is made."""

from collections.abc import Iterator

from kerasdl.plugin import Architecture, Card, Field, Spec, hookimpl

_TASKS = ("image-classification",)

_IMAGENET = Spec(task="image-classification", input_shape=(224, 224, 3), outputs=1000)
_MNIST = Spec(task="image-classification", input_shape=(28, 28, 1), outputs=10)

_INITIALIZER = Field(
    name="kernel_initializer",
    type=str,
    default="he_normal",
    help="Weights: any Keras initializer by name",
)

_CNN_FIELDS = (
    Field(
        name="filters",
        type=tuple[int, ...],
        default=(16, 32),
        help="Channels of each block's convolutions",
        minimum=1,
    ),
    Field(
        name="kernel_size",
        type=int,
        default=3,
        help="Side of the convolutions' kernels, in pixels",
        minimum=1,
    ),
    Field(
        name="convolutions",
        type=int,
        default=2,
        help="Convolutions in each block",
        minimum=1,
    ),
    Field(
        name="normalization",
        type=str,
        default="batch",
        help="Between each convolution and its activation",
        choices=("none", "batch", "group", "layer"),
    ),
    Field(
        name="groups",
        type=int,
        default=8,
        help="Groups of channels for group normalization",
        minimum=1,
    ),
    Field(
        name="activation",
        type=str,
        default="relu",
        help="Any Keras activation by name",
    ),
    Field(
        name="pooling",
        type=str,
        default="max",
        help="At the end of each block",
        choices=("max", "average", "none"),
    ),
    Field(
        name="pool_size",
        type=int,
        default=2,
        help="Side and step of the pooling windows, in pixels",
        minimum=1,
    ),
    Field(
        name="dropout",
        type=float,
        default=0.25,
        help="Share of values dropped after each block in training",
        minimum=0.0,
        maximum=0.99,
    ),
    Field(
        name="head",
        type=str,
        default="flatten",
        help="From the last block to a row: every value, or the average or max of each channel",
        choices=("flatten", "average", "max"),
    ),
    Field(
        name="dense",
        type=tuple[int, ...],
        default=(),
        help="Units of dense layers before the output layer",
        minimum=1,
    ),
    Field(
        name="dense_dropout",
        type=float,
        default=0.5,
        help="Share of each of those layers' units dropped in training",
        minimum=0.0,
        maximum=0.99,
    ),
    _INITIALIZER,
)

_BIG_HEAD_FIELDS = (
    Field(
        name="dense",
        type=tuple[int, ...],
        default=(4096, 4096),
        help="Units of the dense layers before the output layer",
        minimum=1,
    ),
    Field(
        name="dropout",
        type=float,
        default=0.5,
        help="Share of values dropped at each of those layers in training",
        minimum=0.0,
        maximum=0.99,
    ),
)


@hookimpl
def kerasdl_architectures() -> Iterator[Architecture]:
    """Yields the architectures."""
    yield Architecture(
        name="cnn",
        summary="Convolutional network: blocks of convolution, normalization, activation, pooling",
        tasks=_TASKS,
        builder="kerasdl_cnn.cnn:build",
        config=_CNN_FIELDS,
        reference="Goodfellow et al., Deep Learning, chapter 9, https://www.deeplearningbook.org",
        variants={"cnn-small": {"filters": (24, 40, 64), "dropout": 0.2}},
        parameters={"cnn": 32_154, "cnn-small": 94_626},
        parameters_spec=_MNIST,
        recipe={"epochs": 20, "batch_size": 32, "learning_rate": 5e-3},
        small={"filters": (4, 8)},
    )
    yield Architecture(
        name="lenet5",
        summary="LeNet-5: two 5x5 convolutions, three dense layers, for 28x28 or 32x32 images",
        tasks=_TASKS,
        builder="kerasdl_cnn.lenet5:build",
        config=(
            Field(
                name="activation",
                type=str,
                default="tanh",
                help="Any Keras activation by name",
            ),
            Field(
                name="pooling",
                type=str,
                default="average",
                help="After each convolution",
                choices=("average", "max"),
            ),
            Field(
                name="padding",
                type=int,
                default=None,
                help="Zeros added on each side, in pixels; none: 2 for 28x28 images, else 0",
                minimum=0,
            ),
        ),
        aliases={"lenet": "lenet5", "lenet-5": "lenet5"},
        reference="LeCun et al., 1998, section II.B, https://doi.org/10.1109/5.726791",
        parameters={"lenet5": 61_706},
        parameters_spec=_MNIST,
        small_spec=Spec(task="image-classification", input_shape=(28, 28, 1), outputs=3),
    )
    yield Architecture(
        name="alexnet",
        summary="AlexNet in its one-tower form: five convolutions, three dense layers",
        tasks=_TASKS,
        builder="kerasdl_cnn.alexnet:build",
        config=_BIG_HEAD_FIELDS,
        reference="Krizhevsky, 2014, https://arxiv.org/abs/1404.5997",
        parameters={"alexnet": 61_100_840},
        parameters_spec=_IMAGENET,
        small={"dense": (64, 64)},
        small_spec=Spec(task="image-classification", input_shape=(64, 64, 1), outputs=3),
    )
    yield Architecture(
        name="vgg",
        summary="VGG: 3x3 convolutions in five blocks, three dense layers; 11 to 19 weight layers",
        tasks=_TASKS,
        builder="kerasdl_cnn.vgg:build",
        config=(
            Field(
                name="depth",
                type=int,
                default=16,
                help="Layers with weights",
                choices=(11, 13, 16, 19),
            ),
            Field(
                name="normalization",
                type=str,
                default="none",
                help="Between each convolution, which then has no bias, and its activation",
                choices=("none", "batch"),
            ),
            *_BIG_HEAD_FIELDS,
        ),
        variants={
            f"vgg{depth}{suffix}": {"depth": depth, "normalization": normalization}
            for depth in (11, 13, 16, 19)
            for suffix, normalization in (("", "none"), ("-bn", "batch"))
        },
        reference="Simonyan and Zisserman, 2015, https://arxiv.org/abs/1409.1556",
        parameters={
            "vgg11": 132_863_336,
            "vgg11-bn": 132_866_088,
            "vgg13": 133_047_848,
            "vgg13-bn": 133_050_792,
            "vgg16": 138_357_544,
            "vgg16-bn": 138_361_768,
            "vgg19": 143_667_240,
            "vgg19-bn": 143_672_744,
        },
        parameters_spec=_IMAGENET,
        small={"depth": 11, "dense": (64, 64)},
        small_spec=Spec(task="image-classification", input_shape=(32, 32, 1), outputs=3),
    )


@hookimpl
def kerasdl_cards() -> Iterator[Card]:
    """Published results."""
    cards = {
        "digits-cnn": "Scanned digits by a CNN, five folds",
        "fashion-mnist-to-digits": "Digits from ten labels a class, after Fashion-MNIST",
        "fashion-mnist-cnn-100k": "Fashion-MNIST by a CNN of under 100,000 parameters",
        "fashion-mnist-cnn-2m": "Fashion-MNIST by a CNN of under 2 million parameters",
    }
    for name, summary in cards.items():
        yield Card(name=name, file=f"kerasdl_cnn:cards/{name}.toml", summary=summary)
