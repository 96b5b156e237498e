"""Gradients of embeddings as ordinary tensors."""

from typing import Any

import keras


def dense(gradient: Any) -> Any:
    """The gradient with each row that was looked up several times summed into one.

    TensorFlow gives the gradient of an embedding as `IndexedSlices`, in which such a row stands
    several times. What is linear in the gradient can take that; a square or a norm cannot, and
    Keras does not sum the rows before either. Other gradients and backends: nothing to do.
    """
    if keras.backend.backend() != "tensorflow":
        return gradient
    import tensorflow as tf

    return tf.convert_to_tensor(gradient) if isinstance(gradient, tf.IndexedSlices) else gradient
