"""From a built model to its decoder."""

import importlib
from collections.abc import Iterator

import keras

from kerasdl.decoding.decoder import Decoder
from kerasdl.errors import UserError
from kerasdl.layers.origin import Origin
from kerasdl.models import model_info
from kerasdl.plugin import PluginError


def decoder_of(model: keras.Model) -> Decoder:
    """The decoder that a model's architecture names, on that model.

    Args:
        model: What `create_model` or `load_model` returned, or a run's model with its
            preprocessing around it: the decoder gets the architecture's model inside.

    Raises:
        UserError: If the model comes from no architecture, or from one that does not generate.
        PluginError: If the decoder cannot be imported, or returns something else.
    """
    inner, name = next(_origins(model), (None, None))
    if inner is None:
        raise UserError(
            f"model {model.name!r} carries no architecture's name. Make it by "
            "`kerasdl.create_model`, or write a `Decoder` for it (`UncachedDecoder` takes any "
            "causal model)."
        )
    record = model_info(name or "")
    if record.decoder is None:
        raise UserError(f"architecture {record.name!r} does not generate: it names no decoder")
    module, _, function = record.decoder.partition(":")
    try:
        make = getattr(importlib.import_module(module), function)
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"architecture {record.name!r}: the decoder {record.decoder} cannot be imported: "
            f"{type(error).__name__}: {error}"
        ) from error
    decoder = make(inner)
    if not isinstance(decoder, Decoder):
        raise PluginError(
            f"architecture {record.name!r}: {record.decoder} must return a kerasdl.decoding."
            f"Decoder. Received: {type(decoder).__name__}"
        )
    return decoder


def _origins(model: keras.Model) -> Iterator[tuple[keras.Model, str]]:
    for layer in model.layers:
        if isinstance(layer, Origin) and not layer.origin.get("part"):
            origin = layer.origin
            named = (origin.get("distribution"), origin.get("architecture"))
            yield model, ":".join(part for part in named if part)
        elif isinstance(layer, keras.Model):
            yield from _origins(layer)
