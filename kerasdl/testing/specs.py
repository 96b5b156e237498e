"""A small spec of each task, with which architectures are checked that name none themselves."""

from kerasdl.errors import UserError, did_you_mean
from kerasdl.plugin import Spec

SHORT_FORMS = ("task", "input_shape", "num_classes", "vocab_size", "context", "outputs")
"""Arguments of `create_model` that stand for a spec."""

_IMAGE = (16, 16, 3)
_SIZES = {
    "image-classification": {"input_shape": _IMAGE, "outputs": 3},
    "tabular-classification": {"input_shape": (12,), "outputs": 3},
    "multi-label-classification": {"input_shape": (12,), "outputs": 3},
    "tabular-regression": {"input_shape": (12,), "outputs": 2},
    "text-classification": {"vocab_size": 11, "context": 8, "outputs": 3},
    "sequence-labelling": {"vocab_size": 11, "context": 8, "outputs": 4},
    "language-modelling": {"vocab_size": 11, "context": 8},
    "masked-language-modelling": {"vocab_size": 11, "context": 8},
    "sequence-to-sequence": {
        "vocab_size": 11,
        "context": 8,
        "target_vocab_size": 9,
        "target_context": 8,
    },
    "captioning": {"input_shape": _IMAGE, "target_vocab_size": 9, "target_context": 8},
    "forecasting": {"input_shape": (30, 2), "horizon": 3, "outputs": 2},
    "autoencoding": {"input_shape": (16, 16, 1)},
}


def small_spec(task: str) -> Spec:
    """The spec of a task at sizes that are quick to check.

    Raises:
        UserError: If kerasdl knows no such task: then the caller has to give a spec.
    """
    if task not in _SIZES:
        raise UserError(
            f"no small spec is known for the task {task!r}.{did_you_mean(task, _SIZES)} "
            "Give one: spec=Spec(task=..., ...)"
        )
    return Spec(task=task, **_SIZES[task])
