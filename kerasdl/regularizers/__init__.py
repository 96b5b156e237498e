"""Penalties on weights, and what goes with the elimination of weights."""

from kerasdl.regularizers.apply_regularizer import apply_regularizer
from kerasdl.regularizers.elimination_constraint import EliminationConstraint
from kerasdl.regularizers.elimination_report import (
    KernelReport,
    effective_number_of_weights,
    elimination_report,
)
from kerasdl.regularizers.parameter_tying import ParameterTying
from kerasdl.regularizers.weight_elimination import WeightElimination

__all__ = [
    "EliminationConstraint",
    "KernelReport",
    "ParameterTying",
    "WeightElimination",
    "apply_regularizer",
    "effective_number_of_weights",
    "elimination_report",
]
