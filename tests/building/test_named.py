import numpy as np
import pytest

from kerasdl import building
from kerasdl.errors import UserError


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("relu", [0.0, 0.0, 2.0]),
        ("tanh", np.tanh([-1.5, 0.0, 2.0])),
        ("hard_sign", [-1.0, 1.0, 1.0]),
        ("hard_threshold", [0.0, 1.0, 1.0]),
    ],
)
def test_name_means_the_function(name, expected, plain):
    given = building.activation(name)(np.array([-1.5, 0.0, 2.0], "float32"))
    np.testing.assert_allclose(plain(given), expected, rtol=1e-6)


def test_initializers_are_fresh_each_time():
    first, second = (building.initializer("he_normal") for _ in range(2))
    assert first is not second


@pytest.mark.parametrize(
    ("make", "kind"), [(building.activation, "activation"), (building.initializer, "initializer")]
)
def test_wrong_name_is_one_message_with_the_nearest(make, kind):
    wrong = {"activation": "rellu", "initializer": "he_norml"}[kind]
    with pytest.raises(UserError, match=f"`field` must be the name of a Keras {kind}") as error:
        make(wrong, "field")
    assert f"field={wrong!r}" in str(error.value) and "Did you mean" in str(error.value)
