"""Tasks: what goes in and out, the loss, the figures, and how a prediction is shown."""

from kerasdl.tasks.autoencoding import Autoencoding
from kerasdl.tasks.classification import Classification
from kerasdl.tasks.multi_label import MultiLabelClassification
from kerasdl.tasks.regression import Regression
from kerasdl.tasks.task import Evaluation, Task

__all__ = [
    "Autoencoding",
    "Classification",
    "Evaluation",
    "MultiLabelClassification",
    "Regression",
    "TASKS",
    "Task",
    "get_task",
]

TASKS: dict[str, type[Task]] = {
    "image-classification": Classification,
    "tabular-classification": Classification,
    "text-classification": Classification,
    "multi-label-classification": MultiLabelClassification,
    "tabular-regression": Regression,
    "autoencoding": Autoencoding,
}


def get_task(name: str) -> Task:
    """The task of that name.

    Raises:
        UserError: If there is none.
    """
    from kerasdl.errors import UserError, did_you_mean

    if name not in TASKS:
        raise UserError(f"unknown task {name!r}.{did_you_mean(name, TASKS)}")
    return TASKS[name]()
