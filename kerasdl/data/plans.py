"""What is still to be done to data that is not yet numbers of fixed shape, once it is split."""

from dataclasses import dataclass, replace
from typing import Any

from kerasdl.data.sample_order import whole
from kerasdl.errors import UserError

OVERLONG = ("cut", "refuse")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPlan:
    """How texts become token numbers, where the user does not say otherwise.

    The vocabulary is made of the training samples, so this waits until data is split.

    Args:
        tokenizer: A kind of tokenizer with `train_tokenizer`'s arguments:
            `words(min_count=2, lowercase=True)`.
        context: Tokens of an input at most; None for the longest training text.
        keep: Which end of a longer one is kept, `first` or `last`.
        target_tokenizer: Likewise for the targets' texts; None for the same kind as the inputs'.
        target_context: Tokens of a target at most, both ends included.
        word_length: Characters of each word that are read besides the word; 0 for none.
        one_text: For language modelling: whether the samples are pieces of one text, rather than
            texts that each end with `<eos>`.
    """

    tokenizer: str = "words(min_count=2, lowercase=True)"
    context: int | None = None
    keep: str = "first"
    target_tokenizer: str | None = None
    target_context: int | None = None
    word_length: int = 0
    one_text: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPlan:
    """How a series becomes windows, where the user does not say otherwise.

    Args:
        context: Steps that are looked back on.
        horizon: Steps that are forecast.
        targets: Places of the columns to forecast, in the series; None for all.
    """

    context: int = 96
    horizon: int = 24
    targets: tuple[int, ...] | None = None


def changed(plan: TextPlan | SeriesPlan | None, wishes: dict[str, Any], name: str) -> Any:
    """The plan with the values that are not None put in.

    Raises:
        UserError: If one of them is not for this data, or out of range.
    """
    wishes = {key: value for key, value in wishes.items() if value is not None}
    if wishes.get("overlong", "cut") not in OVERLONG:
        raise UserError(
            f"`overlong` must be {' or '.join(OVERLONG)}. Received: {wishes['overlong']!r}"
        )
    refuse = wishes.pop("overlong", None) == "refuse"
    known = plan.__dataclass_fields__ if plan is not None else {}
    for key, value in wishes.items():
        if key not in known:
            raise UserError(f"`{key}` does not apply to {name}. Leave it out.")
        if key in ("context", "target_context", "horizon"):
            whole(key, value, 2**31, start=1)
        if key == "word_length":
            whole(key, value, 2**16)
    if plan is None:
        return None
    plan = replace(plan, **wishes)
    return replace(plan, keep=None) if refuse and isinstance(plan, TextPlan) else plan
