import keras
import numpy as np
import pytest

from kerasdl.backend.out_of_memory import is_out_of_memory, let_go


def too_much():
    """More than any machine has, asked for in earnest."""
    keras.ops.convert_to_numpy(keras.ops.zeros((10**7, 10**6)))


def test_the_backend_s_own_error_is_recognized():
    with pytest.raises(Exception) as caught:
        too_much()
    assert is_out_of_memory(caught.value)
    let_go()
    assert float(keras.ops.sum(keras.ops.ones((3,)))) == 3.0  # it goes on


def test_so_is_numpy_s_and_one_that_came_from_another():
    with pytest.raises(MemoryError) as caught:
        np.zeros(10**17, "int8")
    assert is_out_of_memory(caught.value)
    wrapped = ValueError("in a layer")
    wrapped.__cause__ = caught.value
    assert is_out_of_memory(wrapped)


@pytest.mark.parametrize("error", [ValueError("out of memory"), KeyboardInterrupt()])
def test_others_are_not(error):
    assert not is_out_of_memory(error)


def test_other_errors_of_the_backend_are_not():
    with pytest.raises(Exception) as caught:
        keras.ops.matmul(keras.ops.ones((2, 3)), keras.ops.ones((2, 3)))
    assert not is_out_of_memory(caught.value)
