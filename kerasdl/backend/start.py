"""Loads Keras with the backend chosen, without the lines that native libraries print meanwhile."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

from kerasdl.backend.choice import Choice, use
from kerasdl.backend.determinism import ask_for_determinism, enable_determinism


def start(requested: str | None = None, deterministic: bool = False) -> Choice:
    """Decides as `choose` and imports Keras. For programs; a library leaves this to its user.

    With `deterministic` the backend's kernels are repeatable ones from here on; on a GPU JAX heeds
    that only if nothing in the process has imported it before.
    """
    if deterministic:
        ask_for_determinism()
    choice = use(requested)
    with quiet():
        import keras

        if deterministic:
            enable_determinism()
        keras.ops.zeros(())  # the first operation makes the backend look for devices
    return choice


def start_in_float64(requested: str | None = None) -> Choice:
    """As `start`, with JAX able to compute in float64; the other backends always are.

    It must be the first in the process to import JAX, which reads its setting then.
    """
    os.environ.setdefault("JAX_ENABLE_X64", "1")
    return start(requested)


def seed(value: int) -> None:
    """Seeds Python, NumPy and the backend. Imports TensorFlow, where installed, as Keras does."""
    import keras

    with quiet():
        keras.utils.set_random_seed(value)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Holds back what is written to the process's standard error; shows it if an error follows."""
    try:
        kept = os.dup(2)
    except OSError:
        yield
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
