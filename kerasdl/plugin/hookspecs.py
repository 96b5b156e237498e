"""The hooks a plugin can implement.

A plugin is a module named by an entry point in the group `kerasdl`. Its functions marked with
`hookimpl` yield frozen records (architectures, datasets, components, commands, cards), join a run
with callbacks or are told of its events. They never edit a registry, so a broken plugin leaves
nothing behind.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pluggy

from kerasdl.plugin.types import Architecture, Card, Command, Component, Dataset

PROJECT = "kerasdl"
"""Name of the pluggy project and of the entry-point group."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def kerasdl_architectures() -> Iterable[Architecture]:  # type: ignore[empty-body]
    """Yields the architectures that the plugin offers.

    The module must not import Keras: the builder is a string, resolved when a model is made.

    Example:
        ```python
        from kerasdl.plugin import Architecture, Field, hookimpl


        @hookimpl
        def kerasdl_architectures():
            yield Architecture(
                name="tiny",
                summary="One hidden layer",
                tasks=("tabular-classification", "tabular-regression"),
                builder="my_package.model:build",
                config=(Field(name="width", type=int, default=16, minimum=1, help="Hidden units"),),
            )
        ```

        `my_package/model.py`:

        ```python
        import keras


        def build(config, spec):
            inputs = keras.Input(spec.input_shape)
            x = keras.layers.Dense(config.width, activation="relu")(inputs)
            return keras.Model(inputs, keras.layers.Dense(spec.outputs)(x), name="tiny")
        ```
    """


@hookspec
def kerasdl_datasets() -> Iterable[Dataset]:  # type: ignore[empty-body]
    """Yields the data sets that the plugin offers.

    Example:
        ```python
        from kerasdl.plugin import Dataset, hookimpl


        @hookimpl
        def kerasdl_datasets():
            yield Dataset(
                name="two-moons",
                summary="500 points in two interleaved half circles",
                tasks=("tabular-classification",),
                loader="my_package.data:two_moons",
            )
        ```

        `my_package/data.py`:

        ```python
        from sklearn.datasets import make_moons

        from kerasdl.data import Data, Inputs, Samples


        def two_moons():
            x, y = make_moons(500, noise=0.2, random_state=0)
            return Data(
                name="two-moons",
                task="tabular-classification",
                train=Samples(x.astype("float32"), y),
                inputs=Inputs(kind="arrays", shape=(2,), dtype="float32"),
                classes=("upper", "lower"),
                outputs=2,
            )
        ```
    """


@hookspec
def kerasdl_components() -> Iterable[Component]:  # type: ignore[empty-body]
    """Yields layers, losses, optimizers, callbacks, metrics, tokenizers, tasks and so on.

    Example:
        ```python
        from kerasdl.plugin import Component, hookimpl


        @hookimpl
        def kerasdl_components():
            yield Component(
                kind="loss",
                name="log-cosh-squared",
                target="my_package.losses:LogCoshSquared",
                summary="Square of log(cosh(error))",
            )
        ```

        It is then known to `kerasdl train --loss log-cosh-squared`.
    """


@hookspec
def kerasdl_commands() -> Iterable[Command]:  # type: ignore[empty-body]
    """Yields commands that join `kerasdl`'s own.

    Example:
        ```python
        from kerasdl.plugin import Command, hookimpl


        @hookimpl
        def kerasdl_commands():
            yield Command(
                name="hello",
                target="my_package.commands:hello",
                summary="Greets by name",
            )
        ```

        `my_package/commands.py`:

        ```python
        def hello(name: str) -> None:
            print(f"Hello, {name}")
        ```
    """


@hookspec
def kerasdl_cards() -> Iterable[Card]:  # type: ignore[empty-body]
    """Yields cards: published results as files that `kerasdl reproduce` runs.

    Example:
        ```python
        from kerasdl.plugin import Card, hookimpl


        @hookimpl
        def kerasdl_cards():
            yield Card(
                name="digits-tiny",
                file="my_package:cards/digits-tiny.toml",
                summary="Scanned digits by one hidden layer",
            )
        ```

        `my_package/cards/digits-tiny.toml`, inside the wheel:

        ```toml
        metric = "accuracy"
        device = "cpu"
        minutes = 1

        [published]
        value = 0.97
        source = "where the figure stands"
        protocol = "on which samples, of which epoch"

        [run]
        architecture = "mlp"
        data = "digits"
        epochs = 30
        ```
    """


@hookspec
def kerasdl_callbacks(run: Any) -> Iterable[Any]:  # type: ignore[empty-body]
    """Yields Keras callbacks that join a run, after those that its user asked for.

    One that raises is left out for the rest of the run, with its plugin.

    Args:
        run: The run: `run.folder` (a `Path`), `run.config` (a mapping), `run.model`.

    Example:
        ```python
        from kerasdl.plugin import hookimpl


        @hookimpl
        def kerasdl_callbacks(run):
            import keras

            yield keras.callbacks.TerminateOnNaN()
        ```
    """


@hookspec
def kerasdl_before_fit(run: Any) -> None:
    """Is called once, before the first step of a run.

    Args:
        run: The run: `run.folder` (a `Path`), `run.config` (a mapping), `run.model`.

    Example:
        ```python
        from kerasdl.plugin import hookimpl


        @hookimpl
        def kerasdl_before_fit(run):
            print("training in", run.folder)
        ```
    """


@hookspec
def kerasdl_after_epoch(run: Any, epoch: int, logs: Mapping[str, float]) -> None:
    """Is called after each epoch, validation included.

    Args:
        run: The run, as in `kerasdl_before_fit`.
        epoch: Number of the epoch, from 1.
        logs: Loss and metrics of the epoch by name.

    Example:
        ```python
        from kerasdl.plugin import hookimpl


        @hookimpl
        def kerasdl_after_epoch(run, epoch, logs):
            with open(run.folder / "loss.txt", "a") as file:
                print(epoch, logs["loss"], file=file)
        ```
    """


@hookspec
def kerasdl_after_fit(run: Any, logs: Mapping[str, float]) -> None:
    """Is called once, when a run has ended and its model is saved.

    Args:
        run: The run, as in `kerasdl_before_fit`.
        logs: The run's final evaluation by name.

    Example:
        ```python
        from kerasdl.plugin import hookimpl


        @hookimpl
        def kerasdl_after_fit(run, logs):
            print("accuracy", logs.get("accuracy"))
        ```
    """
