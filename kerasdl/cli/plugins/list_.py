"""`kerasdl plugins list`."""

import os
from typing import Any

import typer

from kerasdl.cli import output


def list_plugins(
    json: bool = typer.Option(
        False, "--json", help="Print JSON: with paths, addresses and hashes of the files."
    ),
    traceback: bool = typer.Option(False, "--traceback", help="Print what a broken plugin raised."),
) -> None:
    """List plugins: where from, state, hooks, load time, and why one is left out."""
    import warnings

    from kerasdl.plugin import PluginWarning, host
    from kerasdl.plugin.provenance import home, source

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PluginWarning)  # the table says the same
        states = host().states
    if json:
        extra = [{"traceback": state.traceback} if traceback else {} for state in states]
        rows = [_row(state) | source(state) for state in states]
        output.as_json([row | more for row, more in zip(rows, extra, strict=True)])
        return
    shown = [
        _row(state) | {"from": _short(home(state)), "ms": f"{state.load_ms:.1f}"}
        for state in states
    ]
    output.table(shown, "no plugin is installed")
    if traceback:
        for state in states:
            if state.traceback:
                print(f"\n{state.describe()}\n{state.traceback}")


def _row(state: Any) -> dict[str, Any]:
    return {
        "plugin": state.name,
        "distribution": state.distribution,
        "version": state.version,
        "from": "",
        "state": state.state,
        "hooks": [hook.removeprefix("kerasdl_") for hook in state.hooks],
        "ms": round(state.load_ms, 1),
        "reason": state.reason,
    }


def _short(path: str) -> str:
    """`~/plugin` for a folder below the user's own."""
    mine = os.path.expanduser("~")
    return f"~{path[len(mine) :]}" if path.startswith(mine.rstrip(os.sep) + os.sep) else path
