"""Sequences from models that generate: greedy, drawn at random, or by beam search.

An architecture gives a `Decoder`: what it knows after the tokens so far, and the logits of the
next one. `generate` and `stream` do the rest, the same for recurrent networks, encoder-decoders
and transformers, with static shapes and a step that is compiled once.
"""

from kerasdl.decoding.beam_search import BeamSearch
from kerasdl.decoding.decoder import Decoder
from kerasdl.decoding.decoder_of import decoder_of
from kerasdl.decoding.generate import generate
from kerasdl.decoding.generated import Generated
from kerasdl.decoding.greedy import Greedy
from kerasdl.decoding.sampling import Sampling
from kerasdl.decoding.stream import Streamed, stream
from kerasdl.decoding.uncached_decoder import UncachedDecoder

__all__ = [
    "BeamSearch",
    "Decoder",
    "Generated",
    "Greedy",
    "Sampling",
    "Streamed",
    "UncachedDecoder",
    "decoder_of",
    "generate",
    "stream",
]
