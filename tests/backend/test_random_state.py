import random

import keras
import numpy as np
import pytest

from kerasdl.backend.random_state import (
    base_seed,
    begin_epoch,
    random_state,
    restore_random_state,
)


def draws():
    found = [random.random(), random.gauss(0, 1), np.random.normal(), np.random.rand()]
    if keras.backend.backend() == "torch":
        import torch

        found.append(torch.rand(()).item())
    return found


def test_draws_go_on_where_they_were():
    draws()
    arrays, about = random_state()
    expected = draws()
    assert draws() != expected
    restore_random_state(arrays, about)
    assert draws() == expected


@pytest.mark.skipif("keras.backend.backend() != 'torch'", reason="PyTorch has a state of its own")
def test_an_epoch_s_draws_depend_on_seed_and_epoch_alone():
    import torch

    def drawn(seed, epoch):
        begin_epoch(seed, epoch)
        return torch.rand(3).tolist()

    torch.manual_seed(11)
    assert base_seed() == 11
    first = drawn(11, 3)
    torch.rand(5)
    assert drawn(11, 3) == first
    assert drawn(11, 4) != first
    assert drawn(12, 3) != first


def test_other_backends_have_none():
    if keras.backend.backend() != "torch":
        assert base_seed() is None
        begin_epoch(None, 3)
