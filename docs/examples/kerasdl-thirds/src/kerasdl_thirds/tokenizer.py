"""A text cut into pieces of equal length."""

from kerasdl.data import PieceTokenizer


class Thirds(PieceTokenizer):
    """Pieces of `size` characters; the last of a text may be shorter."""

    def __init__(self, size: int = 3):
        self.size = size

    def cut(self, text):
        return [text[i : i + self.size] for i in range(0, len(text), self.size)]

    def get_config(self):
        return {"size": self.size}
