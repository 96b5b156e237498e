"""Training on a few labels only."""

import numpy as np

from kerasdl.data.records import SINGLE_LABEL_TASKS, Data
from kerasdl.data.sample_order import order
from kerasdl.errors import UserError


def few_labels(data: Data, per_class: int, seed: int) -> Data:
    """A copy of `data` with `per_class` training samples of each class, drawn by `seed`.

    The other parts stay whole. Which samples are kept is a pure function of the seed, and fewer per
    class are a subset of more.

    Raises:
        UserError: If the task has no classes, or a class has fewer samples.
    """
    if data.task not in SINGLE_LABEL_TASKS:
        raise UserError(f"`labels_per_class` is for tasks with classes. Received: {data.task}")
    labels = data.train.y
    shuffled = order(seed, 0, len(labels))
    kept = []
    for label in range(data.outputs):
        own = shuffled[labels[shuffled] == label]
        if len(own) < per_class:
            name = data.classes[label] if data.classes else label
            raise UserError(
                f"`labels_per_class` must be at most {len(own)}, the training samples of class "
                f"{name!r} of {data.name!r}. Received: labels_per_class={per_class}"
            )
        kept.append(own[:per_class])
    return data.replace(train=data.train.take(np.sort(np.concatenate(kept))))
