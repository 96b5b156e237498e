"""Looking inside a network: what a layer gives, and what a prediction rests on."""

from kerasdl.inside.attention import attention_weights
from kerasdl.inside.filters import first_filters
from kerasdl.inside.grad_cam import grad_cam
from kerasdl.inside.inner import inner_layers, inner_model
from kerasdl.inside.maps import feature_maps, map_layers

__all__ = [
    "attention_weights",
    "feature_maps",
    "first_filters",
    "grad_cam",
    "inner_layers",
    "inner_model",
    "map_layers",
]
