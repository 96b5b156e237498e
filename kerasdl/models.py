"""The door to architectures: make, list, describe and load models."""

import importlib
import operator
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdl.errors import UserError, closest, did_you_mean
from kerasdl.guard.members import checked_config, entries
from kerasdl.plugin import Architecture, Config, PluginError, PluginState, Spec, host
from kerasdl.plugin.catalog import Provider
from kerasdl.plugin.provenance import origin_of
from kerasdl.plugin.requirements import (
    building,
    demand_origin,
    demand_required,
    find_architecture,
    in_a_builder,
)
from kerasdl.plugin.targets import base_task, resolve
from kerasdl.small_files import read_json, read_toml

if TYPE_CHECKING:
    import keras

ALLOW = "KERASDL_ALLOW"
"""Names, with commas, of packages whose registered classes a model's file may name too."""

_OWN_ROOMS = (
    "layers losses optimizers regularizers callbacks schedules metrics data.table_preprocessing"
).split()


def list_models(pattern: str = "*", *, task: str | None = None) -> list[str]:
    """Names that `create_model` takes: architectures and variants, sorted.

    Args:
        pattern: Shell-style pattern, such as `resnet*`.
        task: Only those that serve this task.
    """
    import fnmatch

    names = set()
    for provider in host().catalog.providers("architecture"):
        record = _architecture(provider)
        if task is None or task in record.tasks:
            names.update((record.name, *record.variants))
    return sorted(fnmatch.filter(names, pattern))


def model_info(name: str) -> Architecture:
    """The record of an architecture; builds nothing and imports no Keras.

    Raises:
        UserError: If the name is unknown or has two providers.
    """
    return _architecture(host().architecture(name))


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


def create_model(
    name: str,
    task: str | None = None,
    spec: Spec | None = None,
    weights: str | Path | None = None,
    freeze: str | Sequence[str] | bool | None = None,
    *,
    input_shape: Sequence[int | None] | None = None,
    num_classes: int | None = None,
    vocab_size: int | None = None,
    context: int | None = None,
    outputs: int | None = None,
    **config: Any,
) -> "keras.Model":
    """Makes a plain Keras model by name.

    Classification models give logits. The last layer, `Origin`, widens 16-bit outputs to float32
    and carries the model's origin into every saved file.

    Args:
        name: Architecture, variant or alias; `distribution:name` where two plugins offer it.
        task: What the model is for; inferred from the short forms where it is not given.
        spec: Sizes that the data fix; or give the short forms below.
        weights: A run folder, `.keras`, `.weights.h5` or `.safetensors` file to start from. A
            head of another size starts fresh, and a warning says so.
        freeze: Shell-style patterns of layer names that are not trained; `True` for all layers
            that `weights` filled.
        input_shape: Shape of one input, without the batch axis.
        num_classes: Number of classes.
        vocab_size: Vocabulary size, in tokens.
        context: Longest input, in tokens.
        outputs: Number of values to predict.
        **config: Values of the architecture's config fields.

    Raises:
        UserError: On an unknown name, task or field, a value out of range, or weights that fit
            nowhere; if another plugin that the architecture is built on is not there.
        PluginError: If the plugin's builder fails or returns no `keras.Model`.

    Example:
        >>> model = create_model("mlp", input_shape=(4,), num_classes=3, widths=(8,))
        >>> model.output_shape
        (None, 3)
    """
    provider = find_architecture(name)
    record = _architecture(provider)
    demand_required(provider)
    counts = {
        "num_classes": num_classes,
        "vocab_size": vocab_size,
        "context": context,
        "outputs": outputs,
    }
    shorts = {key: _count(key, value) for key, value in counts.items() if value is not None}
    if "num_classes" in shorts:
        shorts["outputs"] = shorts.pop("num_classes")
    if input_shape is not None:
        shorts["input_shape"] = _shape(input_shape)
    spec = _complete_spec(record, task, spec, shorts, num_classes is not None)
    resolved = record.resolve(provider.preset, config)
    origin = origin_of(provider, dict(resolved), spec.task)
    if in_a_builder():
        origin["part"] = "whole"
    model = _with_origin(_build(provider, resolved, spec), origin)
    copied: set[str] = set()
    if weights is not None:
        from kerasdl.weights import load_into

        copied = load_into(model, weights, lambda path: load_model(path, compile=False))
    if freeze is not None and freeze is not False:
        _freeze(model, freeze, copied)
    return model


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
        origins += _run_origins(file.parent)
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


def _architecture(provider: Provider) -> Architecture:
    if not isinstance(provider.record, Architecture):
        raise TypeError(provider.record)
    return provider.record


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
        raise UserError(f"`{name}` must be a whole number, at least 1. Received: {value!r:.100}")
    return operator.index(value)


def _shape(given: Any) -> tuple[int | None, ...]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise UserError(f"`input_shape` must be a tuple of sizes. Received: {given!r:.100}")
    return tuple(None if size is None else _count("input_shape", size) for size in given)


def _complete_spec(
    record: Architecture, task: str | None, spec: Spec | None, shorts: dict[str, Any], classes: bool
) -> Spec:
    if spec is None:
        spec = Spec(task=task or _infer_task(record, shorts, classes), **shorts)
    elif shorts:
        raise UserError(
            f"give either `spec` or the short forms, not both. Received: spec and {sorted(shorts)}"
        )
    elif task is not None and task != spec.task:
        raise UserError(f"`task` is {task!r}, but the spec's task is {spec.task!r}")
    spec = spec.replace(task=base_task(spec.task))
    if spec.task not in record.tasks:
        raise UserError(
            f"architecture {record.name!r} does not serve the task {spec.task!r}. "
            f"It serves: {', '.join(record.tasks)}"
        )
    return spec


def _infer_task(record: Architecture, shorts: dict[str, Any], classes: bool) -> str:
    rank = len(shorts.get("input_shape", ()))
    if "vocab_size" in shorts:
        wanted = "text-classification" if classes else "language-modelling"
    elif classes:
        wanted = "image-classification" if rank == 3 else "tabular-classification"
    else:
        wanted = "tabular-regression"
    return wanted if wanted in record.tasks else record.tasks[0]


def _build(provider: Provider, config: Config, spec: Spec) -> "keras.Model":
    record = _architecture(provider)
    builder = resolve(provider.plugin, record.builder)
    import keras

    try:
        with building(provider):
            model = builder(config, spec)
    except PluginError:  # of a part of it: said already
        raise
    except ValueError as error:
        raise UserError(f"architecture {record.name!r} cannot be built: {error}") from error
    except Exception as error:
        raise PluginError(
            f"the builder {record.builder} of plugin {provider.plugin.describe()} failed: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(model, keras.Model):
        raise PluginError(
            f"the builder {record.builder} of plugin {provider.plugin.describe()} must return a "
            f"keras.Model. Received: {type(model).__name__}"
        )
    return model


def _with_origin(model: "keras.Model", origin: dict[str, Any]) -> "keras.Model":
    import keras

    from kerasdl.layers.origin import Origin

    if not isinstance(model.output, keras.KerasTensor):
        return model  # several outputs, or a subclassed model: nothing to end
    outputs = Origin(origin, name="origin")(model.output)
    return keras.Model(
        model.inputs if len(model.inputs) > 1 else model.input, outputs, name=model.name
    )


def _freeze(model: "keras.Model", freeze: str | Sequence[str] | bool, copied: set[str]) -> None:
    import fnmatch

    layers = {layer.name: layer for layer in model.layers if layer.weights}
    patterns = [freeze] if isinstance(freeze, str) else freeze
    if patterns is True:
        if not copied:
            raise UserError(
                "`freeze=True` freezes what `weights` filled, and no `weights` were given"
            )
        chosen = [name for name in layers if name in copied]
    else:
        chosen = []
        for pattern in patterns:  # type: ignore[union-attr]
            matched = fnmatch.filter(layers, pattern)
            if not matched:
                near = closest(pattern, layers) or list(layers)[:5]
                raise UserError(
                    f"`freeze` pattern {pattern!r} matches no layer with weights. "
                    f"Layers: {', '.join(near)}"
                )
            chosen.extend(matched)
    for name in chosen:
        layers[name].trainable = False


def _walk(config: Any) -> Iterator[Mapping[str, Any]]:
    return (entry for entry in entries(config) if isinstance(entry, Mapping))


def _origins(config: Any) -> Iterator[dict[str, Any]]:
    for node in _walk(config):
        if node.get("registered_name") == "kerasdl>Origin":
            values = node.get("config")
            origin = values.get("origin") if isinstance(values, dict) else None
            if isinstance(origin, dict):
                yield origin


def _run_origins(folder: Path) -> list[dict[str, Any]]:
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
