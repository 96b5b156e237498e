"""Configuration fields that several architectures share. Imports no Keras."""

from kerasdl.plugin import Field

HIDDEN = Field(
    name="hidden",
    type=int,
    default=None,
    help="Width inside the position-wise networks; none: 4 times the width",
    minimum=1,
)
ATTENTION_DROPOUT = Field(
    name="attention_dropout",
    type=float,
    default=0.0,
    help="Share of the attention's weights set to 0 in training; above 0 it is slower",
    minimum=0.0,
    maximum=0.99,
)
NORM_FIRST = Field(
    name="norm_first",
    type=bool,
    default=True,
    help="Whether norms stand before the branches, and one at the end, or after each sum",
)


def layers(default: int, what: str = "Blocks of attention and a position-wise network") -> Field:
    """Number of blocks."""
    return Field(name="layers", type=int, default=default, help=what, minimum=1)


def heads(default: int) -> Field:
    """Number of heads."""
    return Field(
        name="heads",
        type=int,
        default=default,
        help="Heads of each attention; they divide the width",
        minimum=1,
    )


def width(default: int) -> Field:
    """Features of each token."""
    return Field(
        name="width",
        type=int,
        default=default,
        help="Features of each token",
        minimum=1,
    )


def dropout(default: float) -> Field:
    """Dropout."""
    return Field(
        name="dropout",
        type=float,
        default=default,
        help="Share of values set to 0 in training: of embeddings and at each branch's end",
        minimum=0.0,
        maximum=0.99,
    )


def positions(default: str, *choices: str) -> Field:
    """How the network knows where a token stands."""
    return Field(
        name="positions",
        type=str,
        default=default,
        help="How it knows where a token stands; learned ones need the longest length",
        choices=choices,
    )


def pooling(default: str, other: str, what: str) -> Field:
    """From a sequence to one vector."""
    return Field(name="pooling", type=str, default=default, help=what, choices=("mean", other))
