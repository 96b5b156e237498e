"""The backend: which one is used and why, and the fast routes that name one."""

from kerasdl.backend.choice import BACKENDS, Choice, choose, use

__all__ = ["BACKENDS", "Choice", "choose", "use"]
