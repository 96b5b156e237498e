"""A saved model with the plugins that it names, and nothing run from the file."""

import importlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdl.errors import UserError
from kerasdl.guard.members import checked_config, entries
from kerasdl.plugin import PluginState, host
from kerasdl.plugin.requirements import demand_origin
from kerasdl.plugin.targets import resolve
from kerasdl.small_files import read_json, read_toml

if TYPE_CHECKING:
    import keras

ALLOW = "KERASDL_ALLOW"
"""Names, with commas, of packages whose registered classes a model's file may name too."""

_OWN_ROOMS = (
    "layers losses optimizers regularizers callbacks schedules metrics data.table_preprocessing"
).split()


def load_plugins() -> list[str]:
    """Imports every class that kerasdl and the installed plugins register with Keras.

    After it, `keras.saving.load_model` finds them by itself.

    Returns:
        Names of the plugins loaded.
    """
    for room in _OWN_ROOMS:
        importlib.import_module(f"kerasdl.{room}")
    loaded = [state for state in host().states if state.state == "loaded"]
    for state in loaded:
        _import_targets(state)
    return [state.name for state in loaded]


def load_model(
    path: str | Path, *, compile: bool = True, allow: Sequence[str] = ()
) -> "keras.Model":
    """Loads a saved model with the plugins it names, never running code from the file.

    The file is looked at before Keras sees it; see the page on files from strangers.

    Whether its steps are compiled is chosen anew: the file says what suited the backend that saved
    it, and PyTorch's compiler would take half a minute where JAX's takes a second.

    Args:
        path: A `.keras` file, or a run folder that holds `model.keras`.
        compile: Whether to restore the optimizer, loss and metrics too.
        allow: Packages, as `register_keras_serializable(package=…)` has them, whose classes the
            file may name besides those of Keras, kerasdl and the plugins loaded; the environment
            variable `KERASDL_ALLOW` lists more.

    Raises:
        UserError: If the file is missing, no `.keras` file, or holds what could harm; or a plugin
            it needs is not installed.

    Warns:
        UserWarning: If a plugin has another version than the model was made with, or the same one
            and other files.
    """
    file = model_file(path)
    config = read_model_config(file)
    for room in _OWN_ROOMS:
        importlib.import_module(f"kerasdl.{room}")
    origins = list(_origins(config))
    if all(origin.get("part") for origin in origins):
        origins += run_origins(file.parent)
    for origin in _distinct(origins):
        _load_origin(origin)
    named, plugins = _packages(config), {"kerasdl"}
    for state in host().states:
        if state.state == "loaded":
            package = state.module.partition(".")[0]
            plugins.add(package)
            if package in named:
                _import_targets(state)
    import keras

    from kerasdl.backend.compiled_steps import let_compile
    from kerasdl.guard.arrays import check_weights
    from kerasdl.guard.classes import check_classes

    more = [name.strip() for name in os.environ.get(ALLOW, "").split(",")]
    check_classes(config, {*plugins, *allow, *filter(None, more)}, file)
    check_weights(file)
    try:
        model = keras.saving.load_model(file, compile=compile, safe_mode=True)
    except Exception as error:  # a configuration that contradicts itself fails anywhere in Keras
        # Keras wraps the cause in every layer's whole configuration.
        cause = " ".join(str(error).rpartition("Exception encountered:")[2].split())[:400]
        raise UserError(f"{file} cannot be loaded as a model: {cause}") from error
    let_compile(model)
    model.jit_compile = None  # to Keras: automatic
    return model


def model_file(path: str | Path) -> Path:
    """`path`, or the `model.keras` inside if it is a run folder."""
    file = Path(path)
    if file.is_dir():
        file = file / "model.keras"
    if not file.is_file():
        raise UserError(f"there is no model at {path}: expected a run folder or a .keras file")
    if file.suffix != ".keras":  # by another name Keras would read another format
        raise UserError(f"{file} must be named .keras, as models are. Received: {file.name}")
    return file


def read_model_config(file: Path) -> dict[str, Any]:
    """The `config.json` of a `.keras` file, read without loading the model."""
    return checked_config(file)


def model_origin(path: str | Path) -> dict[str, Any] | None:
    """The origin a saved model carries, read without loading it; None if it has none."""
    found = _origins(read_model_config(model_file(path)))
    return next((origin for origin in found if not origin.get("part")), None)


def _walk(config: Any) -> Iterator[Mapping[str, Any]]:
    return (entry for entry in entries(config) if isinstance(entry, Mapping))


def _origins(config: Any) -> Iterator[dict[str, Any]]:
    for node in _walk(config):
        if node.get("registered_name") == "kerasdl>Origin":
            values = node.get("config")
            origin = values.get("origin") if isinstance(values, dict) else None
            if isinstance(origin, dict):
                yield origin


def run_origins(folder: Path) -> list[dict[str, Any]]:
    """What a run's folder says of its plugin, for a model that has no place for `Origin`."""
    try:
        name = read_toml(folder / "config.toml", "configuration")["architecture"]
        plugins = read_json(folder / "environment.json", "run file")["plugins"]
        listed = [dict(entry) for entry in plugins]
    except (LookupError, TypeError, ValueError):  # not a run's folder
        return []
    plugin_host = host()
    try:
        state = plugin_host.architecture(str(name)).plugin
    except UserError:  # gone, and the model does without
        return []
    known = {"distribution": state.distribution, "plugin": state.name}
    return [entry for entry in listed if known.items() <= entry.items()]


def _distinct(origins: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One for each plugin, so that none is warned of twice."""
    keys = ("distribution", "plugin", "version", "sha256")
    return list(
        {tuple(str(origin.get(key)) for key in keys): origin for origin in origins}.values()
    )


def _packages(config: Any) -> set[str]:
    names = {str(node.get("registered_name") or "") for node in _walk(config)}
    return {name.partition(">")[0] for name in names if ">" in name} - {"kerasdl"}


def _load_origin(origin: dict[str, Any]) -> None:
    why = f"architecture {origin.get('architecture')!r}"
    _import_targets(demand_origin(origin, "the model", why))


def _import_targets(state: PluginState) -> None:
    """Imports the modules in which a plugin's classes are registered with Keras."""
    for record in state.records:
        target = getattr(record, "builder", None) or getattr(record, "target", None)
        if target is not None:
            resolve(state, target)
