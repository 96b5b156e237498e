"""Makes the project's docstring labels readable to mkdocstrings."""

import re
from typing import Any

import griffe

_LABELS = re.compile(
    r"^(Shapes|Masking|Mixed precision|Cost|Memory|Layout|Order of the outputs|Epochs|In the middle"
    r"|Differs from|Reference): ",
    re.MULTILINE,
)
_EXAMPLE = re.compile(r"^Example:$", re.MULTILINE)


class Labels(griffe.Extension):
    """Gives each label a paragraph, in bold, and takes `Example:` for a section."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Edits one docstring."""
        if obj.docstring is not None:
            text = _EXAMPLE.sub("Examples:", obj.docstring.value)
            obj.docstring.value = _LABELS.sub(r"\n**\1:** ", text)
