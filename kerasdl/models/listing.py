"""What models there are, by name."""

import fnmatch
from collections.abc import Mapping
from typing import Any

from kerasdl.errors import UserError, did_you_mean
from kerasdl.plugin import Architecture, host
from kerasdl.plugin.catalog import Provider


def list_models(pattern: str = "*", *, task: str | None = None) -> list[str]:
    """Names that `create_model` takes: architectures and variants, sorted.

    Args:
        pattern: Shell-style pattern, such as `resnet*`.
        task: Only those that serve this task.
    """
    names = set()
    for provider in host().catalog.providers("architecture"):
        record = record_of(provider)
        if task is None or task in record.tasks:
            names.update((record.name, *record.variants))
    return sorted(fnmatch.filter(names, pattern))


def model_info(name: str) -> Architecture:
    """The record of an architecture; builds nothing and imports no Keras.

    Raises:
        UserError: If the name is unknown or has two providers.
    """
    return record_of(host().architecture(name))


def parse_fields(name: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """Values of an architecture's config fields, given as text.

    Raises:
        UserError: If it has no such field, with close matches, or a value is not allowed.
    """
    record = model_info(name)
    known = {field.name: field for field in record.config}
    parsed = {}
    for field, text in texts.items():
        if field not in known:
            raise UserError(
                f"architecture {record.name!r} has no config field {field!r} "
                f"(given: {field}={text}).{did_you_mean(field, known)}"
            )
        parsed[field] = known[field].parse(text)
    return parsed


def record_of(provider: Provider) -> Architecture:
    """The record of an architecture's provider."""
    if not isinstance(provider.record, Architecture):
        raise TypeError(provider.record)
    return provider.record
