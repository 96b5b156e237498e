"""Texts that are there without a network: Python's library, dates of the world."""

import collections
import datetime
import itertools
import re

import pytest

from kerasdl.data import dates, python_source
from kerasdl.data.date_pairs import DATE_FORMATS, DATE_LOCALES
from kerasdl.errors import UserError

babel = pytest.importorskip("babel.dates", reason="the extra `text` is not installed")

pytestmark = pytest.mark.once

COUNT = 3000


def test_the_standard_library_is_a_corpus():
    texts = python_source(limit=1_500_000)
    assert list(texts) == sorted(texts)
    assert texts["__future__.py"].startswith('"""Record of phased-in incompatible language changes')
    assert "class Handle" in texts["asyncio/events.py"]
    assert not [n for n in texts if re.search(r"(^|/)(tests?|site-packages|encodings)/", n)]
    assert 1_000_000 < sum(map(len, texts.values())) <= 1_500_000


def test_the_size_limit_cuts_between_files_and_not_in_them():
    small, large = python_source(400_000), python_source(900_000)
    names = list(large)[: len(small)]
    assert list(small) == names and len(large) > len(small)
    after = list(large)[len(small)]
    total = sum(len(large[name]) for name in names)
    assert total <= 400_000 < total + len(large[after])


def test_a_limit_below_the_first_file_is_refused():
    with pytest.raises(UserError, match="within `limit`.*limit=10"):
        python_source(10)


@pytest.fixture(scope="module")
def pairs():
    return dates(COUNT, seed=3)


def test_dates_are_many_different_inputs_with_iso_targets(pairs):
    inputs, targets = pairs
    assert len(inputs) == len(targets) == len(set(inputs)) == COUNT
    locales = collections.Counter(text[1 : text.index(">")] for text in inputs)
    assert set(locales) == set(DATE_LOCALES)
    # Four formats of 22 locales, some alike: each locale near 136 of 3000.
    assert min(locales.values()) > 60
    years = {datetime.date.fromisoformat(target).year for target in targets}
    assert (min(years), max(years)) == (1970, 2069)


def numbers_of(text):
    """Day, month and year of a purely numeric date of a known order, two-digit years in window."""
    orders = {"en_US": "mdy", "ko": "ymd", "hu": "ymd", "ja": "ymd", "zh": "ymd", "sv": "ymd"}
    locale, rest = re.fullmatch(r"<(\w+)> (.*)", text).groups()
    parts = re.findall(r"\d+", rest)
    if len(parts) != 3 or re.search(r"[^\W\d_]", rest):
        return None
    found = dict(zip(orders.get(locale, "dmy"), map(int, parts), strict=True))
    year = found["y"] if found["y"] >= 100 else (1900 if found["y"] >= 70 else 2000) + found["y"]
    return datetime.date(year, found["m"], found["d"]).isoformat()


def test_numeric_dates_read_back_are_their_targets(pairs):
    read = [(numbers_of(text), target) for text, target in zip(*pairs, strict=True)]
    read = [(found, target) for found, target in read if found]
    assert len(read) > 500
    assert [found for found, _ in read] == [target for _, target in read]


MONTHS = {
    "en_GB": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}


@pytest.mark.parametrize("locale", MONTHS)
def test_dates_in_words_read_back_are_their_targets(pairs, locale):
    months = {name: n for n, name in enumerate(MONTHS[locale].split(), 1)}
    read = 0
    for text, target in zip(*pairs, strict=True):
        match = re.search(rf"^<{locale}> .*?(\d+)\.? ([^\W\d]+) (\d{{4}})$", text)
        if match and match[2] in months:
            found = datetime.date(int(match[3]), months[match[2]], int(match[1]))
            assert found.isoformat() == target
            read += 1
    assert read > 20


def test_weekdays_are_those_of_the_targets(pairs):
    names = "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag".split()
    seen = 0
    for text, target in zip(*pairs, strict=True):
        if text.startswith("<de> ") and text.split()[1].rstrip(",") in names:
            day = datetime.date.fromisoformat(target)
            assert names[day.weekday()] == text.split()[1].rstrip(",")
            seen += 1
    assert seen > 20


def test_the_same_arguments_give_the_same_dates_and_a_smaller_count_the_first(pairs):
    assert dates(COUNT, seed=3) == pairs
    assert dates(50, seed=3) == (pairs[0][:50], pairs[1][:50])
    assert dates(50, seed=4)[0] != pairs[0][:50]


def test_all_dates_of_a_small_window_are_given_once_and_no_more():
    # Four formats a day; in May the long and the medium form are one: "May 1, 2001".
    expected = {
        str(datetime.date(2001, 1, 1) + datetime.timedelta(number)): 4 - (120 <= number < 151)
        for number in range(365)
    }
    count = 4 * 365 - 31
    inputs, targets = dates(count, ["en_US"], years=(2001, 2001))
    assert len(set(inputs)) == count
    assert collections.Counter(targets) == expected
    with pytest.raises(UserError, match=f"`count` must be at most {count}, .*count={count + 1}"):
        dates(count + 1, ["en_US"], years=(2001, 2001))


def test_two_readings_of_one_input_are_refused(monkeypatch):
    class DayFirst:
        def apply(self, day, locale):
            return f"{day:%d/%m/%y}"

    class MonthFirst:
        def apply(self, day, locale):
            return f"{day:%m/%d/%y}"

    formats = itertools.cycle([DayFirst(), MonthFirst()])
    monkeypatch.setattr(babel, "get_date_format", lambda name, locale: next(formats))
    with pytest.raises(UserError, match=r"one reading. Received: '<de> \d\d/\d\d/\d\d' for"):
        dates(700, ["de"], years=(2001, 2001))


@pytest.mark.long
def test_no_date_of_any_locale_is_written_like_another():
    readings = {}
    days = range(datetime.date(2000, 1, 1).toordinal(), datetime.date(2013, 1, 1).toordinal())
    for locale in DATE_LOCALES:
        for name in DATE_FORMATS:
            pattern = babel.get_date_format(name, locale)
            for number in days:  # years that could be taken for days and months
                text = locale + pattern.apply(datetime.date.fromordinal(number), locale)
                assert readings.setdefault(text, number) == number


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "`count` must be a whole number at least 1"),
        ({"locales": ["xx_YY"]}, "known to Babel. Received: 'xx_YY'"),
        ({"locales": ["!"]}, "known to Babel"),
        ({"locales": "de"}, "`locales` must be a list"),
        ({"locales": []}, "`locales` must be a list"),
        ({"years": (1970, 2070)}, "at most 100 in all"),
        ({"years": (2001, 2000)}, "a first and a last year"),
        ({"years": (0, 10)}, "`years` must be a whole number"),
        ({"seed": -1}, "`seed` must be"),
    ],
)
def test_bad_arguments_of_dates_are_named(arguments, message):
    with pytest.raises(UserError, match=message):
        dates(**{"count": 5, **arguments})
