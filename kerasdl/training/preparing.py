"""From a configuration to data and a compiled model."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kerasdl.backend.start import seed
from kerasdl.errors import UserError
from kerasdl.training.config import DATA_WISHES, RunConfig
from kerasdl.training.findings import tell

if TYPE_CHECKING:
    import keras

    from kerasdl.data import Batches, Data
    from kerasdl.tasks import Task


def resolved_fields(config: RunConfig) -> dict[str, Any]:
    """Every config field of the architecture with the value it has in this run."""
    from kerasdl.plugin import host
    from kerasdl.plugin.requirements import demand_required

    provider = host().architecture(config.architecture)
    demand_required(provider)
    return dict(provider.record.resolve(provider.preset, config.fields))


def prepare(config: RunConfig) -> "tuple[keras.Model, Data, Task, Batches]":
    """Model, data, task and batches: everything that can fail before the folder is made."""
    import keras

    from kerasdl import data as room
    from kerasdl.models import create_model
    from kerasdl.tasks import get_task
    from kerasdl.training.components import make_component
    from kerasdl.training.fitting import compile_model

    data = load_data(config, looked_at=True)
    task = get_task(data.task)
    if config.test_time_flip and (data.inputs.kind != "images" or not task.ignores_mirroring):
        raise UserError(
            f"`test_time_flip` is for images that mean the same mirrored. Received: {data.name!r}, "
            f"{data.inputs.kind}, task {data.task}"
        )
    seed(config.seed)
    statistics = data.train.x if data.series is None else data.series
    layers = room.preprocessing(config.preprocessing, statistics, data.inputs)
    raw, *others = task.entrance(data)
    features = raw
    for layer in [*(make_component("layer", text) for text in config.augment), *layers]:
        features = layer(features)
    spec = data.spec()
    if data.inputs.kind not in ("tokens", "words"):
        seen = {"input_shape": tuple(features.shape[1:]), "input_dtype": features.dtype}
        spec = spec.replace(**seen)
    with _precision(config.precision), _source_named(data):
        architecture = create_model(
            config.architecture,
            spec=spec,
            weights=config.weights,
            freeze=config.freeze or None,
            **config.fields,
        )
    outputs = architecture([features, *others] if others else features)
    inputs = [raw, *others] if others else raw
    model = keras.Model(inputs, task.head(outputs, data), name="run")
    return model, data, task, compile_model(model, config, task, data)


def load_data(config: RunConfig, looked_at: bool = False) -> "Data":
    """The data of a run, split and prepared; `looked_at` tells of its faults first."""
    from kerasdl import data as room
    from kerasdl.plugin.targets import base_task

    target: Any = config.target
    if target is not None and len(target) == 1:
        target = target[0]  # a column, or the path of a .npy file
    task = None if config.task is None else base_task(config.task)
    found = room.load(config.data, task=task, target=target, image_size=config.image_size)
    data = room.split(found, config.seed, config.validation, config.test, config.fold_numbers)
    if config.labels_per_class is not None:
        data = room.few_labels(data, config.labels_per_class, config.seed)
    if looked_at:
        tell(room.examine(data, config.preprocessing), config)
    wishes = {name: getattr(config, name) for name in DATA_WISHES}
    data = room.prepare(data, **wishes)
    return data if task == config.task else data.replace(task=config.task)


@contextlib.contextmanager
def _source_named(data: "Data") -> Iterator[None]:
    """A network that cannot be built for these images says whose they are."""
    try:
        yield
    except UserError as error:
        if data.inputs.kind != "images" or "cannot be built" not in str(error):
            raise
        size = "x".join(map(str, data.inputs.shape))
        raise UserError(
            f"{str(error).rstrip('.')}. The images: {data.source or data.name}, {size}; "
            "give image_size=(height, width) to resize them"
        ) from error


@contextlib.contextmanager
def _precision(policy: str) -> Iterator[None]:
    """Layers made within compute as `policy` says."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
