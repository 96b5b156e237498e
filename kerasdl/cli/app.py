"""`kerasdl`: its commands, those of plugins, and what becomes of an error."""

import os
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from kerasdl.cli import (
    backends,
    compress,
    data,
    describe,
    diagnose,
    evaluate,
    generate,
    gradcheck,
    list_,
    look,
    plugins,
    predict,
    reproduce,
    resume,
    runs,
    schedule,
    train,
)
from kerasdl.cli.output import error, note
from kerasdl.errors import UserError
from kerasdl.version import __version__

_NO_PLUGIN = "--no-plugin"
_INTERRUPTED = 130  # 128 + SIGINT
# Newer Typer carries its own copy of click: the base of its usage errors, in either.
_UsageMistake: type[Exception] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)


class _Commands(TyperGroup):
    """Own commands, and those that plugins yield, imported when they are called."""

    _describing = False

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:
        self._describing = True  # help needs a summary, not the code
        super().format_commands(ctx, formatter)

    def list_commands(self, ctx: typer.Context) -> list[str]:
        return [*super().list_commands(ctx), *_plugin_commands()]

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        if cmd_name not in _plugin_commands():
            return None
        if self._describing:
            return TyperCommand(cmd_name, help=_plugin_commands()[cmd_name])
        return _load_command(cmd_name)

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:
        from kerasdl.errors import did_you_mean

        name = args[0] if args else ""
        if name and not name.startswith("-") and self.get_command(ctx, name) is None:
            known = [c for c in self.list_commands(ctx)]
            raise UserError(f"there is no command {name!r}.{did_you_mean(name, known)}")
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_Commands,
    name="kerasdl",
    help="Train, measure and use deep-learning architectures that plugins bring.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("list")(list_.list_architectures)
app.command("describe")(describe.describe)
app.command("backends")(backends.backends)
app.command("train")(train.train)
app.command("resume")(resume.resume)
app.command("evaluate")(evaluate.evaluate)
app.command("predict")(predict.predict)
app.command("generate")(generate.generate)
app.command("look")(look.look)
app.command("compress")(compress.compress)
app.command("schedule")(schedule.schedule)
app.command("diagnose")(diagnose.diagnose)
app.command("gradcheck")(gradcheck.gradcheck)
app.add_typer(data.app, name="data")
app.add_typer(plugins.app, name="plugins")
app.add_typer(reproduce.app, name="reproduce")
app.add_typer(runs.app, name="runs")


def _version(asked: bool) -> None:
    if asked:
        print(f"kerasdl {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    ctx: typer.Context,
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
    ),
    no_plugin: list[str] = typer.Option(
        [], _NO_PLUGIN, metavar="NAME", help="Leave a plugin out, before its code is imported."
    ),
) -> None:
    """Train, measure and use deep-learning architectures that plugins bring."""
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())


def main(arguments: list[str] | None = None) -> None:
    """Runs the program and exits: 0 done, 2 the user's mistake, 1 a failure of the program."""
    warnings.showwarning = _show_warning
    try:
        arguments = _leave_out_plugins(sys.argv[1:] if arguments is None else arguments)
        status = app(args=arguments, prog_name="kerasdl", standalone_mode=False)
        if status == _INTERRUPTED:
            error("interrupted")
    except UserError as mistake:
        error(str(mistake))
        status = 2
    except _UsageMistake as mistake:
        error(mistake.format_message(), hint=_usage(mistake))
        status = 2
    except (typer.Abort, KeyboardInterrupt):
        error("interrupted")
        status = _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 141
    except Exception as failure:  # the log keeps what a person need not read
        error(f"kerasdl failed: {type(failure).__name__}: {failure}. Log: {_log()}")
        status = 1
    sys.exit(status or 0)


def _leave_out_plugins(arguments: list[str]) -> list[str]:
    """Moves every `--no-plugin NAME`, wherever it stands, into the environment."""
    left, names = [], []
    rest = iter(arguments)
    for argument in rest:
        if argument == _NO_PLUGIN:
            names.append(next(rest, "") or _missing(_NO_PLUGIN))
        elif argument.startswith(_NO_PLUGIN + "="):
            names.append(argument.partition("=")[2])
        else:
            left.append(argument)
    if names:
        known = os.environ.get("KERASDL_DISABLE_PLUGINS", "")
        os.environ["KERASDL_DISABLE_PLUGINS"] = ",".join(filter(None, [known, *names]))
    return left


def _missing(option: str) -> str:
    raise UserError(f"`{option}` must be followed by a plugin's name")


def _plugin_commands() -> dict[str, str]:
    from kerasdl.plugin import host

    return {p.record.name: p.record.summary for p in host().catalog.providers("command")}


def _load_command(name: str) -> Any:
    import importlib

    from kerasdl.plugin import Command, PluginError, host

    provider = host().catalog.find("command", name, host().states)
    if not isinstance(provider.record, Command):
        raise TypeError(provider.record)
    module, _, attribute = provider.record.target.partition(":")
    try:
        target = getattr(importlib.import_module(module), attribute)
    except Exception as failure:
        raise PluginError(
            f"command {name!r} of plugin {provider.plugin.describe()} cannot be imported: "
            f"{type(failure).__name__}: {failure}"
        ) from failure
    if not isinstance(target, typer.Typer):
        function, target = target, typer.Typer(add_completion=False, rich_markup_mode=None)
        target.command(name)(function)
    return typer.main.get_command(target)


def _usage(mistake: Any) -> str:
    context = getattr(mistake, "ctx", None)
    return f"See `{context.command_path} --help`." if context is not None else ""


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    from kerasdl.plugin import PluginWarning

    if issubclass(category, PluginWarning | UserWarning) and not issubclass(
        category, DeprecationWarning | ResourceWarning
    ):
        note(f"warning: {message}")


def _log() -> Path:
    """Writes the traceback of the exception being handled, and returns where."""
    import tempfile

    handle, name = tempfile.mkstemp(prefix="kerasdl-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"kerasdl {__version__}\n{sys.argv}\n\n{traceback.format_exc()}")
    return Path(name)
