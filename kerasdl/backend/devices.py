"""The devices that the running backend sees."""

import keras


def devices() -> list[str]:
    """Names of the devices, such as `cpu:0`; on PyTorch, which has no list in Keras, its own."""
    if keras.backend.backend() != "torch":
        return list(keras.distribution.list_devices())
    import torch

    return [f"cuda:{index}" for index in range(torch.cuda.device_count())] + ["cpu"]
