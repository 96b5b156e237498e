"""Texts that are there without a network."""

from kerasdl.data.date_pairs import DATE_LOCALES, dates
from kerasdl.data.plans import TextPlan
from kerasdl.data.records import Data
from kerasdl.data.standard_library import python_source
from kerasdl.data.text_sets import texts_data

DATES = 20_000


def written_dates() -> Data:
    """Dates as people write them in 22 languages, and their ISO form; the language is told."""
    marks = [f"<{locale}>" for locale in DATE_LOCALES]
    plan = TextPlan(tokenizer=f"characters(specials={marks!r})", target_tokenizer="characters")
    return texts_data(
        {"train": dates(DATES)},
        "sequence-to-sequence",
        name="dates",
        plan=plan,
        source="Unicode CLDR, by Babel",
        license="Unicode-3.0",
    )


def python_library() -> Data:
    """The sources of Python's standard library, each file a text."""
    return texts_data(
        {"train": (list(python_source().values()), None)},
        "language-modelling",
        name="python-source",
        plan=TextPlan(tokenizer="bpe(vocab_size=4096)", context=128),
        source="the standard library of the Python that runs",
        license="PSF-2.0",
    )
