"""Architectures that are built on others: what a record requires, and what its builder may use."""

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from kerasdl.errors import UserError, did_you_mean
from kerasdl.plugin.catalog import Provider
from kerasdl.plugin.manager import PluginError, PluginState, host
from kerasdl.plugin.provenance import origin_difference
from kerasdl.plugin.types import Architecture

_builder: ContextVar[Provider | None] = ContextVar("_builder", default=None)


@contextmanager
def building(provider: Provider) -> Iterator[None]:
    """Within, the architectures that are asked for are parts of this one."""
    token = _builder.set(provider)
    try:
        yield
    finally:
        _builder.reset(token)


def in_a_builder() -> bool:
    """Whether a builder is at work, so that what is made is a part."""
    return _builder.get() is not None


def find_architecture(name: str) -> Provider:
    """The architecture that `name` means: in a builder, one that its record requires.

    Raises:
        UserError: If there is none, or more than one.
        PluginError: If the record of the builder at work does not require it.
    """
    outer = _builder.get()
    if outer is None:
        return host().architecture(name)
    for need in (*requires(outer), f"{outer.plugin.distribution}:{outer.record.name}"):
        distribution = need.partition(":")[0]
        try:
            found = host().architecture(name if ":" in name else f"{distribution}:{name}")
        except UserError:
            continue
        own = found.plugin.distribution == outer.plugin.distribution
        if own or need == f"{found.plugin.distribution}:{found.record.name}":
            return found
    found = host().architecture(name)
    raise PluginError(
        f"the builder of {outer.label} uses {found.label}, which its record does not name: give "
        f"Architecture(..., requires=({f'{found.plugin.distribution}:{found.record.name}'!r},))"
    )


def requires(provider: Provider) -> tuple[str, ...]:
    """What an architecture's record requires, each `distribution:name`."""
    return provider.record.requires if isinstance(provider.record, Architecture) else ()


def demand_required(provider: Provider, above: tuple[str, ...] = ()) -> None:
    """Raises `UserError` with the way out unless all that the architecture requires is there.

    What is required by what it requires counts too.
    """
    for need in requires(provider):
        if missing := lacking(need, provider.plugin):
            raise UserError(f"architecture {provider.label!r} {missing}")
        if need not in above:
            demand_required(host().architecture(need), (*above, need))


def lacking(need: str, by: PluginState) -> str:
    """What is wrong with a required architecture, and the way out; empty if it is there."""
    distribution, _, name = need.partition(":")
    states = [state for state in host().states if state.distribution == distribution]
    what = f"needs {name!r} of {distribution}"
    install = f'pip install "{requirement_of(by, distribution) or distribution}"'
    if not states:
        return f"{what}, which is not installed: {install}"
    offered = [
        known
        for known in host().catalog.providers("architecture")
        if known.plugin.distribution == distribution
    ]
    if any(known.record.name == name for known in offered):
        return ""
    for state in states:
        if state.state == "disabled":
            return f"{what}, which is switched off: {state.reason}"
        if state.state != "loaded":
            upgrade = install.replace("install", "install --upgrade")
            return (
                f"{what}, and plugin {state.describe()} is {state.state}: {state.reason}. "
                f"If another version does: {upgrade}"
            )
    near = did_you_mean(name, [known.record.name for known in offered])
    return f"{what}, but {distribution} {states[0].version} has no such architecture.{near}"


def demand_origin(origin: Mapping[str, Any], who: str, why: str = "") -> PluginState:
    """The plugin that `who`, a model or run, was made with.

    Args:
        origin: What is written of the plugin: distribution, plugin, version, hash.
        who: The beginning of the message.
        why: What it is needed for.

    Raises:
        UserError: If it is not there, or left out.

    Warns:
        UserWarning: If it has another version, or the same one and other files.
    """
    named = f"{origin.get('distribution')} {origin.get('version')}"
    for state in host().states:
        if state.distribution == origin.get("distribution") and state.name == origin.get("plugin"):
            if state.state != "loaded":
                left_out = f"which is {state.state}: {state.reason}"
                raise UserError(f"{who} needs plugin {named}, {left_out}")
            if difference := origin_difference(origin, state):
                warnings.warn(f"{who} {difference}", stacklevel=4)
            return state
    raise UserError(
        f"{who} needs the plugin {named}{f' ({why})' if why else ''}, which is not installed: "
        f'pip install "{origin.get("distribution")}"'
    )


def requirement_of(state: PluginState, distribution: str) -> str:
    """What a plugin's own metadata says of a distribution it needs: `kerasdl-cnn>=0.1`, or ``."""
    found = state.entry.dist if state.entry is not None else None
    for line in (found.requires if found is not None else None) or ():
        required = line.partition(";")[0].strip()
        named = re.match(r"[A-Za-z0-9._-]+", required)
        if named and _canonical(named[0]) == _canonical(distribution):
            return required.replace(" ", "")
    return ""


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
