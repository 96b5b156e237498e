"""Random numbers that belong to the process, not to a model: Python's, NumPy's, PyTorch's.

JAX and TensorFlow have none here: what layers draw there comes from their own seeds.
"""

import random
from typing import Any

import keras
import numpy as np


def random_state() -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays by name, and plain values."""
    version, words, gauss = random.getstate()
    kind, keys, place, has_gauss, cached = np.random.get_state()
    arrays = {"python": np.array(words, np.uint64), "numpy": np.array(keys)}
    if keras.backend.backend() == "torch":
        import torch

        arrays["torch"] = torch.get_rng_state().numpy().copy()
        for number in range(torch.cuda.device_count()):
            arrays[f"torch-cuda-{number}"] = torch.cuda.get_rng_state(number).numpy().copy()
    about = {"python": [version, gauss], "numpy": [kind, int(place), int(has_gauss), float(cached)]}
    return arrays, about


def restore_random_state(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    """Goes on from what `random_state` took; what this backend has not is left out."""
    version, gauss = about["python"]
    random.setstate((version, tuple(int(word) for word in arrays["python"]), gauss))
    kind, place, has_gauss, cached = about["numpy"]
    np.random.set_state((kind, arrays["numpy"], place, has_gauss, cached))
    if keras.backend.backend() == "torch" and "torch" in arrays:
        import torch

        torch.set_rng_state(torch.from_numpy(arrays["torch"]))
        for number in range(torch.cuda.device_count()):
            if (state := arrays.get(f"torch-cuda-{number}")) is not None:
                torch.cuda.set_rng_state(torch.from_numpy(state), number)


def base_seed() -> int | None:
    """What `begin_epoch` derives seeds from; None where there is no state of the process."""
    if keras.backend.backend() != "torch":
        return None
    import torch

    return torch.initial_seed()


def begin_epoch(seed: int | None, epoch: int) -> None:
    """Makes PyTorch's draws in an epoch depend on a seed and the epoch alone.

    Each iterator over data draws too, and how many Keras makes before an epoch differs between a
    training that goes on and one that was never broken off.
    """
    if seed is None or keras.backend.backend() != "torch":
        return
    import torch

    torch.manual_seed(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0].item())
