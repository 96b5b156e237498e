"""Configuration fields that several architectures share. Imports no Keras."""

from kerasdl.plugin import Field

STEM = Field(
    name="stem",
    type=str,
    default=None,
    help="First layers: 7x7 by two and pooling by two, or 3x3; none: 3x3 where a side is below 64",
    choices=("imagenet", "small"),
)
SQUEEZE = Field(
    name="squeeze",
    type=int,
    default=None,
    help="Squeeze-and-excitation at each branch's end, so many times narrower; none: without",
    minimum=1,
)
ZERO_LAST_SCALE = Field(
    name="zero_last_scale",
    type=bool,
    default=False,
    help="Start each residual branch at zero: its last scale, or last kernel if no norm follows",
)
STOCHASTIC_DEPTH = Field(
    name="stochastic_depth",
    type=float,
    default=0.0,
    help="Share of the images that skip the last branch in training; grows evenly up to it",
    minimum=0.0,
    maximum=0.99,
)
COMPRESSION = Field(
    name="compression",
    type=float,
    default=0.5,
    help="Share of the channels kept between blocks",
    minimum=0.01,
    maximum=1.0,
)


def blocks(default: tuple[int, ...]) -> Field:
    """Blocks of each stage."""
    return Field(
        name="blocks",
        type=tuple[int, ...],
        default=default,
        help="Residual blocks of each stage; every stage but the first halves the image",
        minimum=1,
    )


def width(default: int) -> Field:
    """Channels of the stem."""
    return Field(
        name="width",
        type=int,
        default=default,
        help="Channels after the stem; the stages have 1, 2, 4, … times as many inside",
        minimum=1,
    )


def growth(default: int) -> Field:
    """Channels that a function adds."""
    return Field(
        name="growth",
        type=int,
        default=default,
        help="Channels that each pair of convolutions adds; the stem has twice as many",
        minimum=1,
    )


def dropout(where: str) -> Field:
    """Dropout, off unless asked for."""
    return Field(
        name="dropout",
        type=float,
        default=0.0,
        help=f"Share of the values dropped in training {where}",
        minimum=0.0,
        maximum=0.99,
    )
