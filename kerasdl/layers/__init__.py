"""Layers that work in any Keras model, on JAX, TensorFlow and PyTorch.

Each class's docstring is its contract: formula, shapes, masking, cost, and how it differs from its
nearest relative in Keras. Plain NumPy forms of the attentions stand in `kerasdl.layers.reference`.
"""

from kerasdl.layers.additive_attention import AdditiveAttention
from kerasdl.layers.alibi import alibi_bias, alibi_slopes
from kerasdl.layers.attention_decoder import AttentionDecoder
from kerasdl.layers.attention_decoder_cell import AttentionDecoderCell
from kerasdl.layers.basic_block import BasicBlock
from kerasdl.layers.bottleneck_block import BottleneckBlock
from kerasdl.layers.character_encoder import CharacterEncoder
from kerasdl.layers.chunked_cross_entropy import ChunkedCrossEntropy
from kerasdl.layers.cutout import Cutout
from kerasdl.layers.dense_block import DenseBlock
from kerasdl.layers.dense_transition import DenseTransition
from kerasdl.layers.feed_forward import FeedForward
from kerasdl.layers.gated_feed_forward import GatedFeedForward
from kerasdl.layers.gaussian_head import GaussianHead
from kerasdl.layers.gru import GRU
from kerasdl.layers.hard_image_attention import HardImageAttention
from kerasdl.layers.hard_threshold import hard_sign, hard_threshold
from kerasdl.layers.layer_scale import LayerScale
from kerasdl.layers.learned_positions import LearnedPositions
from kerasdl.layers.lstm import LSTM
from kerasdl.layers.luong_attention import LuongAttention
from kerasdl.layers.multi_head_attention import MultiHeadAttention
from kerasdl.layers.multi_head_cross_attention import MultiHeadCrossAttention
from kerasdl.layers.noise_on_gradients import NoiseOnGradients
from kerasdl.layers.noise_on_inputs import NoiseOnInputs
from kerasdl.layers.noise_on_targets import NoiseOnTargets
from kerasdl.layers.noise_on_weights import NoiseOnWeights
from kerasdl.layers.origin import Origin
from kerasdl.layers.perceptron import Perceptron
from kerasdl.layers.pre_activation_block import PreActivationBlock
from kerasdl.layers.pre_activation_bottleneck_block import PreActivationBottleneckBlock
from kerasdl.layers.random_shift import RandomShift
from kerasdl.layers.reinforce_surrogate import ReinforceSurrogate
from kerasdl.layers.residual_mlp_block import ResidualMLPBlock
from kerasdl.layers.resnext_block import ResNeXtBlock
from kerasdl.layers.rotary_positions import RotaryPositions
from kerasdl.layers.sinusoidal_positions import SinusoidalPositions
from kerasdl.layers.soft_image_attention import SoftImageAttention
from kerasdl.layers.squeeze_excitation import SqueezeExcitation
from kerasdl.layers.stochastic_depth import StochasticDepth
from kerasdl.layers.tied_dense import TiedDense
from kerasdl.layers.transformer_decoder_block import TransformerDecoderBlock
from kerasdl.layers.transformer_encoder_block import TransformerEncoderBlock
from kerasdl.layers.weight_drop import WeightDrop
from kerasdl.layers.weight_normalization import WeightNormalization

__all__ = [
    "GRU",
    "LSTM",
    "AdditiveAttention",
    "AttentionDecoder",
    "AttentionDecoderCell",
    "BasicBlock",
    "BottleneckBlock",
    "CharacterEncoder",
    "ChunkedCrossEntropy",
    "Cutout",
    "DenseBlock",
    "DenseTransition",
    "FeedForward",
    "GatedFeedForward",
    "GaussianHead",
    "HardImageAttention",
    "LayerScale",
    "LearnedPositions",
    "LuongAttention",
    "MultiHeadAttention",
    "MultiHeadCrossAttention",
    "NoiseOnGradients",
    "NoiseOnInputs",
    "NoiseOnTargets",
    "NoiseOnWeights",
    "Origin",
    "Perceptron",
    "PreActivationBlock",
    "PreActivationBottleneckBlock",
    "RandomShift",
    "ReinforceSurrogate",
    "ResNeXtBlock",
    "ResidualMLPBlock",
    "RotaryPositions",
    "SinusoidalPositions",
    "SoftImageAttention",
    "SqueezeExcitation",
    "StochasticDepth",
    "TiedDense",
    "TransformerDecoderBlock",
    "TransformerEncoderBlock",
    "WeightDrop",
    "WeightNormalization",
    "alibi_bias",
    "alibi_slopes",
    "hard_sign",
    "hard_threshold",
]
