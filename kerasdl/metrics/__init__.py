"""What a prediction is worth: figures from plain arrays, through scikit-learn."""

from kerasdl.metrics.calibration import expected_calibration_error
from kerasdl.metrics.classification import classification_metrics, per_class_table
from kerasdl.metrics.multi_label import multi_label_metrics
from kerasdl.metrics.regression import regression_metrics

__all__ = [
    "classification_metrics",
    "expected_calibration_error",
    "multi_label_metrics",
    "per_class_table",
    "regression_metrics",
]
