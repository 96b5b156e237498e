"""Every picture, from plain arrays, without a display."""

from kerasdl.plots.confusion import confusion_matrix
from kerasdl.plots.curves import learning_curves
from kerasdl.plots.mistakes import worst_mistakes
from kerasdl.plots.residuals import residuals

__all__ = ["confusion_matrix", "learning_curves", "residuals", "worst_mistakes"]
