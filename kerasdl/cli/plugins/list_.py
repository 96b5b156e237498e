"""`kerasdl plugins list`."""

import typer

from kerasdl.cli import output


def list_plugins(
    json: bool = typer.Option(False, "--json", help="Print JSON."),
    traceback: bool = typer.Option(False, "--traceback", help="Print what a broken plugin raised."),
) -> None:
    """List plugins: state, hooks, load time, and why a broken one is left out."""
    import warnings

    from kerasdl.plugin import PluginWarning, host

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PluginWarning)  # the table says the same
        states = host().states
    rows = [
        {
            "plugin": state.name,
            "distribution": state.distribution,
            "version": state.version,
            "state": state.state,
            "hooks": [hook.removeprefix("kerasdl_") for hook in state.hooks],
            "ms": round(state.load_ms, 1),
            "reason": state.reason,
        }
        for state in states
    ]
    if json:
        full = zip(rows, states, strict=True)
        output.as_json(
            [{**row, "traceback": state.traceback} for row, state in full] if traceback else rows
        )
        return
    shown = [{**row, "ms": f"{row['ms']:.1f}"} for row in rows]
    output.table(shown, "no plugin is installed")
    if traceback:
        for state in states:
            if state.traceback:
                print(f"\n{state.describe()}\n{state.traceback}")
