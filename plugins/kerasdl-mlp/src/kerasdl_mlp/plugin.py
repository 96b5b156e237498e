"""What this plugin offers. Imports no Keras: each builder is resolved when a model is made."""

from collections.abc import Iterator

from kerasdl.plugin import Architecture, Card, Field, hookimpl

_CLASSIFICATION = ("image-classification", "tabular-classification", "multi-label-classification")

_LINEAR = {
    "epochs": 50,
    "batch_size": 32,
    "learning_rate": 0.02,
    "preprocessing": "standardize",
}

_MLP_FIELDS = (
    Field(
        name="widths",
        type=tuple[int, ...],
        default=(256, 128),
        help="Units of each hidden layer; none makes a linear model",
        minimum=1,
    ),
    Field(
        name="activation",
        type=str,
        default="relu",
        help="Hidden layers: any Keras activation by name, or hard_sign",
    ),
    Field(
        name="output_activation",
        type=str,
        default="linear",
        help="Output layer: linear gives logits or real values",
    ),
    Field(
        name="kernel_initializer",
        type=str,
        default="glorot_uniform",
        help="Weights: any Keras initializer by name",
    ),
    Field(
        name="bias_initializer",
        type=str,
        default="zeros",
        help="Biases: any Keras initializer by name",
    ),
    Field(
        name="dropout",
        type=float,
        default=0.0,
        help="Share of each hidden layer's units dropped in training",
        minimum=0.0,
        maximum=0.99,
    ),
    Field(
        name="input_dropout",
        type=float,
        default=0.0,
        help="Share of inputs dropped in training",
        minimum=0.0,
        maximum=0.99,
    ),
    Field(
        name="normalization",
        type=str,
        default="none",
        help="Between each hidden layer and its activation",
        choices=("none", "batch", "layer"),
    ),
    Field(
        name="masks",
        type=list,
        default=None,
        help="A 0/1 matrix (inputs x units), or [], for each dense layer, the last included",
    ),
)


@hookimpl
def kerasdl_architectures() -> Iterator[Architecture]:
    """Yields the architectures."""
    yield Architecture(
        name="mlp",
        summary="Multilayer perceptron: dense layers, activation, normalization, dropout, masks",
        tasks=(*_CLASSIFICATION, "tabular-regression"),
        builder="kerasdl_mlp.mlp:build",
        config=_MLP_FIELDS,
        reference="Goodfellow et al., Deep Learning, chapter 6, https://www.deeplearningbook.org",
        small={"widths": (16, 8)},
    )
    yield Architecture(
        name="perceptron",
        summary="Threshold units: outputs are 0 or 1, no logits; learns by Rosenblatt's rule",
        tasks=("tabular-classification", "image-classification", "multi-label-classification"),
        builder="kerasdl_mlp.perceptron:build",
        reference="Rosenblatt, 1958, https://doi.org/10.1037/h0042519",
        recipe={
            "optimizer": "sgd",
            "loss": "half-squared-error",
            "batch_size": 1,
            "learning_rate": 0.1,
        },
        known_failures={
            "gradients_are_right": "a threshold's own gradient is 0; its rule passes it unchanged",
            "loss_falls": "outputs of 0 and 1 are no logits of a cross-entropy",
            "over_fits_ten_samples": "outputs of 0 and 1 are no logits of a cross-entropy",
        },
    )
    yield Architecture(
        name="linear-regression",
        summary="A weighted sum of the features for each output",
        tasks=("tabular-regression",),
        builder="kerasdl_mlp.regression:build_linear",
        reference="Hastie et al., The Elements of Statistical Learning, section 3.2",
        recipe=_LINEAR,
    )
    yield Architecture(
        name="logistic-regression",
        summary="Log odds against the first class, whose logit is 0; or of each label by itself",
        tasks=("tabular-classification", "image-classification", "multi-label-classification"),
        builder="kerasdl_mlp.regression:build_logistic",
        reference="Hastie et al., The Elements of Statistical Learning, section 4.4",
        recipe=_LINEAR,
    )
    yield Architecture(
        name="softmax-regression",
        summary="A weighted sum of the features for each class's logit",
        tasks=("tabular-classification", "image-classification"),
        builder="kerasdl_mlp.regression:build_softmax",
        reference="Bishop, Pattern Recognition and Machine Learning, section 4.3.4",
        recipe=_LINEAR,
    )


@hookimpl
def kerasdl_cards() -> Iterator[Card]:
    """Published results."""
    yield Card(
        name="fashion-mnist-mlp",
        file="kerasdl_mlp:cards/fashion-mnist-mlp.toml",
        summary="Fashion-MNIST by a multilayer perceptron",
    )
