"""All checks of a plugin, one after another."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from kerasdl.errors import UserError, did_you_mean
from kerasdl.plugin import Architecture, PluginState, host
from kerasdl.plugin.types import Card, Command, Component, Dataset
from kerasdl.testing.architecture import ARCHITECTURE_CHECKS
from kerasdl.testing.checks import selected
from kerasdl.testing.plugin_checks.architectures import check_architecture_record
from kerasdl.testing.plugin_checks.components import check_component
from kerasdl.testing.plugin_checks.others import check_card, check_command, check_dataset
from kerasdl.testing.plugin_checks.result import Result, result

_KINDS: dict[type, Callable[[Any], Iterator[Result]]] = {
    Component: check_component,
    Dataset: check_dataset,
    Command: check_command,
    Card: check_card,
}


def check_plugin(name: str, only: Collection[str] = ()) -> Iterator[Result]:
    """Checks every record of an installed plugin, and says of each check what became of it.

    Args:
        name: Of the plugin (its entry point) or of its distribution.
        only: Names of the only checks of architectures; other records are left out then.

    Raises:
        UserError: If no such plugin is installed, or no check has such a name.

    Example:
        >>> next(check_plugin("example")).check
        'loads'
    """
    selected(ARCHITECTURE_CHECKS, only=only)  # an unknown name is an error
    for state in _found(name):
        yield result(state.name, "loads", lambda state=state: _demand_loaded(state))
        for record in state.records:
            if isinstance(record, Architecture):
                yield from check_architecture_record(record, only)
            elif not only:
                yield from _KINDS[type(record)](record)


def _found(name: str) -> list[PluginState]:
    states = host().states
    found = [state for state in states if name in (state.name, state.distribution)]
    if not found:
        known = sorted({state.name for state in states} | {s.distribution for s in states})
        raise UserError(
            f"no plugin {name!r} is installed.{did_you_mean(name, known)} "
            "`kerasdl plugins list` shows those that are"
        )
    return found


def _demand_loaded(state: PluginState) -> None:
    if state.state != "loaded":
        raise AssertionError(f"the plugin is {state.state}: {state.reason}")
