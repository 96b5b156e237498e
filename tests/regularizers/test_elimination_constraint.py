import keras
import numpy as np
import pytest

from kerasdl.errors import UserError
from kerasdl.regularizers import EliminationConstraint


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_small_weights_become_zero_and_others_stay(dtype, plain):
    w = keras.ops.convert_to_tensor([[0.25, -0.25, 0.5], [-0.5, 0.0, 4.0]], dtype=dtype)
    result = EliminationConstraint(0.25)(w)
    assert keras.backend.standardize_dtype(result.dtype) == dtype
    assert plain(result).astype("float32").tolist() == [[0.0, 0.0, 0.5], [-0.5, 0.0, 4.0]]


def test_bad_numbers_stay_visible(plain):
    result = plain(EliminationConstraint(0.1)(np.array([np.nan, np.inf, 0.05], "float32")))
    assert np.isnan(result[0])
    assert np.isinf(result[1])
    assert result[2] == 0


def test_zero_threshold_changes_nothing(rng, plain):
    w = rng.normal(size=(3, 2)).astype("float32")
    assert np.array_equal(plain(EliminationConstraint(0)(w)), w)


def test_every_step_of_training_ends_with_zeros(reloaded):
    constraint = EliminationConstraint(0.1)
    layer = keras.layers.Dense(2, use_bias=False, kernel_constraint=constraint, name="d")
    model = keras.Sequential([keras.Input((3,)), layer])
    layer.kernel.assign([[0.12, 1.0], [0.05, -1.0], [-0.5, 0.09]])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    model.train_on_batch(np.ones((1, 3), "float32"), np.ones((1, 2), "float32"))
    np.testing.assert_allclose(layer.get_weights()[0], [[0.12, 1.0], [0, -1.0], [-0.5, 0]])
    assert reloaded(model).get_layer("d").kernel_constraint.get_config() == {"threshold": 0.1}


@pytest.mark.parametrize("threshold", [-0.1, float("nan"), float("inf"), "small"])
def test_threshold_is_refused_when_wrong(threshold):
    with pytest.raises(UserError, match=f"`threshold` must be .*Received: threshold={threshold!r}"):
        EliminationConstraint(threshold)
