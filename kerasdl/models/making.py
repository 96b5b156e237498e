"""A plain Keras model, made by name."""

import fnmatch
import operator
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdl.errors import UserError, closest
from kerasdl.models.listing import record_of
from kerasdl.models.loading import load_model
from kerasdl.plugin import Architecture, Config, PluginError, Spec
from kerasdl.plugin.catalog import Provider
from kerasdl.plugin.provenance import origin_of
from kerasdl.plugin.requirements import building, demand_required, find_architecture, in_a_builder
from kerasdl.plugin.targets import base_task, resolve

if TYPE_CHECKING:
    import keras


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
    record = record_of(provider)
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
    from kerasdl.backend.compiled_steps import let_compile

    let_compile(model)
    return model


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
    record = record_of(provider)
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
