"""Config fields of the recurrent networks. Imports no Keras."""

from kerasdl.plugin import Field

STACK = (
    Field(
        name="cell",
        type=str,
        default="lstm",
        help="Kind of recurrent layer",
        choices=("lstm", "gru", "simple-rnn"),
    ),
    Field(
        name="units", type=int, default=128, help="Size of a state, in each direction", minimum=1
    ),
    Field(name="layers", type=int, default=1, help="Recurrent layers on one another", minimum=1),
    Field(
        name="bidirectional",
        type=bool,
        default=False,
        help="Whether a second set of weights reads from the end; not for language modelling",
    ),
    Field(
        name="dropout",
        type=float,
        default=0.3,
        help="Share of features dropped, the same at every step: embeddings, layers, output",
        minimum=0.0,
        maximum=0.95,
    ),
    Field(
        name="weight_drop",
        type=float,
        default=0.0,
        help="Share of the recurrent kernels' weights set to 0 in each training step",
        minimum=0.0,
        maximum=0.95,
    ),
    Field(
        name="init_range",
        type=float,
        default=None,
        help="Embeddings and kernels start uniform in [-r, r]; none: Keras's usual",
        minimum=0.0,
    ),
)

TOKENS = (
    Field(name="embedding", type=int, default=128, help="Size of a token's vector", minimum=1),
    Field(
        name="embedding_dropout",
        type=float,
        default=0.0,
        help="Share of the vocabulary whose vectors are 0 in a training step",
        minimum=0.0,
        maximum=0.95,
    ),
    Field(
        name="word_dropout",
        type=float,
        default=0.0,
        help="Share of tokens that training takes for unknown (number 1); not for language models",
        minimum=0.0,
        maximum=0.95,
    ),
)

CLASSIFICATION = (
    Field(
        name="pooling",
        type=str,
        default="max",
        help="A text's vector: the last states, or maximum or mean over its steps",
        choices=("last", "max", "mean"),
    ),
)

CHARACTERS = (
    Field(
        name="character_encoder",
        type=str,
        default="convolution",
        help="Labelling, where the data have characters: what reads those of a word",
        choices=("convolution", "lstm"),
    ),
    Field(
        name="character_size", type=int, default=32, help="Size of a character's vector", minimum=1
    ),
    Field(
        name="character_units",
        type=int,
        default=64,
        help="Channels of the convolution, or units of the LSTM in each direction",
        minimum=1,
    ),
)

LANGUAGE = (
    Field(
        name="tied",
        type=bool,
        default=False,
        help="Language modelling: whether the output's kernel is the embedding's",
    ),
    Field(
        name="stateful",
        type=bool,
        default=False,
        help="Language modelling: whether each row of a batch goes on where the last batch ended",
    ),
    Field(
        name="streams",
        type=int,
        default=32,
        help="Rows of a batch where the network is stateful",
        minimum=1,
    ),
)

FORECASTING = (
    Field(
        name="residual",
        type=bool,
        default=None,
        help="Forecasting: last value off the input, onto the output; none: where channels agree",
    ),
)
