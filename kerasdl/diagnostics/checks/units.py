"""Units that pass no gradient on from the start."""

from kerasdl.callbacks.activation_measurement import activation_measurement
from kerasdl.diagnostics.finding import Finding
from kerasdl.diagnostics.subject import Subject

NAME = "units"
MARGIN = 0.05
DEAD = (0.25, 0.5)
"""Share of a layer's units, for a warning and a problem: a fresh ReLU is on for half of the
samples, and of inputs that are never negative a tenth was measured to be off for a whole batch."""
SATURATED = (0.25, 0.5)
"""Share of a layer's outputs: of tanh at inputs of deviation 1 a fifteenth lies at the ends."""
_ADVICE = (
    "Initial weights for the activation (he_normal for ReLU, glorot_uniform for tanh), biases at "
    "zero, scaled inputs, a normalization layer; or leaky ReLU, GELU."
)


def units(subject: Subject) -> Finding:
    """Whether hidden units are dead (ReLU and its kin) or saturated (sigmoid, tanh) at the start.

    Measured on the first batch, as in training, by the definitions of
    `kerasdl.callbacks.ActivationMonitor`.

    Reference: Glorot & Bengio, 2010, section 3, https://proceedings.mlr.press/v9/glorot10a.html;
    Stanford CS231n, notes "Neural Networks 1", https://cs231n.github.io/neural-networks-1/
    """
    measure = activation_measurement(subject.model, MARGIN, training=True)
    figures, about = measure(subject.first[0])
    rows = [
        (entry.layer, entry.units, *map(float, pair))
        for entry, pair in zip(about, figures, strict=True)
        if not entry.final
    ]
    if not rows:
        return Finding(NAME, "not applicable", "no hidden layer has an activation that can be dead")
    dead = max(rows, key=lambda row: row[2])
    full = max(rows, key=lambda row: row[3])
    said = f"of {len(rows)} activations at most {dead[2]:.0%} dead, {full[3]:.0%} saturated"
    for place, verdict in ((1, "problem"), (0, "warning")):
        found = []
        if dead[2] > DEAD[place]:
            found.append(f"{dead[2]:.0%} of the {dead[1]} units of {dead[0]} are dead")
        if full[3] > SATURATED[place]:
            found.append(f"{full[3]:.0%} of the outputs of {full[0]} are saturated")
        if found:
            return Finding(NAME, verdict, "; ".join(found), _ADVICE)
    return Finding(NAME, "ok", said)
