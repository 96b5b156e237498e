"""The most probable whole sequences."""

import dataclasses

from kerasdl.decoding import _checks
from kerasdl.errors import UserError


@dataclasses.dataclass(frozen=True)
class BeamSearch:
    """Looks for the best whole sequences, with `width` of them followed at a time.

    `score(Y) = log p(Y) / lp(Y) + cp(Y)`, `lp(Y) = ((5 + |Y|) / 6) ** length_penalty`,
    `cp(Y) = coverage_penalty * sum_i log(min(sum_j a[i, j], 1))`, with `|Y|` the new tokens, the
    stop token included, and `a[i, j]` the attention to the real source step `i` when token `j` was
    chosen (sums below 1e-30 count as 1e-30).

    At each step the best continuations by `log p` stay, as many as the beam has places. One that
    ends in a stop token is finished: it is kept, and takes its place out of the beam. The search
    ends with the last place, or at `max_new_tokens`, where the sequences still in the beam count
    too. So a width of 1 is greedy, whatever the penalties.

    With `early_stopping` a prompt's search also ends once no sequence in the beam can get among
    the `n_best`: their scores are at most `log p(so far) / lp(longest)`. The result is the same.

    Args:
        width: Sequences followed at a time.
        length_penalty: Above 0 longer sequences are preferred; 0 compares `log p`.
        coverage_penalty: Above 0 sequences that leave parts of the source unattended lose. Needs a
            decoder with attention.
        n_best: Sequences returned for each prompt, best first; at most `width`.
        early_stopping: Whether to stop when the result is certain.

    Raises:
        UserError: If an argument is outside its range.

    Differs from: Hugging Face and fairseq, where a finished sequence gives its place to the next
        best continuation: a width of 1 is not greedy there when the length counts.

    Example:
        >>> BeamSearch(width=4, n_best=2).length_penalty
        0.0

    Reference: Wu et al., 2016, section 7, https://arxiv.org/abs/1609.08144; the shrinking beam:
        Sutskever et al., 2014, section 3.2, https://arxiv.org/abs/1409.3215
    """

    width: int = 4
    length_penalty: float = 0.0
    coverage_penalty: float = 0.0
    n_best: int = 1
    early_stopping: bool = True

    def __post_init__(self) -> None:
        _checks.count("width", self.width)
        _checks.count("n_best", self.n_best)
        _checks.at_least_zero("length_penalty", self.length_penalty)
        _checks.at_least_zero("coverage_penalty", self.coverage_penalty)
        if self.n_best > self.width:
            raise UserError(
                f"`n_best` must be at most width={self.width}. Received: n_best={self.n_best}"
            )
