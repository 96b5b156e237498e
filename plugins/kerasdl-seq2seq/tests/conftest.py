"""The backend is chosen before a test imports Keras."""

import pytest

import kerasdl.backend

kerasdl.backend.use()


@pytest.fixture
def rng():
    import numpy as np

    return np.random.default_rng(20260102)


@pytest.fixture(autouse=True)
def seeded():
    import keras

    keras.utils.set_random_seed(7)


@pytest.fixture(scope="session")
def small():
    """`small(name, **config)`: a tiny model with weights large enough for distinct logits.

    Models are made once; the values are the same on every backend.
    """
    import functools

    import numpy as np

    from kerasdl import create_model
    from kerasdl.plugin import Spec

    text = Spec(task="sequence-to-sequence", vocab_size=9, target_vocab_size=7)
    image = Spec(task="captioning", input_shape=(6, 5, 2), target_vocab_size=7)

    @functools.cache
    def made(name, **config):
        captions = name.startswith("captioner")
        sizes = {"filters": (4, 5), "pools": 1} if captions else {}
        sizes |= {"units": 6, "embedding": 4}
        model = create_model(name, spec=image if captions else text, **{**sizes, **config})
        draw = np.random.default_rng(3)
        for weight in model.trainable_variables:
            weight.assign(draw.normal(scale=0.7, size=weight.shape).astype("float32"))
        return model

    return made


@pytest.fixture
def sources():
    """Source texts of unequal lengths, and images, three of each."""
    import numpy as np

    text = np.array([[3, 4, 5, 2, 8], [6, 7, 0, 0, 0], [1, 0, 0, 0, 0]], "int32")
    image = np.random.default_rng(5).normal(size=(3, 6, 5, 2)).astype("float32")
    return {"text": text, "image": image}
