"""Every picture, from plain arrays, without a display."""

from kerasdl.plots.confusion import confusion_matrix
from kerasdl.plots.curves import learning_curves
from kerasdl.plots.embedding import embedding
from kerasdl.plots.feature_maps import feature_maps
from kerasdl.plots.filters import filters
from kerasdl.plots.heat_maps import heat_maps
from kerasdl.plots.mistakes import worst_mistakes
from kerasdl.plots.reconstructions import reconstructions
from kerasdl.plots.residuals import residuals

__all__ = [
    "confusion_matrix",
    "embedding",
    "feature_maps",
    "filters",
    "heat_maps",
    "learning_curves",
    "reconstructions",
    "residuals",
    "worst_mistakes",
]
