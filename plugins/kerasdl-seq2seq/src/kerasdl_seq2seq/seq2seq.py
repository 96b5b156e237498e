"""A recurrent encoder and decoder, with attention or without."""

import keras

from kerasdl.building import token_inputs
from kerasdl.errors import UserError
from kerasdl.plugin import Config, Spec
from kerasdl_seq2seq import target_side
from kerasdl_seq2seq.encoder import encoded
from kerasdl_seq2seq.predicted_tokens import PredictedTokens


def build(config: Config, spec: Spec) -> keras.Model:
    """Source and previous target tokens to the logits of the next ones.

    `attention` and `input_feeding` say which of three forms the decoder has:

    - `"none"`: the encoder's last state, as the decoder's first, is all that it knows of the
      source; with `feed_code` it is added, projected, to each step's input too (Cho et al., 2014).
    - without input feeding: `h = RNN(x)` over the whole target in one pass; then
      `context[t] = attention(h[t], memory)` and `a[t] = tanh(W [context[t]; h[t]])` for all steps
      at once, and the logits from `a`. The fast form.
    - with it (`AttentionDecoder`): `h[t] = RNN([x[t]; a[t-1]])`, so the decoder knows where it
      looked before; the steps run one after the other.

    The state that asks, `h[t]`, is the one that has seen the token `x[t]`, as in Luong et al.
    Bahdanau's decoder asks with `h[t-1]` and gives the context to the recurrence; `"additive"` has
    his score, and with input feeding the recurrence gets the context inside `a[t-1]`. Of several
    layers the last one asks and is fed.
    """
    _check(config, spec)
    source, previous = token_inputs(spec, "source"), token_inputs(spec, "previous", target=True)
    target = keras.layers.ReversibleEmbedding if config.tied != "none" else keras.layers.Embedding
    target = target(spec.target_vocab_size, config.embedding, name="target_embedding")
    if config.tied == "all":
        reading = target
    else:
        size = spec.vocab_size
        reading = keras.layers.Embedding(size, config.embedding, name="source_embedding")
    text = encoded(source, reading, config)
    made = target_side.make(config, target, spec.target_vocab_size)
    logits = target_side.whole(made, previous, text)
    if config.scheduled_sampling:
        mix = PredictedTokens(
            config.scheduled_sampling, config.sampling_ramp, name="predicted_tokens"
        )
        logits = target_side.whole(made, mix(previous, logits), text)
    return keras.Model([source, previous], logits, name="seq2seq")


def _check(config: Config, spec: Spec) -> None:
    if config.input_feeding and config.attention == "none":
        raise UserError(
            "`input_feeding` feeds what the attention found: it needs an `attention`. "
            "Received: input_feeding=True, attention='none'"
        )
    if config.tied == "all" and spec.vocab_size != spec.target_vocab_size:
        raise UserError(
            "`tied='all'` needs one vocabulary for source and target. Received: "
            f"vocab_size={spec.vocab_size}, target_vocab_size={spec.target_vocab_size}"
        )
