"""Tokens drawn at random."""

import dataclasses

from kerasdl.decoding import _checks


@dataclasses.dataclass(frozen=True)
class Sampling:
    """Draws each token from the model's distribution, or from its likelier part.

    The steps, in this order, each on what the one before left:

    1. `repetition_penalty` `r`: the logit `x` of a token that the prompt or the text so far has
       becomes `x / r` if `x > 0`, else `x * r`.
    2. `temperature` `T`: `p = softmax(x / T)`.
    3. `top_k`: the `k` most probable tokens stay, and those as probable as the last of them.
    4. `top_p`: a token stays if all that are more probable than it have less than `top_p` together.
    5. `min_p`: a token stays if `p >= min_p * max(p)`.

    The draw inverts the cumulative distribution at one uniform number of 24 bits for each token.
    The numbers depend on the seed, the row and the step alone, so they are the same on every
    backend.

    Args:
        temperature: Below 1 the distribution is sharper, above 1 flatter.
        top_k: Number of tokens, or None for all.
        top_p: Share of the probability, in (0, 1], or None.
        min_p: Share of the largest probability, in (0, 1], or None.
        repetition_penalty: 1 changes nothing.
        samples: Texts drawn for each prompt.

    Raises:
        UserError: If an argument is outside its range.

    Differs from: Hugging Face's `top_p`, which leaves out some of several equally probable tokens.

    Example:
        >>> Sampling(temperature=0.8, top_k=40).samples
        1

    Reference: top-k: Fan et al., 2018, https://arxiv.org/abs/1805.04833; top-p: Holtzman et al.,
        2020, https://arxiv.org/abs/1904.09751; min-p: Nguyen et al., 2024,
        https://arxiv.org/abs/2407.01082; penalty: Keskar et al., 2019,
        https://arxiv.org/abs/1909.05858
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float = 1.0
    samples: int = 1

    def __post_init__(self) -> None:
        hint = ". For the most probable token use Greedy()" if self.temperature == 0 else ""
        _checks.above_zero("temperature", self.temperature, hint)
        if self.top_k is not None:
            _checks.count("top_k", self.top_k)
        for name in ("top_p", "min_p"):
            if getattr(self, name) is not None:
                _checks.share(name, getattr(self, name))
        _checks.above_zero("repetition_penalty", self.repetition_penalty)
        _checks.count("samples", self.samples)
