"""Run in a fresh process, under another backend: what a saved model predicts there."""


def main(model: str, arrays: str, outputs: str) -> list[str]:
    """Loads a model, predicts for the arrays of an `.npz` file, and writes another one.

    Args:
        model: `.keras` file.
        arrays: `.npz` file with the inputs, named by their place.
        outputs: `.npz` file to write.

    Returns:
        Names of the outputs written.
    """
    import numpy as np

    from kerasdl.models import load_model
    from kerasdl.testing.architecture_case import call
    from kerasdl.testing.layer_case import flat
    from kerasdl.testing.numerics import to_numpy

    with np.load(arrays) as file:
        inputs = [file[name] for name in sorted(file.files, key=int)]
    made = flat(call(load_model(model, compile=False), inputs))
    np.savez(outputs, **{str(place): to_numpy(output) for place, output in enumerate(made)})
    return [str(place) for place in range(len(made))]
