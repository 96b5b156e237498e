"""Run in a fresh process, under another backend: what a saved model gives by way of ONNX."""


def main(model: str, arrays: str, outputs: str, open_sizes: bool) -> list[str]:
    """Exports a model, runs it in onnxruntime on the arrays of an `.npz` file, writes another one.

    Args:
        model: `.keras` file.
        arrays: `.npz` file with the inputs, named by their place.
        outputs: `.npz` file to write; the exported model stands beside it.
        open_sizes: Whether the export is for batches and texts of any size, or of the arrays'.

    Returns:
        Names of the outputs written.
    """
    import keras
    import numpy as np
    import onnxruntime

    from kerasdl.models import load_model
    from kerasdl.testing.architecture_case import call

    with np.load(arrays) as file:
        inputs = [file[name] for name in sorted(file.files, key=int)]
    loaded = load_model(model, compile=False)
    call(loaded, inputs)  # Keras exports what has been called
    signature = None
    if not open_sizes:
        specs = [
            keras.InputSpec(shape=array.shape, dtype=str(array.dtype), name=symbol.name)
            for array, symbol in zip(inputs, loaded.inputs, strict=True)
        ]
        signature = [keras.tree.pack_sequence_as(loaded.input, specs)]
    exported = f"{outputs}.onnx"
    loaded.export(exported, format="onnx", verbose=False, input_signature=signature)
    session = onnxruntime.InferenceSession(exported)
    names = [entry.name for entry in session.get_inputs()]
    made = session.run(None, dict(zip(names, inputs, strict=True)))
    np.savez(outputs, **{str(place): output for place, output in enumerate(made)})
    return [str(place) for place in range(len(made))]
