"""Optimizers that Keras lacks, and what can be put around any optimizer.

Each is a `keras.Optimizer` and works in anybody's `compile` and `fit`. Those that train at one
point and mean another follow one protocol, `RestingOptimizer`.
"""

from kerasdl.optimizers.adam import Adam
from kerasdl.optimizers.adaptive_gradient_clipping import AdaptiveGradientClipping
from kerasdl.optimizers.at_rest import RestingOptimizer, resting_optimizers, to_rest, to_training
from kerasdl.optimizers.exponential_moving_average import ExponentialMovingAverage
from kerasdl.optimizers.lookahead import Lookahead
from kerasdl.optimizers.momentum import Momentum
from kerasdl.optimizers.nesterov import Nesterov
from kerasdl.optimizers.parameter_groups import ParameterGroups
from kerasdl.optimizers.recalibrate_normalization import recalibrate_normalization
from kerasdl.optimizers.sam import sam, without_sam
from kerasdl.optimizers.stochastic_weight_averaging import StochasticWeightAveraging

__all__ = [
    "Adam",
    "AdaptiveGradientClipping",
    "ExponentialMovingAverage",
    "Lookahead",
    "Momentum",
    "Nesterov",
    "ParameterGroups",
    "RestingOptimizer",
    "StochasticWeightAveraging",
    "recalibrate_normalization",
    "resting_optimizers",
    "sam",
    "to_rest",
    "to_training",
    "without_sam",
]
