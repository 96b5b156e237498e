"""What a run remembers of its data: enough to read inputs and show predictions without it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerasdl.data.inputs import Inputs
from kerasdl.data.text_form import TextForm


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The form of a data set, without its samples.

    Args:
        task: Name of the task.
        inputs: How an input looks and is read.
        labels: Names of the classes or of the targets.
        target: How targets that are texts become tokens.
    """

    task: str
    inputs: Inputs
    labels: tuple[str, ...] = ()
    target: TextForm | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        state = {
            "task": self.task,
            "labels": list(self.labels),
            "inputs": self.inputs.to_dict(),
        }
        return state if self.target is None else {**state, "target": self.target.to_dict()}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> "Form":
        """The form that `to_dict` was called on."""
        target = state.get("target")
        return cls(
            task=state["task"],
            inputs=Inputs.from_dict(state["inputs"]),
            labels=tuple(state["labels"]),
            target=None if target is None else TextForm.from_dict(target),
        )
