"""What Ctrl-C and a system that wants its machine back do to a training."""

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType


class Asked:
    """The signal that asked to leave; 0 for none."""

    number = 0


@contextlib.contextmanager
def leaving(leave: Callable[[], None]) -> Iterator[Asked]:
    """Calls `leave` at the first SIGINT or SIGTERM; a second one ends at once.

    In another thread than the main one signals are left as they are.
    """
    asked = Asked()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def handle(number: int, _frame: FrameType | None) -> None:
        if asked.number:
            raise KeyboardInterrupt
        asked.number = number
        print("\nsaving a checkpoint, then leaving; once more leaves at once", file=sys.stderr)
        leave()

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, handle)
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
