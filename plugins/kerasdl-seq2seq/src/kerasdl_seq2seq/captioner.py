"""Captions of images: a convolutional encoder, and a recurrent decoder that looks at its grid."""

import keras

from kerasdl.building import token_inputs
from kerasdl.errors import UserError
from kerasdl.plugin import Config, Spec
from kerasdl_seq2seq import caption_side
from kerasdl_seq2seq.caption_reinforcement import CaptionReinforcement
from kerasdl_seq2seq.encoder import first_states
from kerasdl_seq2seq.image_encoder import LAST, grid_of, image_input


def build(config: Config, spec: Spec) -> keras.Model:
    """Image and previous words to the logits of the next ones.

    The decoder starts from the mean of the regions' features, named `code`; with
    `attention="none"` that is all it knows of the image (Vinyals et al., 2015). With attention
    `h = LSTM(x)` runs over the whole caption, each `h[t]` looks at the grid for
    `context[t]`, and the logits come from `tanh(W [context[t]; h[t]])`, so all steps look at once
    (Lu et al., 2017). Xu et al. (2015) look before the recurrence and feed it the context.

    Hard attention is trained by REINFORCE, see `CaptionReinforcement`.
    """
    _check(config)
    image, previous = image_input(spec), token_inputs(spec, "previous", target=True)
    regions = grid_of(image, config)
    code = keras.layers.GlobalAveragePooling2D(name="code", **LAST)(regions)
    (states,) = first_states(code, "lstm", config.units, 1)
    made = caption_side.make(config, spec.target_vocab_size)
    logits, draws = caption_side.whole(made, previous, regions, states)
    if draws:
        teach = CaptionReinforcement(config.entropy_weight, name="reinforcement")
        logits = teach(logits, previous, *draws)
    return keras.Model([image, previous], logits, name="captioner")


def _check(config: Config) -> None:
    if config.coverage and config.attention != "soft":
        raise UserError(
            "`coverage` is a loss of soft attention's weights. Received: "
            f"coverage={config.coverage}, attention={config.attention!r}"
        )
    if not config.filters:
        raise UserError("`filters` must name one convolution at least. Received: filters=()")
