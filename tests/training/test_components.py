import keras
import pytest

from kerasdl import optimizers, regularizers
from kerasdl.errors import UserError
from kerasdl.training.components import make_component


def test_arguments_are_read_from_the_text():
    made = make_component("optimizer", "nesterov(momentum=0.75, clipnorm=1e-2)", learning_rate=0.5)
    assert isinstance(made, optimizers.Nesterov)
    assert (made.momentum, made.clipnorm) == (0.75, 0.01)
    assert float(keras.ops.convert_to_numpy(made.learning_rate)) == 0.5


def test_regularizers_are_kerass_or_components():
    made = make_component("regularizer", "weight-elimination(strength=2, scale=0.5)")
    assert isinstance(made, regularizers.WeightElimination)
    assert made.get_config() == {"strength": 2, "scale": 0.5}
    assert isinstance(
        make_component("regularizer", "l1_l2(l1=0.1, l2=0.2)"), keras.regularizers.L1L2
    )


@pytest.mark.parametrize(
    "text",
    [
        "sgd(0.9)",
        "sgd(momentum=open('x'))",
        "sgd(momentum=0.9",
        "sgd(**{'momentum': 1})",
        "sgd()()",
        "sgd(momentum=0.9).x",
        "sgd(" + "(" * 5000,
    ],
)
def test_nothing_else_is_read(text):
    with pytest.raises(UserError, match="must be NAME or NAME"):
        make_component("optimizer", text)


def test_values_refused_by_the_class_are_named():
    with pytest.raises(UserError, match="momentum"):
        make_component("optimizer", "sgd(momentum=3)")
