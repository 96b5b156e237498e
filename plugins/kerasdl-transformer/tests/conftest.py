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


@pytest.fixture
def predict():
    """`predict(model, *arrays)`: outputs as an array, by one program."""
    import keras

    from kerasdl.backend.compiled import Compiled

    def run(model, *arrays):
        tensors = [keras.ops.convert_to_tensor(array) for array in arrays]
        program = Compiled(
            lambda *given: model(list(given) if len(given) > 1 else given[0]), model.variables
        )
        return keras.ops.convert_to_numpy(program(*tensors))

    return run


@pytest.fixture
def filled(rng):
    """`filled(model)`: the model with weights that leave nothing at a default."""

    def fill(model, scale=0.3):
        for variable in model.trainable_variables:
            scales = variable.name in ("gamma", "scale")
            value = rng.normal(size=variable.shape, loc=float(scales), scale=scale)
            variable.assign(value.astype("float32"))
        return model

    return fill


@pytest.fixture
def arrays():
    """`arrays(model)`: trainable weights by path."""
    import keras

    return lambda model: {
        variable.path: keras.ops.convert_to_numpy(variable)
        for variable in model.trainable_variables
    }


@pytest.fixture
def fill_block():
    """`fill_block(block, weights, path)`: moves our weights to a PyTorch transformer's block."""
    torch = pytest.importorskip("torch")

    def dense(theirs, weights, path):
        theirs.weight.copy_(torch.tensor(weights.pop(f"{path}/kernel")).T)
        theirs.bias.copy_(torch.tensor(weights.pop(f"{path}/bias")))

    def attention(theirs, weights, path, parts):
        taken = [
            [torch.tensor(weights.pop(f"{path}/{part}/{name}")) for part in parts]
            for name in ("kernel", "bias")
        ]
        theirs.in_proj_weight.copy_(torch.cat(taken[0], dim=1).T)
        theirs.in_proj_bias.copy_(torch.cat(taken[1]))
        dense(theirs.out_proj, weights, f"{path}/output")

    def norm(theirs, weights, path):
        theirs.weight.copy_(torch.tensor(weights.pop(f"{path}/gamma")))
        theirs.bias.copy_(torch.tensor(weights.pop(f"{path}/beta")))

    def block(theirs, weights, path):
        attention(theirs.self_attn, weights, f"{path}/attention", ["query_key_value"])
        branches = ["attention", "feed_forward"]
        if hasattr(theirs, "multihead_attn"):
            crossed = f"{path}/cross_attention"
            attention(theirs.multihead_attn, weights, crossed, ["query", "key_value"])
            branches.insert(1, "cross")
        dense(theirs.linear1, weights, f"{path}/feed_forward/expand")
        dense(theirs.linear2, weights, f"{path}/feed_forward/contract")
        for number, branch in enumerate(branches, 1):
            norm(getattr(theirs, f"norm{number}"), weights, f"{path}/{branch}_norm")

    block.dense, block.norm = dense, norm
    with torch.no_grad():
        yield block
