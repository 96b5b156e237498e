"""The regularizers against the rules of the public kit, which have central differences."""

import numpy as np
import pytest

from kerasdl.regularizers import ParameterTying, WeightElimination
from kerasdl.testing import check_regularizer

OTHER = np.linspace(-1.0, 1.0, 12).reshape(3, 4)
CASES = {
    "weight elimination": (
        lambda: WeightElimination(strength=0.3, scale=0.7),
        lambda w: 0.3 * np.sum(w**2 / (0.7**2 + w**2)),
        ((3, 4), (5,), (2, 2, 3, 4)),
    ),
    "parameter tying": (
        lambda: ParameterTying(OTHER.tolist(), strength=0.2),
        lambda w: 0.2 * np.sum((w - OTHER) ** 2),
        ((3, 4),),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_kit_finds_nothing_wrong(name):
    make, reference, shapes = CASES[name]
    check_regularizer(make, reference=reference, shapes=shapes)
