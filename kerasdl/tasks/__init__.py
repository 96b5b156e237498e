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
    """The task of that name.

    Raises:
        UserError: If there is none.
    """
    from kerasdl.errors import UserError, did_you_mean

    if name not in TASKS:
        raise UserError(f"unknown task {name!r}.{did_you_mean(name, TASKS)}")
    return TASKS[name]()
