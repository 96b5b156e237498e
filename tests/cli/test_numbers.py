import pytest

from kerasdl.numbers import short

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0.0000"),
        (0.98328, "0.9833"),
        (-12.345, "-12.35"),
        (123.45, "123.5"),
        (1234.6, "1,235"),
        (12_345_678.0, "1.23e+07"),
        (2e-5, "2e-05"),
        (-2.345e-5, "-2.35e-05"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
    ],
)
def test_a_number_keeps_the_digits_that_say_something(value, shown):
    assert short(value) == shown
