"""Data: one door, `load`, for names and files; splits, order, batches, preprocessing.

`load("digits")`, `load("houses.csv", target="price")` or `load("my_photos/")` gives a `Data`
record, `split` makes what it lacks of training, validation and test samples, `preprocessing` gives
Keras layers fitted on the training samples, and `Batches` serves them to `model.fit` in an order
that is a pure function of seed and epoch.

Names are resolved on first use: importing this package imports neither Keras nor scikit-learn nor
pandas.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerasdl.data.batches import Batches
    from kerasdl.data.checks import DataWarning, check_data
    from kerasdl.data.few_labels import few_labels
    from kerasdl.data.inputs import Column, Inputs
    from kerasdl.data.loading import load
    from kerasdl.data.mixing import CutMix, Mixup
    from kerasdl.data.preprocess import DATA_PREPROCESSING, preprocessing
    from kerasdl.data.records import Data, Samples
    from kerasdl.data.sample_order import order
    from kerasdl.data.splitting import split
    from kerasdl.data.table_preprocessing import TablePreprocessing

_HOMES = {
    "DATA_PREPROCESSING": "preprocess",
    "Batches": "batches",
    "Column": "inputs",
    "CutMix": "mixing",
    "Data": "records",
    "DataWarning": "checks",
    "Inputs": "inputs",
    "Mixup": "mixing",
    "Samples": "records",
    "TablePreprocessing": "table_preprocessing",
    "check_data": "checks",
    "few_labels": "few_labels",
    "load": "loading",
    "order": "sample_order",
    "preprocessing": "preprocess",
    "split": "splitting",
}

__all__ = [
    "DATA_PREPROCESSING",
    "Batches",
    "Column",
    "CutMix",
    "Data",
    "DataWarning",
    "Inputs",
    "Mixup",
    "Samples",
    "TablePreprocessing",
    "check_data",
    "few_labels",
    "load",
    "order",
    "preprocessing",
    "split",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
