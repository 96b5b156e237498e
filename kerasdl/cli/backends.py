"""`kerasdl backends`."""

import typer

from kerasdl.cli import declarations as opt
from kerasdl.cli import output


def backends(
    use: str = typer.Option("", "--use", metavar="NAME", help="Save this backend as your default."),
    json: opt.Json = False,
) -> None:
    """Show each backend: installed or not, version, devices, and which one is used and why."""
    from kerasdl.backend import choose
    from kerasdl.backend.report import report
    from kerasdl.errors import UserError
    from kerasdl.settings import write_setting

    if use:
        choose(use)
        path = write_setting("backend", value=use)
        print(f"{use} is the default from now on ({path})")
        return
    rows = report()
    try:
        choice = choose()
        used, reason = choice.name, choice.reason
    except UserError as none:
        used, reason = "", str(none)
    if json:
        output.as_json({"used": used, "reason": reason, "backends": rows})
        return
    output.table(rows)
    print(f"used: {used} ({reason})" if used else reason)
