"""Tasks: what goes in and out, the loss, the figures, and how a prediction is shown."""

from kerasdl.tasks.autoencoding import Autoencoding
from kerasdl.tasks.captioning import Captioning
from kerasdl.tasks.classification import Classification
from kerasdl.tasks.forecasting import Forecasting
from kerasdl.tasks.language_modelling import LanguageModelling
from kerasdl.tasks.masked_language_modelling import MaskedLanguageModelling
from kerasdl.tasks.multi_label import MultiLabelClassification
from kerasdl.tasks.regression import Regression
from kerasdl.tasks.sequence_labelling import SequenceLabelling
from kerasdl.tasks.sequence_to_sequence import SequenceToSequence
from kerasdl.tasks.task import Evaluation, Task
from kerasdl.tasks.text_classification import TextClassification

__all__ = [
    "Autoencoding",
    "Captioning",
    "Classification",
    "Evaluation",
    "Forecasting",
    "LanguageModelling",
    "MaskedLanguageModelling",
    "MultiLabelClassification",
    "Regression",
    "SequenceLabelling",
    "SequenceToSequence",
    "TASKS",
    "Task",
    "TextClassification",
    "get_task",
]

TASKS: dict[str, type[Task]] = {
    "image-classification": Classification,
    "tabular-classification": Classification,
    "text-classification": TextClassification,
    "multi-label-classification": MultiLabelClassification,
    "tabular-regression": Regression,
    "sequence-labelling": SequenceLabelling,
    "language-modelling": LanguageModelling,
    "masked-language-modelling": MaskedLanguageModelling,
    "sequence-to-sequence": SequenceToSequence,
    "captioning": Captioning,
    "forecasting": Forecasting,
    "autoencoding": Autoencoding,
}


def get_task(name: str) -> Task:
    """The task of that name, kerasdl's own or a plugin's.

    Raises:
        UserError: If there is none.
        PluginError: If a plugin's cannot be made.
    """
    if name in TASKS:
        return TASKS[name]()
    from kerasdl.errors import UserError, did_you_mean
    from kerasdl.plugin import PluginError, host
    from kerasdl.plugin.targets import find_component

    offered = host().catalog.names("task")
    if name.rpartition(":")[2] not in offered:
        raise UserError(f"unknown task {name!r}.{did_you_mean(name, [*TASKS, *offered])}")
    found, made = find_component("task", name)
    try:
        task = made()
    except Exception as error:
        raise PluginError(f"task {found.label!r} cannot be made: {error}") from error
    if not isinstance(task, Task):
        raise PluginError(
            f"task {found.label!r} must be a kerasdl.tasks.Task. Received: {type(task).__name__}"
        )
    return task
