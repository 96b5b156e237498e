"""Tokenizers that plugins bring, by name."""

from collections.abc import Iterable, Mapping
from typing import Any

from kerasdl.data.piece_tokenizer import PieceTokenizer, train_pieces
from kerasdl.data.tokenizers import TOKENIZER_KINDS, Text
from kerasdl.errors import UserError
from kerasdl.plugin import PluginError, host
from kerasdl.plugin.provenance import plugin_origin
from kerasdl.plugin.requirements import demand_origin
from kerasdl.plugin.targets import find_component

_TRAINING = ("vocab_size", "specials", "min_count")


def is_plugins(kind: str) -> bool:
    """Whether a kind of tokenizer is a plugin's."""
    return kind not in TOKENIZER_KINDS and kind.rpartition(":")[2] in host().catalog.names(
        "tokenizer"
    )


def trained(texts: Iterable[Text], kind: str, **arguments: Any) -> PieceTokenizer:
    """A plugin's tokenizer with the vocabulary of some texts.

    Args:
        texts: Of the training samples.
        kind: Name of the component.
        **arguments: Of `train_pieces`, and the kind's own options.

    Raises:
        UserError: On an argument out of range, or one that it does not take.
    """
    found, _ = find_component("tokenizer", kind)
    for_training = {name: arguments.pop(name) for name in _TRAINING if name in arguments}
    made = _made(kind, arguments)
    origin = plugin_origin(found.plugin)
    return train_pieces(texts, made, found.record.name, origin=origin, **for_training)


def restored(state: Mapping[str, Any]) -> PieceTokenizer:
    """The tokenizer that `to_dict` was called on.

    Raises:
        UserError: If its plugin is not there, or an entry is missing or in another form.

    Warns:
        UserWarning: If the plugin has another version, or other files.
    """
    try:
        kind, origin = str(state["kind"]), dict(state["plugin"])
        config, tokens, specials = dict(state["config"]), list(state["tokens"]), state["specials"]
        if type(specials) is not int or not 0 <= specials <= len(tokens):
            raise ValueError(f"specials={specials!r}")
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"a plugin's tokenizer is not in its saved form: {error!r}") from None
    demand_origin(origin, "the tokenizer", f"tokenizer {kind!r}")
    made = _made(f"{origin.get('distribution')}:{kind}", config)
    return made.number(tokens, specials, kind, origin)


def _made(kind: str, options: dict[str, Any]) -> PieceTokenizer:
    found, make = find_component("tokenizer", kind)
    try:
        made = make(**options)
    except UserError:
        raise
    except (TypeError, ValueError) as error:
        raise UserError(f"tokenizer {kind!r} cannot be made: {error}") from None
    if not isinstance(made, PieceTokenizer):
        raise PluginError(
            f"tokenizer {found.label!r} must be a kerasdl.data.PieceTokenizer. "
            f"Received: {type(made).__name__}"
        )
    return made
