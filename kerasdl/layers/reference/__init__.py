"""The attentions as plain NumPy on one example, to be read beside the papers.

Tests hold the layers equal to these, and these equal to nothing but the formulas.
"""

from kerasdl.layers.reference.additive_attention import additive_attention
from kerasdl.layers.reference.image_attention import (
    coverage_loss,
    hard_image_attention,
    reinforce_gradient,
    soft_image_attention,
)
from kerasdl.layers.reference.luong_attention import luong_attention
from kerasdl.layers.reference.multi_head_attention import (
    alibi_slope,
    multi_head_attention,
    rotate,
    sinusoidal_positions,
)
from kerasdl.layers.reference.softmax import softmax

__all__ = [
    "additive_attention",
    "alibi_slope",
    "coverage_loss",
    "hard_image_attention",
    "luong_attention",
    "multi_head_attention",
    "reinforce_gradient",
    "rotate",
    "sinusoidal_positions",
    "soft_image_attention",
    "softmax",
]
