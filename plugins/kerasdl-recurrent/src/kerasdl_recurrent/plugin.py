"""What this plugin offers. Imports no Keras: each builder is resolved when a model is made."""

from collections.abc import Iterator

from kerasdl.plugin import Architecture, Card, Field, hookimpl
from kerasdl_recurrent import fields

_RECURRENT = Architecture(
    name="recurrent",
    summary="LSTM, GRU or simple RNN, stacked, in one direction or two; texts, labels, forecasts",
    tasks=("text-classification", "sequence-labelling", "language-modelling", "forecasting"),
    builder="kerasdl_recurrent.recurrent:build",
    config=(
        *fields.STACK,
        *fields.TOKENS,
        *fields.CLASSIFICATION,
        *fields.CHARACTERS,
        *fields.LANGUAGE,
        *fields.FORECASTING,
    ),
    variants={
        "lstm": {"cell": "lstm"},
        "gru": {"cell": "gru"},
        "simple-rnn": {"cell": "simple-rnn"},
        "bilstm": {"cell": "lstm", "bidirectional": True},
        "bigru": {"cell": "gru", "bidirectional": True},
    },
    aliases={"rnn": "simple-rnn"},
    reference="Hochreiter and Schmidhuber, 1997; Cho et al., 2014, https://arxiv.org/abs/1406.1078",
    decoder="kerasdl_recurrent.recurrent_decoder:RecurrentDecoder",
    recipe={"epochs": 10, "batch_size": 32, "learning_rate": 2e-3},
    small={"units": 16, "embedding": 8},
)

_LINEAR = Architecture(
    name="linear-forecaster",
    summary="One linear layer over time, shared by the channels: small, and hard to beat",
    tasks=("forecasting",),
    builder="kerasdl_recurrent.linear_forecaster:build",
    config=(
        Field(
            name="residual",
            type=bool,
            default=True,
            help="Whether the last value is taken off the input and put onto the output",
        ),
        Field(
            name="trend",
            type=int,
            default=0,
            help="Steps of a moving average with a linear layer of its own; below 2 for none",
            minimum=0,
        ),
    ),
    variants={
        "nlinear": {"residual": True, "trend": 0},
        "dlinear": {"residual": False, "trend": 25},
    },
    reference="Zeng et al., 2023, https://arxiv.org/abs/2205.13504",
    recipe={"epochs": 10, "batch_size": 32, "learning_rate": 5e-4},
)


_CARDS = {
    "etth1-nlinear": "ETTh1, 96 hours ahead, by one linear layer over time",
    "imdb-lstm": "Film reviews by an LSTM in two directions",
    "ptb-lstm-200-tied": "Penn Treebank by words, two layers of 200, tied",
    "ptb-lstm-650-tied": "Penn Treebank by words, two layers of 650, tied; for a GPU",
    "shakespeare-gru-cpu": "Tiny Shakespeare by characters: a GRU on nanoGPT's CPU budget",
    "shakespeare-lstm-cpu": "Tiny Shakespeare by characters: an LSTM on nanoGPT's CPU budget",
    "trec-lstm": "Kinds of questions by an LSTM in two directions",
    "ud-english-characters": "English parts of speech from words and characters",
    "ud-english-words": "English parts of speech from words alone",
}


@hookimpl
def kerasdl_architectures() -> Iterator[Architecture]:
    """Yields the architectures."""
    yield _RECURRENT
    yield _LINEAR


@hookimpl
def kerasdl_cards() -> Iterator[Card]:
    """Published results."""
    for name, summary in _CARDS.items():
        yield Card(name=name, file=f"kerasdl_recurrent:cards/{name}.toml", summary=summary)
