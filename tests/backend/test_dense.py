import keras
import numpy as np
import pytest

from kerasdl.backend.dense import dense


def test_rows_looked_up_twice_are_summed():
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("only TensorFlow has gradients of this kind")
    gradient = tf.IndexedSlices(tf.constant([[1.0], [2.0], [4.0]]), tf.constant([2, 0, 2]), (3, 1))
    np.testing.assert_array_equal(dense(gradient), [[2.0], [0.0], [5.0]])


def test_what_is_dense_already_is_passed_on():
    tensor = keras.ops.ones((2, 3))
    assert dense(tensor) is tensor
    assert dense(None) is None
