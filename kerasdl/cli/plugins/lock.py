"""`kerasdl plugins lock`."""

from pathlib import Path
from typing import Any

import typer

from kerasdl.cli import output


def lock(
    file: Path = typer.Option(
        None,
        "--file",
        metavar="PATH",
        help="The list; by default the one in force, else kerasdl-plugins.lock.toml here.",
    ),
    check: bool = typer.Option(
        False, "--check", help="Only compare: status 1 if anything differs."
    ),
    enforce: bool = typer.Option(
        False, "--enforce", help="Also put the list in force for you, by your settings."
    ),
    release: bool = typer.Option(
        False, "--release", help="Only take back `--enforce`; writes no list."
    ),
) -> None:
    """Write the list of plugins that may be imported, with hashes of their files.

    No plugin is imported for it. Where a list is in force, a plugin that is not on it or has
    changed since is left out before its code runs. KERASDL_PLUGINS_LOCK=PATH puts one in force.
    """
    from kerasdl.errors import UserError
    from kerasdl.plugin.lock import FILE, SETTING, lock_path
    from kerasdl.settings import remove_setting, write_setting

    if check + enforce + release > 1:
        raise UserError("give one of `--check`, `--enforce` and `--release`")
    if release:
        print(f"no list is in force by your settings ({remove_setting(SETTING)})")
        return
    path = Path.cwd() / file if file is not None else lock_path() or Path.cwd() / FILE
    if check:
        _check(path)
        return
    _write(path)
    if enforce:
        print(f"in force from now on ({write_setting(SETTING, value=str(path))})")
    elif path != lock_path():
        output.note(f"not in force: set KERASDL_PLUGINS_LOCK={path}, or give --enforce")


def _check(path: Path) -> None:
    from kerasdl.plugin.lock import read_lock

    states, missing = _found()
    lines = [*read_lock(path).differences(states), *missing]
    if lines:
        print("\n".join(lines))
        raise typer.Exit(1)
    print(f"{len(states)} plugins are as {path} says")


def _write(path: Path) -> None:
    from kerasdl.errors import UserError
    from kerasdl.plugin.lock import Lock, read_lock, write_lock

    states, missing = _found()
    try:
        before = read_lock(path)
    except UserError:
        before = Lock(path, {})
    changes = before.differences(states)
    write_lock(path, states)
    print("\n".join([*(changes if before.plugins else ()), f"{len(states)} plugins in {path}"]))
    for line in missing:
        output.note(f"warning: left out: {line}")


def _found() -> tuple[list[Any], list[str]]:
    """Plugins that can be listed, and a line for each whose files cannot be found."""
    from kerasdl.plugin.manager import installed
    from kerasdl.plugin.provenance import plugin_hash

    states = [state for state in installed() if state.state != "disabled"]
    missing = [state for state in states if not plugin_hash(state)]
    lines = [f"{state.describe()}: its files cannot be found or read" for state in missing]
    return [state for state in states if plugin_hash(state)], lines
