"""`kerasdl plugins`."""

import typer

from kerasdl.cli.plugins.check import check
from kerasdl.cli.plugins.list_ import list_plugins
from kerasdl.cli.plugins.lock import lock
from kerasdl.cli.plugins.new import new
from kerasdl.cli.plugins.prefer import prefer

app = typer.Typer(
    help="Installed plugins: what became of each.", no_args_is_help=True, rich_markup_mode=None
)
app.command("list")(list_plugins)
app.command("new")(new)
app.command("check")(check)
app.command("lock")(lock)
app.command("prefer")(prefer)


@app.callback()
def _plugins() -> None:
    """Installed plugins: what became of each."""
