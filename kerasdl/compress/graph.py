"""The graph of a functional model, read from its config: the public description of it."""

from dataclasses import dataclass, field
from typing import Any

import keras

from kerasdl.errors import UserError

Source = tuple[str, int]
"""A tensor: the name of the layer that makes it, and which of its outputs."""


@dataclass(slots=True, kw_only=True)
class Node:
    """A layer or operation of a model, called `calls` times, and what it reads.

    `plain`: whether it is called with its input alone, so that inference is what it does.
    """

    name: str
    kind: str
    layer: Any
    calls: int = 0
    plain: bool = True
    inputs: list[Source] = field(default_factory=list)
    input_shape: tuple[int | None, ...] = ()


def is_functional(model: Any) -> bool:
    """Whether `model` is a functional or sequential Keras model whose graph is known."""
    if not isinstance(model, keras.Model) or not type(model).call.__module__.startswith("keras."):
        return False  # a subclass with a `call` of its own may do anything
    if isinstance(model, keras.Sequential):
        return model.built
    try:
        config = model.get_config()
    except NotImplementedError:
        return False
    return {"layers", "input_layers", "output_layers"} <= set(config)


def read_graph(model: keras.Model) -> tuple[list[Node], list[Source]]:
    """Nodes in an order in which each comes after those it reads, and the model's outputs.

    Raises:
        UserError: If the model is neither functional nor sequential, or not built.
    """
    if not is_functional(model):
        raise UserError(
            "`model` must be a built functional or sequential model, whose graph of layers is "
            f"known. Received: {type(model).__name__} {getattr(model, 'name', '')!r}"
        )
    if isinstance(model, keras.Sequential):
        model = keras.Model(model.inputs, model.outputs, name=model.name)
    config = model.get_config()
    layers = {layer.name: layer for layer in model.layers}
    nodes = [_node(entry, layers.get(entry["name"])) for entry in config["layers"]]
    return _sorted(nodes), _sources(config["output_layers"])


def _node(entry: dict[str, Any], layer: Any) -> Node:
    node = Node(name=entry["name"], kind=entry["class_name"], layer=layer)
    node.calls = len(entry["inbound_nodes"])
    for call in entry["inbound_nodes"]:
        others = [*call["args"][1:], *call["kwargs"].values()]
        node.plain = node.plain and all(value is None or value is False for value in others)
        for tensor in _tensors(call):
            name, _, index = tensor["keras_history"]
            node.inputs.append((name, index))
            node.input_shape = node.input_shape or tuple(tensor["shape"])
    return node


def _tensors(value: Any) -> list[dict[str, Any]]:
    """Configs of the symbolic tensors in a serialized call."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            return [value["config"]]
        return [tensor for entry in value.values() for tensor in _tensors(entry)]
    if isinstance(value, list | tuple):
        return [tensor for entry in value for tensor in _tensors(entry)]
    return []


def _sources(outputs: Any) -> list[Source]:
    """The `[layer, call, output]` triples in a nested structure."""
    if isinstance(outputs, dict):
        return [source for entry in outputs.values() for source in _sources(entry)]
    if len(outputs) == 3 and isinstance(outputs[0], str):
        return [(outputs[0], outputs[2])]
    return [source for entry in outputs for source in _sources(entry)]


def _sorted(nodes: list[Node]) -> list[Node]:
    done: set[str] = set()
    ordered: list[Node] = []
    while len(ordered) < len(nodes):
        ready = [
            node
            for node in nodes
            if node.name not in done and all(name in done for name, _ in node.inputs)
        ]
        if not ready:
            # Only a shared layer can read what depends on itself
            ready = [next(node for node in nodes if node.name not in done and node.calls > 1)]
        done.update(node.name for node in ready)
        ordered.extend(ready)
    return ordered
