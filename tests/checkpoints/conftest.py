import ml_dtypes
import numpy as np
import pytest

from kerasdl.checkpoints import Snapshot


@pytest.fixture
def snapshot():
    arrays = {
        "model/00000": np.arange(12, dtype="float32").reshape(3, 4).T,  # not contiguous
        "model/00001": np.array([1.5, -2.25], ml_dtypes.bfloat16),
        "optimizer/00000": np.array(7, "int32"),
        "metrics/00000": np.array([True, False]),
        "empty": np.zeros((0, 3), "float64"),
    }
    return Snapshot(arrays, {"step": 7, "best": None, "names": ["a", "ü"]})
