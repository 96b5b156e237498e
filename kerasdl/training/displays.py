"""Where progress is shown: a bar on a terminal or in a notebook."""

import html
import sys
from typing import Any


def live_display(total: int) -> "Bar | NotebookBar | None":
    """What moves, where something can: None for a file or a pipe."""
    from rich.console import Console

    console = Console()
    if console.is_jupyter:
        return NotebookBar(total)
    if console.is_terminal and sys.stdout.isatty():
        return Bar(console, total)
    return None


class Bar:
    """A Rich progress bar; what does not fit into the line is cut at its end.

    Args:
        console: Of the terminal.
        total: Steps in all.
    """

    def __init__(self, console: Any, total: int) -> None:
        from rich.progress import BarColumn, Progress, TextColumn
        from rich.table import Column

        cut = Column(no_wrap=True, overflow="ellipsis", ratio=1)
        self._progress = Progress(
            TextColumn("{task.description}", table_column=Column(no_wrap=True)),
            BarColumn(bar_width=20),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[details]}", table_column=cut, markup=False),
            console=console,
            transient=True,
            expand=True,
        )
        self._task = self._progress.add_task("starting", total=total, details="compiling")
        self.start, self.stop = self._progress.start, self._progress.stop

    def show(self, done: int, description: str, details: list[str]) -> None:
        """Moves the bar."""
        self._progress.update(
            self._task, completed=done, description=description, details="  ".join(details)
        )

    def print(self, line: str) -> None:
        """A line that stays, above the bar."""
        self._progress.console.print(line, highlight=False, markup=False, soft_wrap=True)


class NotebookBar:
    """A bar in the output of a cell, by the display that every notebook has.

    Args:
        total: Steps in all.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._handle: Any = None

    def start(self) -> None:
        """Shows it."""
        from IPython.display import HTML, display

        self._html = HTML
        self._handle = display(self._drawn(0, ["starting", "compiling"]), display_id=True)

    def show(self, done: int, description: str, details: list[str]) -> None:
        """Moves the bar."""
        self._handle.update(self._drawn(done, [description, *details]))

    def print(self, line: str) -> None:
        """A line that stays, below the bar."""
        print(line)

    def stop(self) -> None:
        """Takes it away."""
        if self._handle is not None:
            self._handle.update(self._html(""))

    def _drawn(self, done: int, words: list[str]) -> Any:
        text = html.escape("  ".join(words))
        bar = f'<progress value="{done}" max="{self._total}"></progress>'
        return self._html(f"{bar} <code>{text}</code>")
