"""Which plugin provides which name. Two providers of one name are never resolved by order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kerasdl.errors import UserError, did_you_mean
from kerasdl.plugin.types import Architecture, Card, Command, Component, Dataset, Record
from kerasdl.plugin.validate import RecordError
from kerasdl.settings import read_settings

if TYPE_CHECKING:
    from kerasdl.plugin.manager import PluginState


@dataclass(frozen=True, slots=True)
class Provider:
    """One meaning of a name: the record, who yields it, and a variant's fixed values."""

    record: Record
    plugin: "PluginState"
    variant: str = ""
    preset: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """`kerasdl-resnet:resnet18`."""
        return f"{self.plugin.distribution}:{self.variant or self.record.name}"


class Catalog:
    """Providers by kind and name."""

    def __init__(self) -> None:
        self._index: dict[str, dict[str, list[Provider]]] = {}

    def add(self, state: "PluginState") -> None:
        """Enters all records of a plugin."""
        for record in state.records:
            for name, provider in _meanings(record, state):
                self._index.setdefault(_kind(record), {}).setdefault(name, []).append(provider)

    def check_own(self, state: "PluginState") -> None:
        """Raises `RecordError` if a plugin uses one name twice."""
        seen = set()
        for record in state.records:
            for name, _ in _meanings(record, state):
                if (_kind(record), name) in seen:
                    raise RecordError(f"{_kind(record)} {name!r} is yielded twice")
                seen.add((_kind(record), name))

    def names(self, kind: str) -> list[str]:
        """Every name of a kind, variants and aliases included, sorted."""
        return sorted(self._index.get(kind, {}))

    def providers(self, kind: str) -> list[Provider]:
        """Each record of a kind once, by name."""
        unique = {
            (provider.plugin.distribution, provider.record.name): provider
            for providers in self._index.get(kind, {}).values()
            for provider in providers
            if not provider.variant
        }
        return [unique[key] for key in sorted(unique, key=lambda key: (key[1], key[0]))]

    def distributions(self, name: str) -> list[str]:
        """Every distribution that provides `name`, of whatever kind, sorted."""
        found = [provider for names in self._index.values() for provider in names.get(name, [])]
        return sorted({provider.plugin.distribution for provider in found})

    def find(self, kind: str, name: str, states: Sequence["PluginState"]) -> Provider:
        """The provider of `name` or of `distribution:name`.

        Raises:
            UserError: If none or more than one is meant.
        """
        distribution, _, bare = name.rpartition(":")
        found = [
            provider
            for provider in self._index.get(kind, {}).get(bare, [])
            if distribution in ("", provider.plugin.distribution)
        ]
        if not found:
            raise UserError(self._unknown(kind, name, states))
        if len(found) == 1:
            return found[0]
        preferred = read_settings().get("prefer", {}).get(bare)
        chosen = [provider for provider in found if provider.plugin.distribution == preferred]
        if len(chosen) == 1:
            return chosen[0]
        labels = " and ".join(sorted(provider.label for provider in found))
        raise UserError(
            f"{kind} {bare!r} is provided by {labels}. Name one of them in full, or save a choice: "
            f"kerasdl plugins prefer {bare} DISTRIBUTION"
        )

    def _unknown(self, kind: str, name: str, states: Sequence["PluginState"]) -> str:
        message = f"unknown {kind} {name!r}.{did_you_mean(name, self.names(kind))}"
        if kind == "architecture":
            guess = name.split("-")[0].rstrip("0123456789") or name
            message += (
                f' A plugin can add it: pip install "kerasdl-{guess}" if there is one; '
                "`kerasdl list` shows what is installed."
            )
        left_out = [s.name for s in states if s.state in ("quarantined", "refused", "locked-out")]
        if left_out:
            message += f" Left out: {', '.join(left_out)} (`kerasdl plugins list` says why)."
        return message


def _kind(record: Record) -> str:
    if isinstance(record, Component):
        return record.kind
    kinds = {Architecture: "architecture", Dataset: "dataset", Command: "command", Card: "card"}
    return kinds[type(record)]


def _meanings(record: Record, state: "PluginState") -> Iterator[tuple[str, Provider]]:
    plain = Provider(record, state)
    yield record.name, plain
    if not isinstance(record, Architecture):
        return
    variants = {
        name: Provider(record, state, name, preset) for name, preset in record.variants.items()
    }
    yield from variants.items()
    for alias, target in record.aliases.items():
        yield alias, variants.get(target, plain)
