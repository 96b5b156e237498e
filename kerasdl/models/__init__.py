"""The door to architectures: make, list, describe and load models."""

from kerasdl.models.listing import list_models, model_info, parse_fields
from kerasdl.models.loading import load_model, load_plugins, model_origin
from kerasdl.models.making import create_model

__all__ = [
    "create_model",
    "list_models",
    "load_model",
    "load_plugins",
    "model_info",
    "model_origin",
    "parse_fields",
]
