"""Every picture, from plain arrays, without a display."""

from kerasdl.plots.attention import attention
from kerasdl.plots.compared import compared_curves
from kerasdl.plots.confusion import confusion_matrix
from kerasdl.plots.curves import learning_curves
from kerasdl.plots.embedding import embedding
from kerasdl.plots.feature_maps import feature_maps
from kerasdl.plots.filters import filters
from kerasdl.plots.forecasts import forecasts
from kerasdl.plots.heads import heads
from kerasdl.plots.heat_maps import heat_maps
from kerasdl.plots.learning_rate_range import learning_rate_range
from kerasdl.plots.looked_at import looked_at
from kerasdl.plots.mistakes import barely_right, worst_mistakes
from kerasdl.plots.reconstructions import reconstructions
from kerasdl.plots.residuals import residuals

__all__ = [
    "attention",
    "barely_right",
    "compared_curves",
    "confusion_matrix",
    "embedding",
    "feature_maps",
    "filters",
    "forecasts",
    "heads",
    "heat_maps",
    "learning_curves",
    "learning_rate_range",
    "looked_at",
    "reconstructions",
    "residuals",
    "worst_mistakes",
]
