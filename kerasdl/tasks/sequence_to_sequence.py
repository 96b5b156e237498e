"""A text from a text."""

import keras

from kerasdl.data import Data
from kerasdl.tasks.written import WritingTask


class SequenceToSequence(WritingTask):
    """Source tokens and the target's so far in, the next ones out."""

    def entrance(self, data: Data) -> list[keras.KerasTensor]:
        """Rows of source tokens and of target tokens."""
        return [keras.Input((None,), dtype="int32", name=name) for name in ("raw", "previous")]
