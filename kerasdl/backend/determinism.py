"""The same bits from the same seed, on one machine with one set of versions."""

import os


def ask_for_determinism() -> None:
    """What must stand in the environment before a backend is imported."""
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_gpu_deterministic_ops" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def enable_determinism() -> None:
    """Has the backend use repeatable kernels alone, slower ones where need be.

    JAX on a CPU is so anyhow, on a GPU by `ask_for_determinism`. TensorFlow and PyTorch raise where
    an operation has no such kernel.
    """
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif backend == "torch":
        import torch

        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.benchmark = False
