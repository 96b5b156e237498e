"""Recognizes that a device or the host has run out of memory."""

import gc
import sys
from collections.abc import Iterator

_SAID = ("RESOURCE_EXHAUSTED", "out of memory", "can't allocate memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception, or one that it came from, says that memory has run out.

    JAX raises `JaxRuntimeError` that says `RESOURCE_EXHAUSTED`, TensorFlow `ResourceExhaustedError`
    (compiled by XLA also others that say so), PyTorch `OutOfMemoryError`, its CPU allocator a
    `RuntimeError`, Python and NumPy `MemoryError`. A backend that was not imported raised nothing.
    """
    return any(_says_so(each) for each in _with_causes(error))


def let_go() -> None:
    """Gives back what a step that failed has left behind, as far as the backend does."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def _says_so(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None and isinstance(error, tensorflow.errors.ResourceExhaustedError):
        return True
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(error, torch.OutOfMemoryError):
        return True
    return isinstance(error, _speaking()) and any(
        words.lower() in str(error).lower() for words in _SAID
    )


def _speaking() -> tuple[type[BaseException], ...]:
    """Errors that say in words alone what they are."""
    kinds: list[type[BaseException]] = []
    jax, tensorflow = sys.modules.get("jax"), sys.modules.get("tensorflow")
    if jax is not None:
        kinds.append(jax.errors.JaxRuntimeError)
    if tensorflow is not None:
        kinds.append(tensorflow.errors.OpError)
    if "torch" in sys.modules:
        kinds.append(RuntimeError)
    return tuple(kinds)


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
