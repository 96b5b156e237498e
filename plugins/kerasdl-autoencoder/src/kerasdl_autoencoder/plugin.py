"""What this plugin offers. Imports no Keras: each builder is resolved when a model is made."""

from collections.abc import Iterator

from kerasdl.plugin import Architecture, Field, hookimpl

_TASKS = ("autoencoding", "image-classification", "tabular-classification")
_IMAGE_TASKS = ("autoencoding", "image-classification")

_WIDTHS = Field(
    name="widths",
    type=tuple[int, ...],
    default=(256, 128),
    help="Units of each hidden layer of the encoder; the decoder has them in reverse",
    minimum=1,
)
_FILTERS = Field(
    name="filters",
    type=tuple[int, ...],
    default=(32, 64),
    help="Channels of each convolution of the encoder, which halves the sides",
    minimum=1,
)
_KERNEL_SIZE = Field(
    name="kernel_size",
    type=int,
    default=3,
    help="Side of the convolutions' kernels, in pixels",
    minimum=1,
)
_CODE = Field(
    name="code",
    type=int,
    default=32,
    help="Numbers in the code",
    minimum=1,
)
_ACTIVATION = Field(
    name="activation",
    type=str,
    default="elu",
    help="Hidden layers: any Keras activation by name",
)
_CODE_ACTIVATION = Field(
    name="code_activation",
    type=str,
    default="linear",
    help="Code: any Keras activation by name",
)
_OUTPUT_ACTIVATION = Field(
    name="output_activation",
    type=str,
    default=None,
    help="Decoder's end; none: sigmoid for images, linear for rows of numbers",
)
_NOISE = (
    Field(
        name="noise",
        type=float,
        default=0.0,
        help="On inputs in training: standard deviation, or share of values set to 0",
        minimum=0.0,
    ),
    Field(
        name="corruption",
        type=str,
        default="gaussian",
        help="Kind of that noise",
        choices=("gaussian", "masking"),
    ),
)


@hookimpl
def kerasdl_architectures() -> Iterator[Architecture]:
    """Yields the architectures."""
    yield Architecture(
        name="autoencoder",
        summary="Dense autoencoder; tied kernels and denoising as options",
        tasks=_TASKS,
        builder="kerasdl_autoencoder.autoencoder:build",
        config=(
            _WIDTHS,
            _CODE,
            _ACTIVATION,
            _CODE_ACTIVATION,
            _OUTPUT_ACTIVATION,
            Field(
                name="tied",
                type=bool,
                default=False,
                help="Whether the decoder's kernels are the encoder's, transposed",
            ),
            *_NOISE,
        ),
        variants={
            "tied-autoencoder": {"tied": True},
            "denoising-autoencoder": {"noise": 0.3, "corruption": "masking"},
        },
        reference="Vincent et al., 2010, https://www.jmlr.org/papers/v11/vincent10a.html",
        recipe={"epochs": 40, "batch_size": 32, "learning_rate": 2e-3},
        small={"widths": (16,), "code": 12},
    )
    yield Architecture(
        name="conv-autoencoder",
        summary="Convolutional autoencoder, its code a vector; any image size; denoising an option",
        tasks=_IMAGE_TASKS,
        builder="kerasdl_autoencoder.conv_autoencoder:build",
        config=(
            _FILTERS,
            _KERNEL_SIZE,
            _CODE,
            _ACTIVATION,
            _CODE_ACTIVATION,
            _OUTPUT_ACTIVATION,
            *_NOISE,
        ),
        variants={"denoising-conv-autoencoder": {"noise": 0.2}},
        reference="Goodfellow et al., Deep Learning, chapter 14, https://www.deeplearningbook.org",
        recipe={"epochs": 40, "batch_size": 32, "learning_rate": 3e-3},
        small={"filters": (8, 16), "code": 12},
    )
    yield Architecture(
        name="vae",
        summary="Variational autoencoder, dense or convolutional; the code is a distribution",
        tasks=_TASKS,
        builder="kerasdl_autoencoder.vae:build",
        config=(
            Field(
                name="encoder",
                type=str,
                default="dense",
                help="Layers of encoder and decoder; convolutions are for images",
                choices=("dense", "convolutional"),
            ),
            _WIDTHS,
            _FILTERS,
            _KERNEL_SIZE,
            _CODE,
            _ACTIVATION,
            _OUTPUT_ACTIVATION,
            Field(
                name="kl_weight",
                type=float,
                default=0.02,
                help="Weight of the divergence, over values in an input; with cross-entropy 1",
                minimum=0.0,
            ),
        ),
        variants={"conv-vae": {"encoder": "convolutional"}},
        reference="Kingma and Welling, 2014, https://arxiv.org/abs/1312.6114",
        recipe={"epochs": 40, "batch_size": 32, "learning_rate": 2e-3},
        small={"widths": (32,), "filters": (4, 8), "code": 8},
    )
