"""Recurrent networks, for the task that the spec names."""

import keras

from kerasdl.errors import UserError
from kerasdl.plugin import Config, Spec
from kerasdl_recurrent import forecasting, language_modelling, sequence_labelling
from kerasdl_recurrent import text_classification as classification

_BUILDERS = {
    "text-classification": classification.build,
    "sequence-labelling": sequence_labelling.build,
    "language-modelling": language_modelling.build,
    "forecasting": forecasting.build,
}

_CLASSIFIED, _LABELLED, _WRITTEN, _FORECAST = _BUILDERS

_SERVED = {
    "bidirectional": (_CLASSIFIED, _LABELLED, _FORECAST),
    "embedding_dropout": (_CLASSIFIED, _LABELLED, _WRITTEN),
    "word_dropout": (_CLASSIFIED, _LABELLED),
    "tied": (_WRITTEN,),
    "stateful": (_WRITTEN,),
    "residual": (_FORECAST,),
}
"""Tasks of the fields that are off by default."""


def build(config: Config, spec: Spec) -> keras.Model:
    """The network of the task, after a look at fields that do not fit it."""
    for name, tasks in _SERVED.items():
        if config[name] and spec.task not in tasks:
            raise UserError(
                f"`{name}` is for {', '.join(tasks)}, and the task is {spec.task}. "
                f"Received: {name}={config[name]!r}"
            )
    return _BUILDERS[spec.task](config, spec)
