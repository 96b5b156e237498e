import keras
import numpy as np
import pytest

from kerasdl.schedules import schedule_values


@pytest.fixture
def rates():
    """The values of a schedule at each step of a range."""

    def of(schedule, steps):
        # One size for all: each new one is compiled.
        return schedule_values(schedule, np.arange(400))[:steps]

    return of


@pytest.fixture
def same():
    """Asserts equality up to the rounding of float32 (relative to the largest rate)."""

    def check(found, expected):
        expected = np.asarray(expected, "float64")
        np.testing.assert_allclose(found, expected, rtol=2e-6, atol=3e-7 * np.abs(expected).max())

    return check


@pytest.fixture
def revived():
    """A schedule through its config as JSON."""
    import json

    def copy(schedule):
        config = json.loads(json.dumps(keras.saving.serialize_keras_object(schedule)))
        return keras.saving.deserialize_keras_object(config)

    return copy
