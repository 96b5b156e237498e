"""What only another process can tell: an import, another backend, a model too large to keep."""

import atexit
import json
import os
import subprocess
import sys
import tempfile
from typing import Any

_MARK = "kerasdl-result:"
_LOOP = f"""
import importlib, json, sys, traceback
for line in sys.stdin:
    module, arguments = json.loads(line)
    try:
        answer = ["made", importlib.import_module(module).main(*arguments)]
    except BaseException as error:
        answer = ["raised", f"{{type(error).__name__}}: {{error}}"]
    print("{_MARK}" + json.dumps(answer), flush=True)
"""


class Elsewhere:
    """A Python process that runs the `main` of modules, one after another.

    Args:
        backend: Keras's backend there; this process's if not given.
    """

    def __init__(self, backend: str | None = None) -> None:
        environment = dict(os.environ)
        if backend is not None:
            environment["KERAS_BACKEND"] = backend
        self._said = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LOOP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            env=environment,
        )
        self._input: Any = self._process.stdin
        self._output: Any = self._process.stdout

    def run(self, module: str, *arguments: Any) -> Any:
        """What `module`'s `main(*arguments)` returns there, through JSON.

        Raises:
            AssertionError: If it raises, or the process ends.
        """
        try:
            self._input.write(json.dumps([module, arguments]) + "\n")
            self._input.flush()
        except BrokenPipeError:
            raise self._ended() from None
        for line in self._output:
            if line.startswith(_MARK):
                how, answer = json.loads(line.removeprefix(_MARK))
                if how == "raised":
                    raise AssertionError(f"in another process: {answer}")
                return answer
        raise self._ended()

    @property
    def ended(self) -> bool:
        """Whether the process is no more."""
        return self._process.poll() is not None

    def _ended(self) -> AssertionError:
        self._said.seek(0)
        last = " / ".join(self._said.read().strip().splitlines()[-3:])
        return AssertionError(f"another process ended with {self._process.wait()}: {last}")

    def close(self) -> None:
        """Ends the process."""
        self._input.close()
        self._process.wait()
        self._output.close()
        self._said.close()

    def __enter__(self) -> "Elsewhere":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_kept: dict[str, Elsewhere] = {}


def on_backend(name: str) -> Elsewhere:
    """The one process under a backend that lasts as long as this one; a new one if it has died."""
    if name not in _kept or _kept[name].ended:
        _kept[name] = Elsewhere(name)
        atexit.register(_kept[name].close)
    return _kept[name]
