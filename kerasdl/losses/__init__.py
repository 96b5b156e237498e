"""Losses for plain `compile`, each equal to its formula on every backend."""

from kerasdl.losses.gaussian_nll import GaussianNLL
from kerasdl.losses.half_squared_error import HalfSquaredError
from kerasdl.losses.one_vs_all_cross_entropy import OneVsAllCrossEntropy
from kerasdl.losses.perceptron_loss import PerceptronLoss
from kerasdl.losses.sequence_loss import SequenceLoss
from kerasdl.losses.softmax_cross_entropy import SoftmaxCrossEntropy
from kerasdl.losses.standardized import StandardizedLoss
from kerasdl.losses.token_loss import TokenLoss

__all__ = [
    "GaussianNLL",
    "HalfSquaredError",
    "OneVsAllCrossEntropy",
    "PerceptronLoss",
    "SequenceLoss",
    "SoftmaxCrossEntropy",
    "StandardizedLoss",
    "TokenLoss",
]
