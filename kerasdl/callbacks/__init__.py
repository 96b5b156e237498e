"""Callbacks for anybody's `fit`: what training does, what it waits for, and what to do about it.

None makes a step wait: what happens at batches is `async_safe`, and results of a step are read
when they are there.
"""

from kerasdl.callbacks._histograms import Histogram
from kerasdl.callbacks._peaks import PEAKS, Peak
from kerasdl.callbacks.activation_monitor import ActivationFigures, ActivationMonitor
from kerasdl.callbacks.gradient_monitor import GradientMonitor, LayerNorms
from kerasdl.callbacks.loss_guard import LossEvent, LossGuard
from kerasdl.callbacks.plateau_scale import PlateauScale
from kerasdl.callbacks.resumable_checkpoint import ResumableCheckpoint
from kerasdl.callbacks.tensor_board_logs import TensorBoardLogs
from kerasdl.callbacks.throughput import Throughput, ThroughputFigures
from kerasdl.callbacks.training_guard import BadStep, TrainingGuard
from kerasdl.callbacks.weight_histograms import WeightHistograms
from kerasdl.callbacks.weights_at_rest import WeightsAtRest

__all__ = [
    "PEAKS",
    "ActivationFigures",
    "ActivationMonitor",
    "BadStep",
    "GradientMonitor",
    "Histogram",
    "LayerNorms",
    "LossEvent",
    "LossGuard",
    "Peak",
    "PlateauScale",
    "ResumableCheckpoint",
    "TensorBoardLogs",
    "Throughput",
    "ThroughputFigures",
    "TrainingGuard",
    "WeightHistograms",
    "WeightsAtRest",
]
