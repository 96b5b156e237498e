"""Published results as files that can be run."""

from kerasdl.cards.card import CardFile, Ours, Published, list_cards, read_card
from kerasdl.cards.reproduce import Reproduction, reproduce

__all__ = [
    "CardFile",
    "Ours",
    "Published",
    "Reproduction",
    "list_cards",
    "read_card",
    "reproduce",
]
