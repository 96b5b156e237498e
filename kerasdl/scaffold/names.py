"""What a new plugin may be called, and what follows from its name."""

import importlib
import importlib.metadata
import importlib.util
import keyword
import re
import sys
from dataclasses import dataclass

from kerasdl.errors import UserError
from kerasdl.plugin import host
from kerasdl.plugin.manager import OWN_COMMANDS

_PREFIX = "kerasdl-"
_LONGEST = 40
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_USED_CLASSES = {"Any", "Schedule", "UserError"}  # by the files themselves
_RULE = (
    f"lower-case letters, digits and single hyphens between them, begin with a letter (after "
    f"{_PREFIX!r} too) and have at most {_LONGEST} characters, such as 'kerasdl-wavenet' or "
    "'my-net'"
)


@dataclass(frozen=True, slots=True)
class Names:
    """All names of a plugin, made from that of its distribution.

    Args:
        distribution: What `pip install` takes: `kerasdl-wave-net`.
    """

    distribution: str

    @property
    def name(self) -> str:
        """What users of kerasdl type, and the entry point: `wave-net`."""
        return self.distribution.removeprefix(_PREFIX)

    @property
    def package(self) -> str:
        """What Python imports: `kerasdl_wave_net`."""
        return self.distribution.replace("-", "_")

    @property
    def identifier(self) -> str:
        """The name inside Python: `wave_net`."""
        return self.name.replace("-", "_")

    @property
    def cls(self) -> str:
        """The name of a class: `WaveNet`."""
        return "".join(part.capitalize() for part in self.name.split("-"))


def checked_names(distribution: str, kind: str, component: str | None) -> Names:
    """The names of a plugin that is free to be made.

    Raises:
        UserError: If the name breaks a rule, or one that follows from it is taken.
    """
    names = Names(distribution)
    if len(distribution) > _LONGEST or not all(
        _NAME.fullmatch(text) for text in (distribution, names.name)
    ):
        raise UserError(f"`name` must be of {_RULE}. Received: name={distribution!r}")
    reason = _taken(names, kind, component)
    if reason:
        raise UserError(f"`name` must be free: {reason}. Received: name={distribution!r}")
    return names


def _taken(names: Names, kind: str, component: str | None) -> str:
    """Why a name cannot be used; empty if it can."""
    for word in (names.package, names.cls):
        if keyword.iskeyword(word) or word in _USED_CLASSES:
            return f"{word!r} has a meaning of its own in the files"
    if names.package in sys.stdlib_module_names:
        return f"Python has a module {names.package!r}"
    if version := _installed(names.distribution):
        return f"the distribution {names.distribution} {version} is installed"
    if _importable(names.package):
        return f"a package {names.package!r} is installed"
    if kind == "command" and names.name in OWN_COMMANDS:
        return f"command {names.name!r} is kerasdl's own"
    return _taken_in_kerasdl(names) or _taken_in_keras(names, component)


def _taken_in_kerasdl(names: Names) -> str:
    for state in host().states:
        if state.name == names.name:
            return f"plugin {state.describe()} is installed"
    providers = host().catalog.distributions(names.name)
    return f"{names.name!r} is already provided by {' and '.join(providers)}" if providers else ""


def _taken_in_keras(names: Names, component: str | None) -> str:
    """A bare name that Keras has means Keras's class, so the plugin's would not be found."""
    if component is None:
        return ""
    from kerasdl.backend import use

    use()
    homes = {"loss": "losses", "schedule": "optimizers.schedules"}
    home = importlib.import_module(f"keras.{homes.get(component, component + 's')}")
    # Backwards, so that of `L2` and its short form `l2` the class is named.
    known = {name.lower(): name for name in reversed(dir(home)) if not name.startswith("_")}
    found = known.get(names.identifier.replace("_", ""))
    return f"Keras has a {component} {found!r}" if found else ""


def _installed(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _importable(package: str) -> bool:
    """Whether it is there; a folder without `__init__.py` does not count."""
    spec = importlib.util.find_spec(package)
    return spec is not None and spec.origin is not None
