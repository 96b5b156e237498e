"""Rules on saving that every kind of component shares."""

import inspect
import json
from typing import Any

import keras

from kerasdl.testing.checks import demand

# Keras's base classes take these and keep them where `get_config` needs them, or nowhere.
_BASE_ARGUMENTS = {"self", "name", "dtype", "trainable"}


def is_from_keras(cls: type) -> bool:
    """Whether Keras itself defines the class."""
    return cls.__module__.partition(".")[0] == "keras"


def demand_registered(component: Any) -> None:
    """Raises unless Keras finds the component's class, under a package name of its own."""
    cls = type(component)
    if is_from_keras(cls):
        return
    name = keras.saving.get_registered_name(cls)
    advice = f'@keras.saving.register_keras_serializable(package="...") above {cls.__name__}'
    demand(">" in name, f"{cls.__name__} is not registered with Keras: put {advice}")
    found = keras.saving.get_registered_object(name)
    demand(
        found is cls,
        f"the registered name {name!r} belongs to {found!r}: of two equal names the last one wins",
    )
    demand(
        not name.startswith("Custom>"),
        f'{cls.__name__} is in the package "Custom", which anyone may use: put {advice}',
    )


def demand_arguments_in_config(component: Any) -> None:
    """Raises unless `get_config` holds every argument of the constructor.

    Keras's own classes are let through: a few of them leave out arguments that do not matter.
    """
    if is_from_keras(type(component)):
        return
    parameters = inspect.signature(type(component).__init__).parameters.values()
    named = {
        entry.name
        for entry in parameters
        if entry.kind in (entry.POSITIONAL_OR_KEYWORD, entry.KEYWORD_ONLY)
    }
    missing = sorted(named - _BASE_ARGUMENTS - set(component.get_config()))
    demand(
        not missing,
        "get_config() leaves out the constructor's "
        + ", ".join(f"`{name}`" for name in missing)
        + ", so that a loaded copy has the default or cannot be made",
    )


def revived(component: Any) -> Any:
    """A copy made from the component's serialized form, after a passage through JSON."""
    text = json.dumps(keras.saving.serialize_keras_object(component))
    known = {type(component).__name__: type(component)}
    return keras.saving.deserialize_keras_object(json.loads(text), custom_objects=known)


def demand_round_trip(component: Any) -> None:
    """Raises unless the config goes through JSON and makes an equal component."""
    copy = revived(component)
    demand(
        type(copy) is type(component),
        f"the copy is a {type(copy).__name__}, not a {type(component).__name__}",
    )
    before, after = plain_config(component), plain_config(copy)
    demand(before == after, f"the copy's config differs: {difference(before, after)}")


def plain_config(component: Any) -> dict[str, Any]:
    """`get_config()` in plain JSON types."""
    config = keras.saving.serialize_keras_object(component.get_config())
    return json.loads(json.dumps(config))


def difference(before: dict[str, Any], after: dict[str, Any]) -> str:
    """The entries in which two configs differ."""
    names = sorted(set(before) | set(after))
    absent = "(absent)"
    pairs = [(name, before.get(name, absent), after.get(name, absent)) for name in names]
    return "; ".join(f"`{name}` was {old!r}, now {new!r}" for name, old, new in pairs if old != new)
