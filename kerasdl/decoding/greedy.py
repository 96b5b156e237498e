"""The most probable token at each step."""

import dataclasses

from kerasdl.decoding import _checks


@dataclasses.dataclass(frozen=True)
class Greedy:
    """Takes the most probable token at each step; of equally probable ones the lowest.

    Args:
        repetition_penalty: `r`: the logit `x` of a token that the prompt or the text so far has
            becomes `x / r` if `x > 0`, else `x * r`. 1 changes nothing.

    Raises:
        UserError: If `repetition_penalty` is not greater than 0.

    Example:
        >>> Greedy().repetition_penalty
        1.0

    Reference: the penalty: Keskar et al., 2019, section 4.1, https://arxiv.org/abs/1909.05858
    """

    repetition_penalty: float = 1.0

    def __post_init__(self) -> None:
        _checks.above_zero("repetition_penalty", self.repetition_penalty)
