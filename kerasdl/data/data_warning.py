"""The warning of this room."""


class DataWarning(UserWarning):
    """Something was done to the data that its owner should know: a column left out, a fallback."""
