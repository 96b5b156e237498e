"""Data: one door, `load`, for names and files; splits, order, batches, preprocessing.

`load("digits")`, `load("houses.csv", target="price")` or `load("my_photos/")` gives a `Data`
record, `split` makes what it lacks of training, validation and test samples, `preprocessing` gives
Keras layers fitted on the training samples, and `Batches` serves them to `model.fit` in an order
that is a pure function of seed and epoch. For texts there are readers, `train_tokenizer`,
`LengthBatches` and `pack`.

Names are resolved on first use: importing this package imports neither Keras nor scikit-learn nor
pandas.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerasdl.data.batches import Batches
    from kerasdl.data.checks import check_data
    from kerasdl.data.data_warning import DataWarning
    from kerasdl.data.date_pairs import DATE_LOCALES, dates
    from kerasdl.data.examining import examine
    from kerasdl.data.few_labels import few_labels
    from kerasdl.data.finding import Finding
    from kerasdl.data.form import Form
    from kerasdl.data.inputs import Column, Inputs
    from kerasdl.data.length_batches import LengthBatches
    from kerasdl.data.loading import load
    from kerasdl.data.mixing import CutMix, Mixup
    from kerasdl.data.packing import Packed, pack
    from kerasdl.data.piece_tokenizer import PieceTokenizer, train_pieces
    from kerasdl.data.plans import SeriesPlan, TextPlan
    from kerasdl.data.preparing import prepare
    from kerasdl.data.preprocess import DATA_PREPROCESSING, preprocessing
    from kerasdl.data.records import Data, Samples
    from kerasdl.data.sample_order import order
    from kerasdl.data.series import series_data
    from kerasdl.data.splitting import split
    from kerasdl.data.standard_library import python_source
    from kerasdl.data.table_preprocessing import TablePreprocessing
    from kerasdl.data.text_form import TextForm
    from kerasdl.data.text_readers import read_columns, read_conllu, read_lines, read_parallel
    from kerasdl.data.text_sets import running_text, texts_data
    from kerasdl.data.tokenizer_training import train_tokenizer
    from kerasdl.data.tokenizers import Tokenizer
    from kerasdl.data.truncating import truncate
    from kerasdl.data.window_batches import WindowBatches

_HOMES = {
    "Batches": "batches",
    "Column": "inputs",
    "CutMix": "mixing",
    "DATA_PREPROCESSING": "preprocess",
    "DATE_LOCALES": "date_pairs",
    "Data": "records",
    "DataWarning": "data_warning",
    "Finding": "finding",
    "Form": "form",
    "Inputs": "inputs",
    "LengthBatches": "length_batches",
    "Mixup": "mixing",
    "Packed": "packing",
    "PieceTokenizer": "piece_tokenizer",
    "Samples": "records",
    "SeriesPlan": "plans",
    "TablePreprocessing": "table_preprocessing",
    "TextForm": "text_form",
    "TextPlan": "plans",
    "Tokenizer": "tokenizers",
    "WindowBatches": "window_batches",
    "check_data": "checks",
    "dates": "date_pairs",
    "examine": "examining",
    "few_labels": "few_labels",
    "load": "loading",
    "order": "sample_order",
    "pack": "packing",
    "prepare": "preparing",
    "preprocessing": "preprocess",
    "python_source": "standard_library",
    "read_columns": "text_readers",
    "read_conllu": "text_readers",
    "read_lines": "text_readers",
    "read_parallel": "text_readers",
    "running_text": "text_sets",
    "series_data": "series",
    "split": "splitting",
    "texts_data": "text_sets",
    "train_pieces": "piece_tokenizer",
    "train_tokenizer": "tokenizer_training",
    "truncate": "truncating",
}

__all__ = [
    "Batches",
    "Column",
    "CutMix",
    "DATA_PREPROCESSING",
    "DATE_LOCALES",
    "Data",
    "DataWarning",
    "Finding",
    "Form",
    "Inputs",
    "LengthBatches",
    "Mixup",
    "Packed",
    "PieceTokenizer",
    "Samples",
    "SeriesPlan",
    "TablePreprocessing",
    "TextForm",
    "TextPlan",
    "Tokenizer",
    "WindowBatches",
    "check_data",
    "dates",
    "examine",
    "few_labels",
    "load",
    "order",
    "pack",
    "prepare",
    "preprocessing",
    "python_source",
    "read_columns",
    "read_conllu",
    "read_lines",
    "read_parallel",
    "running_text",
    "series_data",
    "split",
    "texts_data",
    "train_pieces",
    "train_tokenizer",
    "truncate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
