"""How far a run is: a bar on a terminal or in a notebook, plain lines elsewhere."""

import html
import sys
import time
from typing import Any

import keras

_REFRESH = 0.1


class Progress(keras.callbacks.Callback):
    """Steps, loss, metrics and time left; one line an epoch stays.

    Args:
        epochs: Epochs in all.
        steps: Steps an epoch.
    """

    async_safe = True

    def __init__(self, epochs: int, steps: int) -> None:
        super().__init__()
        self.epochs = epochs
        self.steps = steps
        self._live = _live_display(epochs * steps)
        self._epoch = 0
        self._shown = 0.0
        self._warm = 0.0
        self._epoch_started = 0.0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Shows the bar."""
        if self._live is not None:
            self._live.start()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Notes the epoch."""
        self._epoch = epoch
        self._epoch_started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Moves the bar, ten times a second at most."""
        now = time.perf_counter()
        if self._live is None or now - self._shown < _REFRESH:
            return
        self._shown = now
        done = self._epoch * self.steps + batch + 1
        self._live.show(done, f"epoch {self._epoch + 1}/{self.epochs}", _figures(logs))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Prints the epoch's line."""
        now = time.perf_counter()
        first = epoch == 0  # it holds the compilation, so later epochs are judged without it
        if first:
            self._warm = now
        pace = now - self._epoch_started if first else (now - self._warm) / epoch
        left = pace * (self.epochs - epoch - 1)
        width = len(str(self.epochs))
        line = (
            f"epoch {epoch + 1:>{width}}/{self.epochs}  {_figures(logs)}  "
            f"{now - self._epoch_started:.1f} s, {_clock(left)} left"
        )
        if self._live is not None:
            self._live.show((epoch + 1) * self.steps, f"epoch {epoch + 1}/{self.epochs}", "")
            self._live.print(line)
        else:
            print(line, flush=True)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Takes the bar away."""
        self.close()

    def close(self) -> None:
        """Gives the terminal back; also when training was interrupted."""
        if self._live is not None:
            self._live.stop()


def _live_display(total: int) -> "_Bar | _NotebookBar | None":
    from rich.console import Console

    console = Console()
    if console.is_jupyter:
        return _NotebookBar(total)
    if console.is_terminal and sys.stdout.isatty():
        return _Bar(console, total)
    return None


class _Bar:
    """A Rich progress bar."""

    def __init__(self, console: Any, total: int) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("starting", total=total, figures="compiling")
        self.start, self.stop = self._progress.start, self._progress.stop

    def show(self, done: int, description: str, figures: str) -> None:
        self._progress.update(self._task, completed=done, description=description, figures=figures)

    def print(self, line: str) -> None:
        self._progress.console.print(line, highlight=False, soft_wrap=True)


class _NotebookBar:
    """A bar in the output of a cell, by the display that every notebook has."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._handle: Any = None
        self._begun = 0.0

    def start(self) -> None:
        from IPython.display import HTML, display

        self._html = HTML
        self._begun = time.perf_counter()
        self._handle = display(self._drawn(0, "starting", "compiling"), display_id=True)

    def show(self, done: int, description: str, figures: str) -> None:
        self._handle.update(self._drawn(done, description, figures))

    def print(self, line: str) -> None:
        print(line)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.update(self._html(""))

    def _drawn(self, done: int, description: str, figures: str) -> Any:
        left = ""
        if done:
            pace = (time.perf_counter() - self._begun) / done
            left = f"{_clock(pace * (self._total - done))} left"
        text = html.escape("  ".join(filter(None, (description, figures, left))))
        bar = f'<progress value="{done}" max="{self._total}"></progress>'
        return self._html(f"{bar} <code>{text}</code>")


def _figures(logs: dict[str, Any] | None) -> str:
    return "  ".join(
        f"{name} {_short(float(value))}"
        for name, value in (logs or {}).items()
        if name != "learning_rate"
    )


def _short(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:,.0f}"


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}:{seconds:02d}"
