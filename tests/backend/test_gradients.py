import keras
import numpy as np
import pytest

from kerasdl.backend.gradients import as_pure, compiled, has_float64, value_and_gradients

ops = keras.ops


def array(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_value_and_gradients_when_worked_out_by_hand(jit_compile):
    matrix = keras.Variable([[1.0, 2.0], [3.0, 4.0]])
    shift = keras.Variable([1.0, -1.0])

    def function():
        return ops.sum(ops.square(ops.matmul(matrix, ops.reshape(shift, (2, 1)))))

    value, (of_matrix, of_shift) = value_and_gradients(
        function, [matrix, shift], jit_compile=jit_compile
    )
    # matrix @ shift = (-1, -1); d/dmatrix = 2 r shift^T, d/dshift = 2 matrix^T r
    assert float(value) == 2.0
    np.testing.assert_allclose(array(of_matrix), [[-2.0, 2.0], [-2.0, 2.0]])
    np.testing.assert_allclose(array(of_shift), [-8.0, -12.0])


def test_gradients_when_a_variable_is_not_used():
    used, unused = keras.Variable(2.0), keras.Variable([1.0, 1.0])
    _, (first, second) = value_and_gradients(lambda: used * used, [used, unused])
    assert float(first) == 4.0
    assert second is None or not np.any(array(second))


def test_gradients_when_nothing_is_used():
    unused = keras.Variable([1.0, 1.0])
    value, (gradient,) = value_and_gradients(lambda: ops.convert_to_tensor(3.0), [unused])
    assert float(value) == 3.0
    assert gradient is None or not np.any(array(gradient))


def test_gradient_when_rows_are_looked_up():
    table = keras.Variable(np.zeros((3, 2)))
    rows = ops.convert_to_tensor([2, 0, 2])
    _, (gradient,) = value_and_gradients(lambda: ops.sum(ops.take(table, rows, axis=0)), [table])
    np.testing.assert_array_equal(array(gradient), [[1, 1], [0, 0], [2, 2]])


def test_variables_stay_when_the_function_assigns():
    counter, weight = keras.Variable(0.0, trainable=False), keras.Variable(3.0)

    def function():
        counter.assign(counter + 1.0)
        return weight * counter

    value, _ = value_and_gradients(function, [weight])
    assert float(value) == 3.0
    assert float(counter.value) == 0.0


def test_draws_repeat_when_called_twice():
    layer, x = keras.layers.Dropout(0.5), ops.ones((4, 8))
    scale, roots = keras.Variable(1.0), np.sqrt(np.arange(32.0, dtype="float32")).reshape(4, 8)

    def function():
        return ops.sum(layer(x * scale, training=True) * ops.convert_to_tensor(roots))

    (first, _), (second, _) = (value_and_gradients(function, [scale]) for _ in range(2))
    assert float(first) == float(second)
    assert float(first) != pytest.approx(roots.sum(), rel=1e-4)  # what nothing drawn would give


def test_as_pure_when_given_other_values():
    weight = keras.Variable([1.0, 2.0])
    pure = as_pure(lambda: ops.sum(weight * weight), [weight])
    assert float(pure([ops.convert_to_tensor([3.0, 4.0])])) == 25.0
    np.testing.assert_array_equal(array(weight), [1.0, 2.0])


def test_compiled_gives_the_same():
    weight = keras.Variable([1.0, 2.0])
    pure = as_pure(lambda: [ops.exp(weight), ops.sum(weight)], [weight])
    exponential, total = compiled(pure)([ops.convert_to_tensor([0.0, 1.0])])
    np.testing.assert_allclose(array(exponential), [1.0, np.e], rtol=1e-6)
    assert float(total) == 1.0


def test_has_float64_says_what_an_array_of_floats_is():
    if keras.backend.backend() == "jax":
        jnp = pytest.importorskip("jax.numpy")
        assert has_float64() == (str(jnp.zeros(1).dtype) == "float64")
    else:
        wide = ops.convert_to_tensor(1.0, "float64")
        assert has_float64()
        assert keras.backend.standardize_dtype(wide.dtype) == "float64"
