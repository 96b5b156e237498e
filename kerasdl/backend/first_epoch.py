"""Where a `fit` that has begun starts to count epochs."""

import keras


def set_first_epoch(model: keras.Model, epoch: int | None) -> None:
    """Makes a `fit` that calls its `on_train_begin` start at an epoch; None: where it was told to.

    The attribute is the one that `keras.callbacks.BackupAndRestore` sets, which leaves it behind
    for later fits; Keras has no public name for it (3.15).
    """
    model._initial_epoch = epoch
