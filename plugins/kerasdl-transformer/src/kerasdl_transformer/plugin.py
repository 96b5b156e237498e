"""What this plugin offers. Imports no Keras: each builder is resolved when a model is made."""

from collections.abc import Iterator

from kerasdl.plugin import Architecture, Card, Field, Spec, hookimpl
from kerasdl_transformer import fields

_EVERY_KIND = ("learned", "rotary", "alibi", "sinusoidal")
_MODERN = {
    "positions": "rotary",
    "norm": "rms",
    "gated": True,
    "qk_norm": True,
    "bias": False,
}

_GPT = Architecture(
    name="gpt",
    summary="Decoder-only transformer that writes: GPT-2's form, and the modern one by fields",
    tasks=("language-modelling",),
    builder="kerasdl_transformer.gpt:build",
    decoder="kerasdl_transformer.gpt_decoder:GPTDecoder",
    config=(
        fields.layers(4),
        fields.heads(4),
        fields.width(128),
        Field(
            name="hidden",
            type=int,
            default=None,
            help="Width inside the position-wise networks; none: 4 times the width, gated 8/3",
            minimum=1,
        ),
        fields.dropout(0.1),
        fields.ATTENTION_DROPOUT,
        fields.positions("learned", *_EVERY_KIND),
        Field(
            name="norm",
            type=str,
            default="layer",
            help="Layer normalization, or by the root mean square alone",
            choices=("layer", "rms"),
        ),
        Field(
            name="gated",
            type=bool,
            default=False,
            help="Whether the position-wise networks are SwiGLU; else they use GELU",
        ),
        Field(
            name="kv_heads",
            type=int,
            default=None,
            help="Key and value heads, shared by groups of heads; none: as many as heads",
            minimum=1,
        ),
        Field(
            name="qk_norm",
            type=bool,
            default=False,
            help="Whether queries and keys are normalized",
        ),
        Field(
            name="bias",
            type=bool,
            default=True,
            help="Whether products and layer normalizations add biases",
        ),
        Field(
            name="tied",
            type=bool,
            default=True,
            help="Whether the logits use the embedding's kernel",
        ),
        Field(
            name="window",
            type=int,
            default=None,
            help="A token sees so many tokens back, itself included; none: all",
            minimum=1,
        ),
    ),
    variants={
        "gpt2": {"layers": 12, "heads": 12, "width": 768, "attention_dropout": 0.1},
        "gpt2-medium": {"layers": 24, "heads": 16, "width": 1024, "attention_dropout": 0.1},
        "gpt2-large": {"layers": 36, "heads": 20, "width": 1280, "attention_dropout": 0.1},
        "gpt2-xl": {"layers": 48, "heads": 25, "width": 1600, "attention_dropout": 0.1},
        "gpt-modern": {
            **_MODERN,
            "layers": 12,
            "heads": 12,
            "kv_heads": 4,
            "width": 768,
            "dropout": 0.0,
        },
        "nanogpt-cpu": {"layers": 4, "heads": 4, "width": 128, "bias": False, "dropout": 0.0},
        "nanogpt-cpu-modern": {
            **_MODERN,
            "layers": 4,
            "heads": 4,
            "kv_heads": 2,
            "width": 128,
            "dropout": 0.0,
        },
    },
    aliases={"gpt2-small": "gpt2"},
    reference="Radford et al., 2019, https://github.com/openai/gpt-2",
    parameters={
        "gpt2": 124_439_808,
        "gpt2-medium": 354_823_168,
        "gpt2-large": 774_030_080,
        "gpt2-xl": 1_557_611_200,
        "gpt-modern": 114_115_584,
    },
    parameters_spec=Spec(task="language-modelling", vocab_size=50257, context=1024),
    recipe={
        "batch_size": 32,
        "learning_rate": 1e-3,
        "weight_decay": 0.1,
    },
    small={"layers": 2, "heads": 2, "width": 16},
)

_ENCODER = Architecture(
    name="transformer-encoder",
    summary="Transformer that reads both ways: classes of texts, labels of words, hidden words",
    tasks=("text-classification", "sequence-labelling", "masked-language-modelling"),
    builder="kerasdl_transformer.encoder:build",
    config=(
        fields.layers(2),
        fields.heads(4),
        fields.width(128),
        fields.HIDDEN,
        fields.dropout(0.1),
        fields.ATTENTION_DROPOUT,
        fields.positions("sinusoidal", *_EVERY_KIND),
        fields.NORM_FIRST,
        fields.pooling("mean", "first", "For a class: mean over the text, or its first token"),
        Field(
            name="filters",
            type=int,
            default=64,
            help="Filters over a word's characters, where words come with them",
            minimum=1,
        ),
    ),
    variants={
        "transformer-encoder-small": {"layers": 4, "heads": 4, "width": 256},
        "transformer-encoder-base": {"layers": 12, "heads": 12, "width": 768},
    },
    reference="Devlin et al., 2019, https://arxiv.org/abs/1810.04805",
    recipe={"epochs": 10, "batch_size": 32, "learning_rate": 5e-4, "weight_decay": 0.01},
    small={"layers": 1, "heads": 2, "width": 16, "filters": 8},
)

_TRANSFORMER = Architecture(
    name="transformer",
    summary="Encoder-decoder transformer: translation and other sequences from sequences",
    tasks=("sequence-to-sequence",),
    builder="kerasdl_transformer.transformer:build",
    decoder="kerasdl_transformer.transformer_decoder:TransformerDecoder",
    config=(
        fields.layers(3, "Blocks of the encoder, and as many of the decoder"),
        fields.heads(8),
        fields.width(256),
        fields.HIDDEN,
        fields.dropout(0.1),
        fields.ATTENTION_DROPOUT,
        fields.positions("sinusoidal", "sinusoidal", "learned", "rotary"),
        fields.NORM_FIRST,
        Field(
            name="activation",
            type=str,
            default="relu",
            help="Position-wise networks: any Keras activation by name",
        ),
        Field(
            name="tied",
            type=bool,
            default=True,
            help="Whether the logits use the target embedding's kernel",
        ),
        Field(
            name="shared",
            type=bool,
            default=False,
            help="Whether both texts have one vocabulary and one embedding",
        ),
    ),
    variants={
        "transformer-tiny": {
            "layers": 4,
            "heads": 4,
            "width": 128,
            "hidden": 256,
            "dropout": 0.3,
            "norm_first": False,
        },
        "transformer-base": {
            "layers": 6,
            "heads": 8,
            "width": 512,
            "hidden": 2048,
            "norm_first": False,
            "shared": True,
        },
    },
    reference="Vaswani et al., 2017, https://arxiv.org/abs/1706.03762",
    parameters={"transformer-base": 63_082_496},
    parameters_spec=Spec(task="sequence-to-sequence", vocab_size=37000, target_vocab_size=37000),
    recipe={
        "epochs": 20,
        "batch_size": 64,
        "learning_rate": 1e-3,
        "label_smoothing": 0.1,
    },
    small={"layers": 1, "heads": 2, "width": 16},
)

_VIT = Architecture(
    name="vit",
    summary="Vision transformer: an image as a sequence of patches",
    tasks=("image-classification",),
    builder="kerasdl_transformer.vit:build",
    config=(
        Field(
            name="patch_size",
            type=int,
            default=4,
            help="Side of a patch, in pixels; it divides the image's sides",
            minimum=1,
        ),
        fields.layers(6),
        fields.heads(4),
        fields.width(128),
        fields.HIDDEN,
        fields.pooling("mean", "class", "The classes' vector: mean of patches, or a token's own"),
        fields.dropout(0.0),
        fields.ATTENTION_DROPOUT,
        Field(
            name="stochastic_depth",
            type=float,
            default=0.1,
            help="Share of the images that skip the last block's branches; grows evenly up to it",
            minimum=0.0,
            maximum=0.99,
        ),
    ),
    variants={
        "vit-tiny": {
            "patch_size": 16,
            "layers": 12,
            "heads": 3,
            "width": 192,
            "pooling": "class",
        },
        "vit-small": {
            "patch_size": 16,
            "layers": 12,
            "heads": 6,
            "width": 384,
            "pooling": "class",
        },
        "vit-base": {
            "patch_size": 16,
            "layers": 12,
            "heads": 12,
            "width": 768,
            "pooling": "class",
        },
        "vit-mini": {"patch_size": 4, "layers": 6, "heads": 4, "width": 128},
    },
    reference="Dosovitskiy et al., 2021, https://arxiv.org/abs/2010.11929",
    parameters={"vit-tiny": 5_717_416, "vit-small": 22_050_664, "vit-base": 86_567_656},
    parameters_spec=Spec(task="image-classification", input_shape=(224, 224, 3), outputs=1000),
    recipe={
        "epochs": 30,
        "batch_size": 64,
        "learning_rate": 1e-3,
        "weight_decay": 0.05,
        "label_smoothing": 0.1,
    },
    small={"layers": 2, "heads": 2, "width": 16},
)


_CARDS = {
    "multi30k-de-en-transformer": "German captions into English by a small transformer; for a GPU",
    "multi30k-en-de-transformer": "English captions into German by a small transformer; for a GPU",
    "shakespeare-gpt": "Tiny Shakespeare by characters: nanoGPT's full size; for a GPU",
    "shakespeare-gpt-cpu": "Tiny Shakespeare by characters: nanoGPT's CPU budget",
    "shakespeare-gpt-modern-cpu": "The same budget in the modern form",
}


@hookimpl
def kerasdl_architectures() -> Iterator[Architecture]:
    """Yields the architectures."""
    yield from (_GPT, _ENCODER, _TRANSFORMER, _VIT)


@hookimpl
def kerasdl_cards() -> Iterator[Card]:
    """Published results."""
    for name, summary in _CARDS.items():
        yield Card(name=name, file=f"kerasdl_transformer:cards/{name}.toml", summary=summary)
