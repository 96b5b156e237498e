"""Split data as numbers of fixed shape."""

from typing import Any

from kerasdl.data.plans import SeriesPlan, changed
from kerasdl.data.records import Data


def prepare(data: Data, **wishes: Any) -> Data:
    """Texts of a split data set as token numbers, series as windows; other data as it is.

    The vocabulary is made of the training samples alone.

    Args:
        data: What `split` returned.
        **wishes: Values of `TextPlan` (`tokenizer`, `context`, `keep`, `target_tokenizer`,
            `target_context`, `word_length`) or `SeriesPlan` (`context`, `horizon`) that go before
            the data set's own; and `overlong`, `cut` or `refuse`, for texts longer than that. What
            is None is left as it is.

    Raises:
        UserError: If a value is not for this data or out of range, or the data does not allow it.

    Example:
        >>> from kerasdl.data import dates, split, texts_data
        >>> parts = {"train": dates(100)}
        >>> data = split(texts_data(parts, "sequence-to-sequence", name="dates"), seed=0)
        >>> prepare(data, tokenizer="characters").train.x.ndim
        2
    """
    plan = changed(data.plan, wishes, data.name)
    if plan is None:
        return data
    if isinstance(plan, SeriesPlan):
        from kerasdl.data.windows import windowed

        return windowed(data, plan)
    from kerasdl.data.tokenizing import tokenized

    return tokenized(data, plan)
