"""Dates in many languages and formats, and their ISO form."""

import datetime
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kerasdl.data.sample_order import whole
from kerasdl.errors import UserError, require

if TYPE_CHECKING:
    from babel.dates import DateTimePattern

DATE_FORMATS = ("full", "long", "medium", "short")
DATE_LOCALES = (
    "en_US", "en_GB", "de", "fr", "es", "it", "pt", "nl", "sv", "fi",
    "da", "pl", "cs", "hu", "ro", "tr", "el", "ru", "uk", "ja", "zh", "ko",
)  # fmt: skip
"""The locales that `dates` writes in unless told."""

_LONGEST_WINDOW = 100


def dates(
    count: int,
    locales: Sequence[str] = DATE_LOCALES,
    seed: int = 0,
    years: tuple[int, int] = (1970, 2069),
) -> tuple[list[str], list[str]]:
    """Dates as people write them, and as ISO 8601 does.

    An input is the locale as a token and a date in one of Unicode's four formats of that locale:
    `<de> Dienstag, 5. April 1988`, `<en_US> 4/5/88`; its target is `1988-04-05`. Some formats have
    two digits for the year, so `years` spans a hundred at most and each input has one reading;
    that is checked, and no input comes twice.

    Drawn by counter-based random numbers (Philox with key `seed`): the same arguments give the same
    dates with the same Babel, and a smaller `count` the first of them.

    Args:
        count: Pairs, at least 1.
        locales: Locales that Babel knows; for a tokenizer's `specials`: `f"<{locale}>"` of each.
        seed: In [0, 2**64).
        years: First and last year.

    Returns:
        Inputs and targets: two lists of `count` texts.

    Raises:
        MissingDependencyError: Without the package `babel`.
        UserError: On an unknown locale, a window of more than 100 years, more pairs than there
            are, or a locale in which two dates are written alike.

    Example:
        >>> inputs, targets = dates(2, locales=["de"])
        >>> inputs[0].startswith("<de> "), len(targets[0])
        (True, 10)
    """
    require("babel", "text", "writing dates in many languages")
    count = whole("count", count, 2**63, start=1)
    patterns = [pattern for locale in _checked_locales(locales) for pattern in _patterns(locale)]
    first, days = _window(years)
    readings: dict[str, str] = {}
    for number in _drawn(seed, len(patterns) * days):
        locale, pattern = patterns[number // days]
        day = datetime.date.fromordinal(first + number % days)
        _add(readings, f"<{locale}> {pattern.apply(day, locale)}", day.isoformat())
        if len(readings) == count:
            return list(readings), list(readings.values())
    raise UserError(
        f"`count` must be at most {len(readings)}, the different dates of these locales and years. "
        f"Received: count={count}"
    )


def _add(readings: dict[str, str], text: str, iso: str) -> None:
    if readings.setdefault(text, iso) != iso:
        raise UserError(
            f"each date must have one reading. Received: {text!r} for {readings[text]} and {iso}. "
            "Leave that locale out, or take fewer `years`."
        )


def _checked_locales(locales: Sequence[str]) -> Sequence[str]:
    from babel.core import Locale, UnknownLocaleError

    if isinstance(locales, str) or not locales:
        raise UserError(f"`locales` must be a list of names. Received: locales={locales!r}")
    for locale in locales:
        try:
            Locale.parse(locale)
        except (UnknownLocaleError, ValueError, TypeError) as error:
            raise UserError(
                f"`locales` must be known to Babel. Received: {locale!r} ({error})"
            ) from None
    return list(dict.fromkeys(locales))


def _patterns(locale: str) -> Iterator[tuple[str, "DateTimePattern"]]:
    from babel.dates import get_date_format

    for name in DATE_FORMATS:
        yield locale, get_date_format(name, locale)


def _window(years: tuple[int, int]) -> tuple[int, int]:
    """Number of the first day, and of days."""
    first, last = (whole("years", year, 10_000, start=1) for year in years)
    if not first <= last < first + _LONGEST_WINDOW:
        raise UserError(
            f"`years` must be a first and a last year, at most {_LONGEST_WINDOW} in all, as some "
            f"formats write two digits. Received: years={years!r}"
        )
    start = datetime.date(first, 1, 1).toordinal()
    return start, datetime.date(last, 12, 31).toordinal() + 1 - start


def _drawn(seed: int, end: int) -> Iterator[int]:
    """The numbers below `end` in random order, each once; the beginning costs little."""
    seed = whole("seed", seed, 2**64)
    generator = np.random.Philox(key=seed)
    seen: set[int] = set()
    while len(seen) < end:
        for word in generator.random_raw(1024).tolist():
            number = word % end
            if number not in seen:
                seen.add(number)
                yield number
