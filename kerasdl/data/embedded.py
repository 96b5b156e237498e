"""Data sets inside scikit-learn: no download."""

from typing import Any

import numpy as np

from kerasdl.data.inputs import Column, Inputs
from kerasdl.data.records import Data, Samples
from kerasdl.data.targets import CLASSIFICATION, REGRESSION
from kerasdl.errors import require

_SOURCE = "scikit-learn, sklearn.datasets.load_{}"
_LICENSE = "BSD-3-Clause (scikit-learn)"


def digits() -> Data:
    """1,797 scanned digits, 8x8 pixels of 0 to 16."""
    bunch = _bunch("digits")
    x = bunch.images.astype(np.uint8)[..., np.newaxis]
    return Data(
        name="digits",
        task="image-classification",
        train=Samples(x, bunch.target.astype(np.int32)),
        inputs=Inputs(kind="images", shape=(8, 8, 1), dtype="uint8", value_range=(0.0, 16.0)),
        outputs=10,
        classes=tuple(map(str, range(10))),
        source=_SOURCE.format("digits"),
        license=_LICENSE,
    )


def iris() -> Data:
    """150 flowers of three species, four lengths."""
    return _classified("iris", "iris")


def wine() -> Data:
    """178 wines of three cultivars, 13 chemical measures."""
    return _classified("wine", "wine")


def breast_cancer() -> Data:
    """569 tumours, malignant or benign, 30 measures of cell nuclei."""
    return _classified("breast-cancer", "breast_cancer")


def diabetes() -> Data:
    """442 patients, ten measures in their own units, progression after a year."""
    bunch = _bunch("diabetes", scaled=False)
    y = bunch.target.astype(np.float32)[:, np.newaxis]
    return Data(
        name="diabetes",
        task=REGRESSION,
        train=Samples(bunch.data.astype(np.float32), y),
        inputs=_table(bunch),
        outputs=1,
        target_names=("progression",),
        source=_SOURCE.format("diabetes"),
        license=_LICENSE,
    )


def _classified(name: str, function: str) -> Data:
    bunch = _bunch(function)
    classes = tuple(str(entry) for entry in bunch.target_names)
    return Data(
        name=name,
        task=CLASSIFICATION,
        train=Samples(bunch.data.astype(np.float32), bunch.target.astype(np.int32)),
        inputs=_table(bunch),
        outputs=len(classes),
        classes=classes,
        source=_SOURCE.format(function),
        license=_LICENSE,
    )


def _bunch(function: str, **arguments: Any) -> Any:
    require("sklearn", "train", f"reading `{function.replace('_', '-')}`")
    from sklearn import datasets

    return getattr(datasets, f"load_{function}")(**arguments)


def _table(bunch: Any) -> Inputs:
    columns = tuple(Column(str(name)) for name in bunch.feature_names)
    return Inputs(kind="table", shape=(len(columns),), columns=columns)
