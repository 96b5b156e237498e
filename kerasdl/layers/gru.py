"""The gated recurrent unit."""

import keras

from kerasdl.layers._recurrent import Recurrent


@keras.saving.register_keras_serializable(package="kerasdl")
class GRU(Recurrent):
    """The gated recurrent unit over right-padded sequences, in one direction or two.

    `z = sigmoid(x[t] W_z + b_z + h[t-1] R_z + d_z)`, `r` likewise,
    `n = tanh(x[t] W_n + b_n + r (h[t-1] R_n + d_n))`, `h[t] = z h[t-1] + (1 - z) n`.

    Shapes: `B` batch, `T` time steps, `D` features, `U` units. Input `(B, T, D)`; `lengths` `(B,)`.
    Output `(B, U)`, that of the last real step, or `(B, T, U)` with `return_sequences`; `2 U` where
    two directions are concatenated. States `h`, each `(B, U)`, those of the
    forward direction first.

    Masking: `lengths` say how many steps are real, from the left; outputs at the others are 0, and
    states do not move there. The backward direction starts at each sequence's last real step. A
    sequence of length 0 keeps its initial states. An implicit mask of the input is read too, and
    may have holes, but takes Keras's own loop: prefer lengths.
    Cost: `6 T U (D + U)` a sequence and direction. Fused kernels with lengths: cuDNN on PyTorch and
    TensorFlow, and PyTorch's own on the CPU; JAX has none, there Keras's loop runs.

    Args:
        units: `U`.
        bidirectional: Whether a second set of weights reads the sequence from its end.
        merge_mode: `"concat"`, `"sum"`, `"ave"` or `"mul"` of the two directions.
        return_sequences: Whether to return the outputs of all steps.
        return_state: Whether to return the final states after the output.
        dropout: Share of the input's features set to 0 in training, the same at every step.
        kernel_initializer: Of `W`.
        recurrent_initializer: Of `R`.
        bias_initializer: Of `b`.
        kernel_regularizer: Of `W`.
        recurrent_regularizer: Of `R`.
        bias_regularizer: Of `b`.
        seed: Of the dropout.

    Call arguments:
        inputs, lengths: As above.
        initial_state: `h`, twice as many in both directions; None for zeros.
        mask: `(B, T)` booleans, False at steps to skip.

    Raises:
        UserError: If an argument is outside its range, or a shape does not fit.

    Differs from: `keras.layers.GRU`, whose mask turns fused kernels off on JAX and PyTorch, and
        which has two directions only in a wrapper. Activations are fixed, as the kernels ask.
        Weights are the same and in the same order, as in `Bidirectional(GRU(...))`.

    Example:
        >>> layer = GRU(4, bidirectional=True)
        >>> layer(keras.ops.ones((2, 5, 3)), lengths=keras.ops.array([5, 2])).shape
        (2, 8)

    Reference: Cho et al., 2014, https://arxiv.org/abs/1406.1078; the reset gate
        after the product, as cuDNN has it
    """

    _keras_layer = keras.layers.GRU
    _states = 1
