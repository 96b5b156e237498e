"""One label for each word."""

from typing import Any

import keras

from kerasdl import building
from kerasdl.building import token_lengths
from kerasdl.layers import CharacterEncoder
from kerasdl.plugin import Config, Spec
from kerasdl_recurrent import stack, tokens


def build(config: Config, spec: Spec) -> keras.Model:
    """Vectors of words, and of their characters where the data have them; logits at every word."""
    inputs = [building.token_inputs(spec)]
    x = tokens.embedded(inputs[0], config, spec)
    if spec.characters is not None:
        inputs.append(keras.Input((None, spec.word_length), dtype="int32", name="characters"))
        x = _joined(x, inputs[1], config, spec)
    x = stack.dropped(x, config, "dropout_1")
    x = stack.stacked(x, config, token_lengths(inputs[0]))
    logits = tokens.head(stack.dropped(x, config, "dropout_head"), config, spec)
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], logits, name="recurrent")


def _joined(x: Any, characters: Any, config: Config, spec: Spec) -> Any:
    encoder = CharacterEncoder(
        spec.characters,
        size=config.character_size,
        units=config.character_units,
        kind=config.character_encoder,
        name="characters_of_words",
    )
    return keras.layers.Concatenate(name="word_and_characters")([x, encoder(characters)])
