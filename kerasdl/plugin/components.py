"""The core's own components, in the records that a plugin would yield."""

from kerasdl.plugin.types import Component

_LOSSES = {
    "gaussian-nll": ("GaussianNLL", "Normal likelihood with a predicted mean and variance"),
    "half-squared-error": ("HalfSquaredError", "Half the squared distance, summed over outputs"),
    "one-vs-all-cross-entropy": ("OneVsAllCrossEntropy", "A logistic term for each class, summed"),
    "perceptron-loss": ("PerceptronLoss", "How far mistakes lie on the wrong side"),
    "sequence-loss": ("SequenceLoss", "Any loss of steps, over the real steps of padded sequences"),
    "softmax-cross-entropy": (
        "SoftmaxCrossEntropy",
        "Integer labels: smoothing, ignored label, class weights, z-loss",
    ),
}
_OPTIMIZERS = {
    "adam": ("Adam", "Adam as published: bias correction, epsilon outside the root"),
    "adaptive-gradient-clipping": (
        "AdaptiveGradientClipping",
        "Clips each gradient by the size of its weights, around any optimizer",
    ),
    "exponential-moving-average": (
        "ExponentialMovingAverage",
        "A mean of the latest weights that any optimizer visits",
    ),
    "lookahead": ("Lookahead", "Slow weights that follow any optimizer's fast ones"),
    "momentum": ("Momentum", "The heavy ball"),
    "nesterov": ("Nesterov", "Gradient at the look-ahead point; weights at rest are the true ones"),
    "stochastic-weight-averaging": (
        "StochasticWeightAveraging",
        "The mean of the weights that any optimizer visits",
    ),
}
_REGULARIZERS = {
    "parameter-tying": ("ParameterTying", "Distance from reference weights"),
    "weight-elimination": ("WeightElimination", "Quadratic for small weights, flat for large ones"),
}

_LAYERS = {
    "additive-attention": (
        "AdditiveAttention",
        "Attention over an encoder's states, scored by a small network (Bahdanau)",
    ),
    "attention-decoder": (
        "AttentionDecoder",
        "Recurrent decoder that looks at an encoder's states, with input feeding",
    ),
    "attention-decoder-cell": ("AttentionDecoderCell", "One step of that decoder"),
    "basic-block": ("BasicBlock", "Two 3x3 convolutions and a shortcut: ResNet-18 and -34's block"),
    "bottleneck-block": (
        "BottleneckBlock",
        "1x1, 3x3 and 1x1 convolutions and a shortcut: ResNet-50's block",
    ),
    "character-encoder": ("CharacterEncoder", "A vector for each word, read from its characters"),
    "chunked-cross-entropy": (
        "ChunkedCrossEntropy",
        "Last layer of a language model that never holds all logits in training",
    ),
    "cutout": ("Cutout", "Leaves a square out of each image in training"),
    "dense-block": (
        "DenseBlock",
        "Convolutions that each see the outputs of all before them (DenseNet)",
    ),
    "dense-transition": (
        "DenseTransition",
        "Fewer channels and a smaller grid between two dense blocks",
    ),
    "feed-forward": (
        "FeedForward",
        "Two dense layers with an activation between, at every position",
    ),
    "gated-feed-forward": ("GatedFeedForward", "Feed-forward network with gates: SwiGLU, GeGLU"),
    "gaussian-head": ("GaussianHead", "Means and variances of a Gaussian for each output"),
    "gru": ("GRU", "Gated recurrent unit, fused kernel under right-padding"),
    "hard-image-attention": ("HardImageAttention", "One region of an image, drawn by a query"),
    "layer-scale": ("LayerScale", "A trained factor for each feature that starts near 0"),
    "learned-positions": ("LearnedPositions", "A trained vector for each position"),
    "lstm": ("LSTM", "Long short-term memory, fused kernel under right-padding"),
    "luong-attention": (
        "LuongAttention",
        "Attention over an encoder's states, scored by products (Luong)",
    ),
    "multi-head-attention": (
        "MultiHeadAttention",
        "Self-attention: grouped queries, rotary or ALiBi, window, cache",
    ),
    "multi-head-cross-attention": (
        "MultiHeadCrossAttention",
        "Attention from one sequence to another's states",
    ),
    "noise-on-gradients": ("NoiseOnGradients", "Noise on the gradients of a layer's weights"),
    "noise-on-inputs": ("NoiseOnInputs", "Gaussian noise on what passes through"),
    "noise-on-targets": ("NoiseOnTargets", "Noise on targets: numbers, or labels flipped"),
    "noise-on-weights": ("NoiseOnWeights", "Noise on a layer's weights"),
    "perceptron": ("Perceptron", "Hard threshold units, trained by the perceptron rule"),
    "pre-activation-block": (
        "PreActivationBlock",
        "Residual block with norm and activation before each convolution",
    ),
    "pre-activation-bottleneck-block": (
        "PreActivationBottleneckBlock",
        "The same with a bottleneck",
    ),
    "random-shift": ("RandomShift", "Moves images by a few pixels in training"),
    "reinforce-surrogate": (
        "ReinforceSurrogate",
        "Adds the loss whose gradient is REINFORCE's, with a moving baseline",
    ),
    "residual-mlp-block": ("ResidualMLPBlock", "Two dense layers around which the input passes"),
    "resnext-block": ("ResNeXtBlock", "Bottleneck whose 3x3 convolution is split into many paths"),
    "rotary-positions": (
        "RotaryPositions",
        "Rotates features by an angle that grows with the position (RoPE)",
    ),
    "sinusoidal-positions": ("SinusoidalPositions", "Fixed sines and cosines of the position"),
    "soft-image-attention": (
        "SoftImageAttention",
        "Mean of an image's regions, weighted by a query",
    ),
    "squeeze-excitation": ("SqueezeExcitation", "A gate for each channel from the means of all"),
    "stochastic-depth": ("StochasticDepth", "Leaves a residual branch out for some examples"),
    "tied-dense": ("TiedDense", "A dense layer whose kernel serves in both directions"),
    "transformer-decoder-block": (
        "TransformerDecoderBlock",
        "Causal self-attention, cross-attention, feed-forward network",
    ),
    "transformer-encoder-block": (
        "TransformerEncoderBlock",
        "Self-attention and a feed-forward network",
    ),
    "weight-drop": ("WeightDrop", "Drops single weights of a layer in training (DropConnect)"),
    "weight-normalization": (
        "WeightNormalization",
        "A layer's weights as length and direction, trained apart",
    ),
}
_CALLBACKS = {
    "activation-monitor": (
        "ActivationMonitor",
        "Dead units and saturated outputs of every activation",
    ),
    "gradient-monitor": (
        "GradientMonitor",
        "Gradients and updates of every layer; warns when they vanish or explode",
    ),
    "loss-guard": ("LossGuard", "Acts on a loss that is NaN, infinite or shoots up"),
    "plateau-scale": ("PlateauScale", "Scales any schedule when a figure has stopped improving"),
    "tensorboard-logs": ("TensorBoardLogs", "Files that TensorBoard shows, without TensorFlow"),
    "throughput": ("Throughput", "Examples or tokens per second, and what they wait for"),
    "training-guard": (
        "TrainingGuard",
        "Names the first NaN or infinity; stops, skips or rolls back",
    ),
    "weight-histograms": ("WeightHistograms", "Values of every variable in bins"),
    "weights-at-rest": (
        "WeightsAtRest",
        "Validation and saving see the weights that the optimizer means",
    ),
}
_SCHEDULES = {
    "cosine": ("Cosine", "Half a cosine wave down"),
    "exponential": ("Exponential", "A steady fall by a factor in every so many steps"),
    "hold": ("Hold", "The same rate"),
    "inverse-square-root": ("InverseSquareRoot", "One over the root of the steps"),
    "linear": ("Linear", "A straight line down"),
    "one-cycle": ("OneCycle", "One wave up and down"),
    "step": ("Step", "A multiplication after every so many steps"),
    "warmup": ("Warmup", "A straight rise"),
    "warmup-stable-decay": ("WarmupStableDecay", "Up, level, down"),
}


def _records(kind: str, package: str, table: dict[str, tuple[str, str]]) -> list[Component]:
    return [
        Component(kind=kind, name=name, target=f"kerasdl.{package}:{target}", summary=summary)
        for name, (target, summary) in table.items()
    ]


COMPONENTS: tuple[Component, ...] = (
    *_records("loss", "losses", _LOSSES),
    *_records("optimizer", "optimizers", _OPTIMIZERS),
    *_records("regularizer", "regularizers", _REGULARIZERS),
    *_records("layer", "layers", _LAYERS),
    *_records("callback", "callbacks", _CALLBACKS),
    *_records("schedule", "schedules", _SCHEDULES),
)
