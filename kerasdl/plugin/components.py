"""The core's own components, in the records that a plugin would yield."""

from kerasdl.plugin.types import Component

_LOSSES = {
    "gaussian-nll": ("GaussianNLL", "Normal likelihood with a predicted mean and variance"),
    "half-squared-error": ("HalfSquaredError", "Half the squared distance, summed over outputs"),
    "one-vs-all-cross-entropy": ("OneVsAllCrossEntropy", "A logistic term for each class, summed"),
    "perceptron-loss": ("PerceptronLoss", "How far mistakes lie on the wrong side"),
    "sequence-loss": ("SequenceLoss", "Any loss of steps, over the real steps of padded sequences"),
    "softmax-cross-entropy": (
        "SoftmaxCrossEntropy",
        "Integer labels: smoothing, ignored label, class weights, z-loss",
    ),
}
_OPTIMIZERS = {
    "adam": ("Adam", "Adam as published: bias correction, epsilon outside the root"),
    "adaptive-gradient-clipping": (
        "AdaptiveGradientClipping",
        "Clips each gradient by the size of its weights, around any optimizer",
    ),
    "lookahead": ("Lookahead", "Slow weights that follow any optimizer's fast ones"),
    "momentum": ("Momentum", "The heavy ball"),
    "nesterov": ("Nesterov", "Gradient at the look-ahead point; weights at rest are the true ones"),
    "stochastic-weight-averaging": (
        "StochasticWeightAveraging",
        "The mean of the weights that any optimizer visits",
    ),
}
_REGULARIZERS = {
    "parameter-tying": ("ParameterTying", "Distance from reference weights"),
    "weight-elimination": ("WeightElimination", "Quadratic for small weights, flat for large ones"),
}


def _records(kind: str, package: str, table: dict[str, tuple[str, str]]) -> list[Component]:
    return [
        Component(kind=kind, name=name, target=f"kerasdl.{package}:{target}", summary=summary)
        for name, (target, summary) in table.items()
    ]


COMPONENTS: tuple[Component, ...] = (
    *_records("loss", "losses", _LOSSES),
    *_records("optimizer", "optimizers", _OPTIMIZERS),
    *_records("regularizer", "regularizers", _REGULARIZERS),
)
