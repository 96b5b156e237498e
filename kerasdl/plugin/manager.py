"""Finds plugins, loads each by itself, and keeps what each yields."""

import os
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any, Literal

import pluggy

from kerasdl.errors import UserError, closest
from kerasdl.plugin import hookspecs
from kerasdl.plugin.builtin import DATASETS
from kerasdl.plugin.catalog import Catalog, Provider
from kerasdl.plugin.components import COMPONENTS
from kerasdl.plugin.lock import Lock, lock_in_force
from kerasdl.plugin.types import Architecture, Card, Command, Component, Dataset, Record
from kerasdl.plugin.validate import ApiError, RecordError, check_record
from kerasdl.version import __version__

ALLOW = "KERASDL_PLUGINS"
DENY = "KERASDL_DISABLE_PLUGINS"
STRICT = "KERASDL_STRICT_PLUGINS"

RECORD_HOOKS: dict[str, type[Any]] = {
    "kerasdl_architectures": Architecture,
    "kerasdl_datasets": Dataset,
    "kerasdl_components": Component,
    "kerasdl_commands": Command,
    "kerasdl_cards": Card,
}
OWN_COMMANDS: frozenset[str] = frozenset(
    "list describe backends data train resume evaluate predict generate runs reproduce plugins "
    "schedule gradcheck diagnose tune cross-validate ensemble compress".split()
)
"""Names that no plugin's command may take."""


class PluginWarning(UserWarning):
    """A plugin is left out; the message says which one and why."""


class PluginError(UserError):
    """A plugin is broken and strict mode is on, or what was asked for comes from a broken one."""


@dataclass(slots=True)
class PluginState:
    """What became of one entry point."""

    name: str
    distribution: str
    version: str
    entry_point: str
    state: Literal["loaded", "quarantined", "refused", "disabled", "locked-out"] = "loaded"
    hooks: tuple[str, ...] = ()
    load_ms: float = 0.0
    reason: str = ""
    traceback: str = ""
    records: list[Record] = field(default_factory=list)
    module: str = ""
    sha256: str | None = None
    entry: EntryPoint | None = field(default=None, repr=False)

    def describe(self) -> str:
        """`resnet (kerasdl-resnet 0.1.0, kerasdl_resnet.plugin)`."""
        return f"{self.name} ({self.distribution} {self.version}, {self.entry_point})"


class Host:
    """All plugins of this environment. Use `host()`, which loads them once, on first use."""

    def __init__(self) -> None:
        self.manager = pluggy.PluginManager(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs)
        self.states: list[PluginState] = []
        self.catalog = Catalog()
        self._plugins: dict[str, PluginState] = {}

    def load(self) -> None:
        """Loads every allowed entry point; a broken one is quarantined.

        Raises:
            PluginError: In strict mode, at the first plugin that is broken or locked out.
            UserError: If a plugin lock is in force that cannot be read; nothing is imported then.
        """
        own = PluginState("kerasdl", "kerasdl", __version__, "built in")
        own.records = [*DATASETS, *COMPONENTS]
        self.catalog.add(own)
        lock = lock_in_force()
        for state in installed():
            self.states.append(state)
            if state.state != "disabled":
                self._load_one(state, lock)

    def _load_one(self, state: PluginState, lock: Lock | None) -> None:
        state.reason = lock.objection(state) if lock is not None else ""
        if state.reason:
            state.state = "locked-out"
            _report(state)
            return
        started = time.perf_counter()
        try:
            with _own_interrupts():
                self._register(state)
        except _UserInterrupt:
            raise KeyboardInterrupt from None
        except BaseException as error:  # a plugin may raise anything, SystemExit too
            self._withdraw(state, error)
        state.load_ms = (time.perf_counter() - started) * 1000

    def _register(self, state: PluginState) -> None:
        if state.entry is None:
            raise TypeError(state)
        plugin = state.entry.load()
        state.module = plugin.__name__ if isinstance(plugin, ModuleType) else plugin.__module__
        key = f"{state.distribution}:{state.name}"
        try:
            self.manager.register(plugin, key)
        except pluggy.PluginValidationError as error:
            raise RecordError(_signature_help(str(error))) from None
        self._plugins[key] = state
        callers = self.manager.get_hookcallers(plugin) or []
        for caller in callers:
            if not caller.has_spec():
                raise RecordError(_unknown_hook(caller.name))
        _check_unmarked(plugin, {caller.name for caller in callers})
        state.hooks = tuple(sorted(caller.name for caller in callers))
        for caller in callers:
            if caller.name in RECORD_HOOKS:
                self._collect(caller, key, state)
        self.catalog.check_own(state)
        self.catalog.add(state)

    def _collect(self, caller: pluggy.HookCaller, key: str, state: PluginState) -> None:
        kind = RECORD_HOOKS[caller.name]
        for implementation in caller.get_hookimpls():
            if implementation.plugin_name != key:
                continue
            yielded: Any = implementation.function()
            for record in yielded or ():
                if not isinstance(record, kind):
                    raise RecordError(
                        f"{caller.name} must yield {kind.__name__} records. "
                        f"Received: {type(record).__name__} ({record!r:.80})"
                    )
                check_record(record)
                if isinstance(record, Command) and record.name in OWN_COMMANDS:
                    raise RecordError(f"command {record.name!r} is kerasdl's own")
                state.records.append(record)

    def _withdraw(self, state: PluginState, error: BaseException) -> None:
        key = f"{state.distribution}:{state.name}"
        if self.manager.has_plugin(key):
            self.manager.unregister(name=key)
        self._plugins.pop(key, None)
        state.records.clear()
        state.state = "refused" if isinstance(error, ApiError) else "quarantined"
        cause = str(error).strip() or "no message"
        state.reason = (
            cause if isinstance(error, RecordError) else f"{type(error).__name__}: {cause}"
        )
        state.traceback = "".join(traceback.format_exception(error))
        _report(state, error)

    def architecture(self, name: str) -> Provider:
        """The architecture that `name` means: a name, variant or alias, or `distribution:name`.

        Raises:
            UserError: If no plugin or more than one provides it.
        """
        return self.catalog.find("architecture", name, self.states)

    def dataset(self, name: str) -> Dataset:
        """The data set of that name. Raises as `architecture`."""
        record = self.catalog.find("dataset", name, self.states).record
        if not isinstance(record, Dataset):
            raise TypeError(record)
        return record

    def component(self, kind: str, name: str) -> Component:
        """The component of that kind and name. Raises as `architecture`."""
        record = self.catalog.find(kind, name, self.states).record
        if not isinstance(record, Component):
            raise TypeError(record)
        return record

    def event(self, hook: str, **arguments: Any) -> list[str]:
        """Tells every plugin of a run event; one that raises is left out from then on.

        Returns:
            A message for each plugin that raised.
        """
        found = self._asked(hook, arguments, lambda _: [])  # what it returns means nothing
        return [answer for _, answer in found if isinstance(answer, str)]

    def gather(self, hook: str, **arguments: Any) -> list[tuple[PluginState, list[Any] | str]]:
        """What every plugin yields for a run, or a message where one raised and is left out."""
        return self._asked(hook, arguments, lambda yielded: list(yielded or ()))

    def leave_out(self, state: PluginState, error: BaseException, where: str) -> str:
        """Leaves a plugin out from now on, since its code raised; says so."""
        self._withdraw(state, error)
        return f"{state.describe()} raised in {where}: {state.reason}"

    def _asked(
        self, hook: str, arguments: dict[str, Any], taken: Callable[[Any], list[Any]]
    ) -> list[tuple[PluginState, list[Any] | str]]:
        answers: list[tuple[PluginState, list[Any] | str]] = []
        for implementation in list(getattr(self.manager.hook, hook).get_hookimpls()):
            state = self._plugins[implementation.plugin_name]
            wanted = {name: arguments[name] for name in implementation.argnames}
            try:
                with _own_interrupts():
                    answers.append((state, taken(implementation.function(**wanted))))
            except _UserInterrupt:
                raise KeyboardInterrupt from None
            except BaseException as error:
                answers.append((state, self.leave_out(state, error, hook)))
        return answers


_host: Host | None = None
_lock = threading.RLock()


def host() -> Host:
    """The loaded plugins of this process."""
    global _host
    with _lock:
        if _host is None:
            fresh = Host()
            fresh.load()
            _host = fresh
    return _host


def reset_host() -> None:
    """Forgets what was loaded, so that the next `host()` looks again."""
    global _host
    _host = None


def installed() -> list[PluginState]:
    """Every plugin of this environment by name, none imported; switched off ones are `disabled`."""
    states = []
    for entry in sorted(entry_points(group=hookspecs.PROJECT), key=lambda entry: entry.name):
        found = entry.dist
        state = PluginState(
            entry.name,
            found.name if found else "unknown",
            found.version if found else "unknown",
            entry.value,
            entry=entry,
        )
        state.reason = _switched_off(state)
        if state.reason:
            state.state = "disabled"
        states.append(state)
    return states


def _report(state: PluginState, cause: BaseException | None = None) -> None:
    """Says that a plugin is left out, or raises in strict mode."""
    message = f"plugin {state.describe()} is {state.state}: {state.reason}"
    if os.environ.get(STRICT, "") not in ("", "0"):
        raise PluginError(message) from cause
    warnings.warn(message, PluginWarning, stacklevel=3)


def _names(variable: str) -> set[str] | None:
    value = os.environ.get(variable)
    return None if value is None else {name.strip() for name in value.split(",") if name.strip()}


def _switched_off(state: PluginState) -> str:
    """Why the plugin must not be imported; empty if it may be."""
    known = {state.name, state.distribution, f"{state.distribution}:{state.name}"}
    allowed, denied = _names(ALLOW), _names(DENY)
    if denied and known & denied:
        return f"named in {DENY}"
    if allowed is not None and not known & allowed:
        return f"not named in {ALLOW}"
    return ""


def _hook_names() -> list[str]:
    return [name for name in vars(hookspecs) if name.startswith("kerasdl_")]


def _signature(name: str) -> str:
    function = getattr(hookspecs, name)
    return f"{name}({', '.join(function.__code__.co_varnames[: function.__code__.co_argcount])})"


def _unknown_hook(name: str) -> str:
    near = closest(name, _hook_names(), 1) or _hook_names()
    return f"hook {name!r} does not exist. Did you mean {' or '.join(map(_signature, near))}?"


def _signature_help(message: str) -> str:
    for name in _hook_names():
        if f"hook {name!r}" in message:
            lines = [line.strip() for line in message.splitlines() if "Argument" in line]
            return f"wrong arguments: the hook is {_signature(name)}. {' '.join(lines)}".strip()
    return message


def _check_unmarked(plugin: Any, hooked: set[str]) -> None:
    for name in dir(plugin):
        if name.startswith("kerasdl_") and name not in hooked and callable(getattr(plugin, name)):
            raise RecordError(
                f"function {name!r} lacks the mark @hookimpl (kerasdl.plugin.hookimpl)"
            )


class _UserInterrupt(BaseException):
    """Ctrl-C pressed while a plugin's code ran, as opposed to one raising KeyboardInterrupt."""


@contextmanager
def _own_interrupts() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: Any) -> None:
        raise _UserInterrupt

    previous = signal.getsignal(signal.SIGINT)
    if previous is None:
        yield
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
