"""Prints the command-line reference as Markdown: the help text of every command."""

import os
from collections.abc import Iterator
from typing import Any

WIDTH = 96
INTRODUCTION = """\
# Commands

What `--help` prints, taken from the program when this page was built. Plugins can add commands
([hooks](hooks/index.md)).

Each command exits with status 0 when it is done, 2 when the mistake is in what it was given, and 1
when the program failed; then the message names a log file. Where there is `--json`, the output is
for a program to read. Off a terminal no control codes are printed.
"""


def sections() -> Iterator[str]:
    """One section a command."""
    from typer.main import get_command

    from kerasdl.cli.app import app

    root = get_command(app)
    sizes = {"terminal_width": WIDTH, "max_content_width": WIDTH}
    context = root.context_class(root, info_name="kerasdl", **sizes, **root.context_settings)
    yield _section(context, 2)
    for name, command in sorted(root.commands.items()):
        yield from _walk(command, name, context, 2)


def _walk(command: Any, name: str, parent: Any, level: int) -> Iterator[str]:
    context = command.context_class(command, info_name=name, parent=parent)
    yield _section(context, level)
    for part, inner in sorted(getattr(command, "commands", {}).items()):
        yield from _walk(inner, part, context, level + 1)


def _section(context: Any, level: int) -> str:
    heading = f"{'#' * level} `{context.command_path}`"
    return f"{heading}\n\n```text\n{context.get_help().rstrip()}\n```\n"


if __name__ == "__main__":
    os.environ["KERASDL_PLUGINS"] = ""  # the program's own commands alone
    print("\n".join([INTRODUCTION, *sections()]))
