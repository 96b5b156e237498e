import numpy as np

from kerasdl import create_model


def test_model_has_the_width_and_the_outputs_asked_for():
    model = create_model("one-hidden-layer", input_shape=(4,), num_classes=3, width=8)
    assert model(np.zeros((2, 4), "float32")).shape == (2, 3)
    assert model.count_params() == (4 * 8 + 8) + (8 * 3 + 3)
