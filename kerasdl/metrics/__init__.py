"""What a prediction is worth: figures from plain arrays, through scikit-learn."""

from kerasdl.metrics.calibration import expected_calibration_error
from kerasdl.metrics.classification import classification_metrics, per_class_table
from kerasdl.metrics.forecasting import forecasting_metrics
from kerasdl.metrics.multi_label import multi_label_metrics
from kerasdl.metrics.regression import regression_metrics
from kerasdl.metrics.text import span_metrics, token_metrics, translation_metrics
from kerasdl.metrics.token_accuracy import TokenAccuracy

__all__ = [
    "TokenAccuracy",
    "classification_metrics",
    "expected_calibration_error",
    "forecasting_metrics",
    "multi_label_metrics",
    "per_class_table",
    "regression_metrics",
    "span_metrics",
    "token_metrics",
    "translation_metrics",
]
