"""What this plugin offers. Imports no Keras: each builder is resolved when a model is made."""

from collections.abc import Iterator

from kerasdl.plugin import Architecture, Card, Field, hookimpl


def _units(default: int, help: str) -> Field:
    return Field(name="units", type=int, default=default, help=help, minimum=1)


def _embedding(default: int) -> Field:
    return Field(
        name="embedding", type=int, default=default, help="Numbers in a token's vector", minimum=1
    )


def _dropout(default: float, where: str) -> Field:
    return Field(
        name="dropout",
        type=float,
        default=default,
        help=f"Share of values set to 0 in training, {where}",
        minimum=0.0,
        maximum=0.95,
    )


_SEQ2SEQ = Architecture(
    name="seq2seq",
    summary="Recurrent encoder and decoder with additive, multiplicative or no attention",
    tasks=("sequence-to-sequence",),
    builder="kerasdl_seq2seq.seq2seq:build",
    decoder="kerasdl_seq2seq.seq2seq_decoder:Seq2SeqDecoder",
    config=(
        Field(
            name="attention",
            type=str,
            default="additive",
            help="Score of a state: additive (Bahdanau), dot, general or concat (Luong); or none",
            choices=("none", "additive", "dot", "general", "concat"),
        ),
        Field(
            name="rnn",
            type=str,
            default="lstm",
            help="Kind of the recurrent layers",
            choices=("lstm", "gru"),
        ),
        _units(256, "State of each recurrent layer and direction, and the attention's width"),
        Field(
            name="layers",
            type=int,
            default=1,
            help="Recurrent layers of the encoder, and of the decoder",
            minimum=1,
        ),
        Field(
            name="bidirectional",
            type=bool,
            default=True,
            help="Whether the encoder reads in both directions; summed for dot, else side by side",
        ),
        _embedding(128),
        _dropout(0.1, "after the embeddings, between layers and before the logits"),
        Field(
            name="input_feeding",
            type=bool,
            default=False,
            help="Whether a step knows the last one's context; slower, needs an attention",
        ),
        Field(
            name="feed_code",
            type=bool,
            default=False,
            help="Whether the encoder's last state is part of the decoder's input at each step",
        ),
        Field(
            name="tied",
            type=str,
            default="none",
            help="Embeddings that share a matrix: target and logits; or all, of one vocabulary",
            choices=("none", "target", "all"),
        ),
        Field(
            name="scheduled_sampling",
            type=float,
            default=0.0,
            help="Share of given target tokens replaced by predicted ones in training",
            minimum=0.0,
            maximum=1.0,
        ),
        Field(
            name="sampling_ramp",
            type=int,
            default=0,
            help="Training steps over which that share grows from 0",
            minimum=0,
        ),
    ),
    variants={
        "seq2seq-attention": {"attention": "additive"},
        "seq2seq-luong": {"attention": "general", "input_feeding": True},
        "seq2seq-plain": {"attention": "none"},
        "sequence-autoencoder": {"attention": "none", "feed_code": True},
    },
    reference="Luong et al., 2015, https://arxiv.org/abs/1508.04025; "
    "Bahdanau et al., 2015, https://arxiv.org/abs/1409.0473",
    recipe={"epochs": 20, "batch_size": 64, "learning_rate": 2e-3},
    small={"units": 16, "embedding": 8},
)

_CAPTIONER = Architecture(
    name="captioner",
    summary="Captions: a small CNN, and an LSTM that looks at its grid, softly or by draws",
    tasks=("captioning",),
    builder="kerasdl_seq2seq.captioner:build",
    decoder="kerasdl_seq2seq.captioner_decoder:CaptionerDecoder",
    config=(
        Field(
            name="attention",
            type=str,
            default="soft",
            help="A mean over the regions, one drawn region, or the mean image at the start alone",
            choices=("soft", "hard", "none"),
        ),
        Field(
            name="filters",
            type=tuple[int, ...],
            default=(32, 64, 64),
            help="Channels of each 3x3 convolution of the encoder",
            minimum=1,
        ),
        Field(
            name="pools",
            type=int,
            default=2,
            help="Convolutions after which the sides are halved, the first ones",
            minimum=0,
        ),
        _units(256, "State of the LSTM, and the attention's width"),
        _embedding(128),
        _dropout(0.1, "on regions, after the embedding and before the logits"),
        Field(
            name="coverage",
            type=float,
            default=0.0,
            help="Factor of the loss that asks soft attention to see every region",
            minimum=0.0,
        ),
        Field(
            name="expectation_rate",
            type=float,
            default=0.5,
            help="Hard attention: share of its draws replaced by the mean, in training",
            minimum=0.0,
            maximum=0.99,
        ),
        Field(
            name="entropy_weight",
            type=float,
            default=0.01,
            help="Hard attention: factor of the entropy that keeps its draws varied",
            minimum=0.0,
        ),
    ),
    variants={
        "captioner-soft": {"attention": "soft"},
        "captioner-hard": {"attention": "hard"},
        "captioner-plain": {"attention": "none"},
    },
    reference="Xu et al., 2015, https://arxiv.org/abs/1502.03044; "
    "Lu et al., 2017, https://arxiv.org/abs/1612.01887",
    recipe={"epochs": 20, "batch_size": 64, "learning_rate": 2e-3},
    small={"filters": (4, 8), "pools": 1, "units": 16, "embedding": 8},
)


_CARDS = {
    "dates-attention": "Dates of 22 languages into ISO form, with attention",
    "dates-plain": "The same dates without attention",
    "digit-scenes-captions": "Scenes of four scanned digits, described in words",
    "multi30k-de-en-attention": "German captions into English, recurrent, with attention",
    "multi30k-en-de-attention": "English captions into German, with attention; for a GPU",
}


@hookimpl
def kerasdl_architectures() -> Iterator[Architecture]:
    """Yields the architectures."""
    yield _SEQ2SEQ
    yield _CAPTIONER


@hookimpl
def kerasdl_cards() -> Iterator[Card]:
    """Published results."""
    for name, summary in _CARDS.items():
        yield Card(name=name, file=f"kerasdl_seq2seq:cards/{name}.toml", summary=summary)
