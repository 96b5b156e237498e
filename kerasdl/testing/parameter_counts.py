"""Run in a fresh process: trainable parameters of architectures too large to build."""

import math


def main(names: list[str]) -> dict[str, int]:
    """Trainable parameters of each name, at the spec that its record states them for.

    The variables get no values: in a stateless scope Keras notes shapes alone. They would get
    them later on, which is why this is a process of its own.
    """
    import keras

    from kerasdl.models import create_model, model_info

    counts = {}
    for name in names:
        with keras.StatelessScope(initialize_variables=False):
            model = create_model(name, spec=model_info(name).parameters_spec)
            counts[name] = sum(math.prod(entry.shape) for entry in model.trainable_variables)
    return counts
