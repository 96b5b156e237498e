"""Ten steps of `fit` from fixed weights, for every component: one process, one backend.

    KERAS_BACKEND=jax python ten_steps.py FILE.npz

The file holds, for each case, the predictions, the trainable weights, and the largest gradient of
each weight at the start.
"""

import importlib.util
import sys
from pathlib import Path

import kerasdl.backend

kerasdl.backend.use()

import keras  # noqa: E402
import numpy as np  # noqa: E402

from kerasdl import create_model, losses, optimizers, regularizers  # noqa: E402
from kerasdl.backend.gradients import value_and_gradients  # noqa: E402
from kerasdl.testing.layer_case import LayerCase, as_model  # noqa: E402
from kerasdl.testing.numerics import is_floating, to_numpy  # noqa: E402

TESTS = Path(__file__).parents[1]
DRAWING = (  # what keras.random draws differs between backends
    "HardImageAttention",
    "StochasticDepth",
    "WeightDrop",
    "NoiseOn",
)
STEPS = 10


def cases_of(file):
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CASES


def random(shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def floats(outputs):
    return [entry for entry in outputs if is_floating(entry)]


def without_dropout(layer):
    config = layer.get_config()
    rates = {k: 0.0 for k, v in config.items() if "drop" in k and isinstance(v, float) and v}
    return type(layer).from_config({**config, **rates}) if rates else layer


def layer_problem(make, inputs, arguments):
    known = {k: v for k, v in arguments.items() if k in ("call_kwargs", "mask")}
    case = LayerCase(lambda: without_dropout(make()), inputs, **known)
    model = as_model(case.new(), case.arguments)
    outputs = floats(model.outputs)
    model = keras.Model(model.inputs, outputs if len(outputs) > 1 else outputs[0])
    x = [np.asarray(array) for array in case.arguments.arrays]
    made = keras.tree.flatten(model(case.arguments.tensors()))
    return model, x, [random(tuple(entry.shape)) for entry in made], "mean_squared_error"


def layers():
    for file in ("test_conformance.py", "test_conformance_heads_and_noise.py"):
        for name, (make, inputs, arguments) in cases_of(TESTS / "layers" / file).items():
            if name.startswith(DRAWING):
                continue
            if not arguments.get("trainable", True) or not arguments.get("differentiable", True):
                continue
            yield f"layer {name}", lambda m=make, i=inputs, a=arguments: layer_problem(m, i, a)


def small(outputs=3):
    inputs = keras.Input((4,))
    x = keras.layers.Dense(6, "tanh", name="hidden")(inputs)
    return keras.Model(inputs, keras.layers.Dense(outputs, name="out")(x))


CLASSES, NUMBERS = np.arange(8) % 3, random((8, 3), seed=3)


def loss_cases():
    ce = {"label_smoothing": 0.1, "class_weights": [1.0, 2.0, 0.5], "z_loss": 1e-2}
    made = {
        "SoftmaxCrossEntropy": (losses.SoftmaxCrossEntropy(**ce), CLASSES),
        "OneVsAllCrossEntropy": (losses.OneVsAllCrossEntropy(), CLASSES),
        "HalfSquaredError": (losses.HalfSquaredError(), NUMBERS),
        "PerceptronLoss": (losses.PerceptronLoss(), np.sign(NUMBERS)),
    }
    for name, (loss, y) in made.items():
        yield f"loss {name}", lambda v=loss, y=y: (small(), [random((8, 4))], [y], v)


def regularizer_cases():
    made = {
        "WeightElimination": regularizers.WeightElimination(0.1, 0.5),
        "ParameterTying": regularizers.ParameterTying(np.full((4, 6), 0.2).tolist(), 0.1),
    }

    def problem(regularizer):
        model = small()
        regularizers.apply_regularizer(model, regularizer, exclude=["out/*"])
        return model, [random((8, 4))], [NUMBERS], "mse"

    for name, regularizer in made.items():
        yield f"regularizer {name}", lambda r=regularizer: problem(r)


def networks():
    image = {"input_shape": (8, 8, 1), "num_classes": 3}
    yield (
        "network mlp",
        lambda: (
            create_model("mlp", input_shape=(4,), num_classes=3, widths=(6, 5)),
            [random((8, 4))],
            [CLASSES],
            losses.SoftmaxCrossEntropy(),
        ),
    )
    yield (
        "network cnn",
        lambda: (
            create_model("cnn", **image, filters=(3, 4), dropout=0.0),
            [random((8, 8, 8, 1))],
            [CLASSES],
            losses.SoftmaxCrossEntropy(),
        ),
    )
    yield (
        "network lenet5",
        lambda: (
            create_model("lenet5", input_shape=(28, 28, 1), num_classes=3),
            [random((8, 28, 28, 1))],
            [CLASSES],
            losses.SoftmaxCrossEntropy(),
        ),
    )


OPTIMIZERS = {
    "Nesterov": lambda: optimizers.Nesterov(0.05),
    "Momentum": lambda: optimizers.Momentum(0.05),
    "Lookahead": lambda: optimizers.Lookahead(keras.optimizers.SGD(0.05), 3),
    "StochasticWeightAveraging": lambda: optimizers.StochasticWeightAveraging(
        keras.optimizers.SGD(0.05), start=2
    ),
    "AdaptiveGradientClipping": lambda: optimizers.AdaptiveGradientClipping(
        keras.optimizers.SGD(0.05)
    ),
    "Adam": lambda: optimizers.Adam(0.01),
    "Adam, AMSGrad": lambda: optimizers.Adam(0.01, amsgrad=True),
}


def first_gradients(model, x, y):
    """The largest entry of each weight's gradient."""
    x, y = keras.tree.map_structure(keras.ops.convert_to_tensor, (x, y))
    _, gradients = value_and_gradients(
        lambda: model.compute_loss(x, y, model(x, training=True)), model.trainable_variables
    )
    return [0.0 if g is None else float(np.abs(to_numpy(g)).max()) for g in gradients]


def train(problem, make_optimizer, sizes=None):
    """Predictions, weights, and the sizes of the first gradients unless they are known."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    model, x, y, loss = problem()
    variables = model.trainable_variables
    for number, variable in enumerate(variables):
        scale = 0.5 / max(1.0, np.sqrt(np.prod(variable.shape[:-1])))
        start = 1.0 if variable.name.endswith("gamma") else 0.0
        variable.assign(start + scale * random(tuple(variable.shape), seed=number))
    model.compile(make_optimizer(), loss if len(y) == 1 else [loss] * len(y))
    x, y = ([np.asarray(a) for a in arrays] for arrays in (x, y))
    x, y = (arrays if len(arrays) > 1 else arrays[0] for arrays in (x, y))
    sizes = sizes or first_gradients(model, x, y)
    model.fit(
        x,
        y,
        batch_size=1000,
        epochs=STEPS,
        shuffle=False,
        verbose=0,
        callbacks=[kerasdl.callbacks.WeightsAtRest()],
    )
    predictions = model.predict_on_batch(x)
    return keras.tree.flatten(predictions), variables, sizes


def main(file):
    found = {}
    problems = [*layers(), *loss_cases(), *regularizer_cases(), *networks()]
    runs = [
        (f"{name} | {rule}", problem, make)
        for name, problem in problems
        for rule, make in (
            ("SGD", lambda: keras.optimizers.SGD(0.05)),
            ("Adam", lambda: keras.optimizers.Adam(0.01)),
        )
    ]
    runs += [
        (f"optimizer | {name}", lambda: (small(), [random((8, 4))], [NUMBERS], "mse"), make)
        for name, make in OPTIMIZERS.items()
    ]
    sizes = {}
    for name, problem, make in runs:
        start = name.partition(" | ")[0]
        predictions, variables, sizes[start] = train(problem, make, sizes.get(start))
        for number, value in enumerate(predictions):
            found[f"{name} | prediction {number}"] = np.asarray(value, "float64")
        for number, (variable, size) in enumerate(zip(variables, sizes[start], strict=True)):
            key = f"{name} | weight {number} {variable.name} "
            found[key + "value"] = to_numpy(variable).astype("float64")
            found[key + "gradient"] = np.array(size)
    np.savez(file, **{key.replace("/", "\\"): value for key, value in found.items()})


if __name__ == "__main__":
    main(sys.argv[1])
