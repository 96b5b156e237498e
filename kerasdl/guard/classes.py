"""The classes and functions that a model's configuration may name."""

import sys
import types
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import keras

from kerasdl.errors import UserError
from kerasdl.guard.members import entries, refused

_VALUES = frozenset(
    {"__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__"}
)
"""Names that Keras gives to plain values."""
_ROOMS = frozenset(
    "activations constraints dtype_policies initializers layers losses metrics models ops "
    "optimizers quantizers random regularizers".split()
)
_FUNCTION_ROOMS = _ROOMS - {"layers", "models", "random"}
_BUILTIN_ROOMS = _FUNCTION_ROOMS - {"dtype_policies", "ops", "quantizers"}
"""Where Keras looks a bare name up, before it takes any package's function of that name."""
_KINDS = (
    keras.Operation,
    keras.DTypePolicy,
    keras.Initializer,
    keras.Loss,
    keras.Metric,
    keras.Optimizer,
    keras.Quantizer,
    keras.Regularizer,
    keras.constraints.Constraint,
    keras.optimizers.OptimizerMap,
    keras.optimizers.schedules.LearningRateSchedule,
    keras.quantizers.QuantizationConfig,
    keras.random.SeedGenerator,
)
"""What a network is built of; layers and models are operations."""
_RUN_CODE = (
    keras.layers.Lambda,
    keras.layers.TorchModuleWrapper,
    keras.layers.TFSMLayer,
    keras.layers.JaxLayer,
    keras.layers.FlaxLayer,
)
_NO_FUNCTIONS = frozenset({"get", "serialize", "deserialize"})
_FILES = ("vocabulary", "idf_weights")
"""Arguments of lookup layers, lists in a saved model, of which a text would be opened as a path."""


def check_classes(config: Any, packages: Collection[str], file: Path) -> None:
    """Looks at every class and function that a configuration names; makes none of them.

    Args:
        config: What `config.json` holds.
        packages: Whose registered classes may be named, besides Keras's own public ones.
        file: What messages name.

    Raises:
        UserError: If one is not allowed, or none that Keras would find.
    """
    registry = keras.saving.get_custom_objects()
    for node in entries(config):
        if isinstance(node, str):
            package, sign, _ = node.partition(">")
            if sign and node in registry and package not in packages:
                raise _stranger(node, file)
        elif isinstance(node, Mapping) and "class_name" in node:
            _check_node(node, registry, packages, file)


def _check_node(
    node: Mapping[str, Any], registry: Mapping[str, Any], packages: Collection[str], file: Path
) -> None:
    name = node["class_name"]
    if not isinstance(name, str):
        raise refused(file, f"it names {name!r:.100} as a class")
    if name in _VALUES:
        return
    function = name == "function"
    own = node.get("config") if function else node.get("registered_name", name)
    shown = f"{node.get('module')}.{node.get('config') if function else name}"[:100]
    if isinstance(own, str) and own in registry:
        found = registry[own]
        package, sign, _ = own.partition(">")
        if sign and package not in packages:
            raise _stranger(own, file)
    else:
        found = (_function if function else _class)(node)
    if found is None:
        named = node.get("registered_name")
        if not function and isinstance(named, str) and named.partition(">")[0] not in packages:
            raise _stranger(named, file)
        raise refused(file, f"it names {shown}, which is no part of a network that Keras knows")
    if isinstance(found, type) and issubclass(found, _RUN_CODE):
        raise refused(file, f"it holds a layer {shown}, which runs code that is not looked at")
    values = node.get("config")
    for key in _FILES:
        if isinstance(values, Mapping) and isinstance(values.get(key), str):
            raise refused(file, f"its layer {shown} would read the file {values[key]!r:.100}")


def _class(node: Mapping[str, Any]) -> Any:
    """Keras's part of a network of that name, public or of a module it has loaded; else None."""
    found = _keras_class(node)
    return found if isinstance(found, type) and issubclass(found, _KINDS) else None


def _keras_class(node: Mapping[str, Any]) -> Any:
    module, name = str(node.get("module")), str(node["class_name"])
    if module == "keras" or module.partition(".")[2].partition(".")[0] in _ROOMS:
        found = _public(module, name)
        if found is not None:
            return found
    if not module.startswith("keras.src."):
        return None
    # How Keras names operations and functional models, which have no public name.
    return vars(sys.modules.get(module, object)).get(name)


def _function(node: Mapping[str, Any]) -> Any:
    """Keras's function of that name, from a room of functions; else None."""
    module, name = str(node.get("module")), str(node.get("config"))
    if name in _NO_FUNCTIONS:
        return None
    if module == "builtins":
        homes = [f"keras.{room}" for room in _BUILTIN_ROOMS]
    else:
        homes = [module] if module.partition(".")[2].partition(".")[0] in _FUNCTION_ROOMS else []
    found = (_public(home, name) for home in homes)
    return next((one for one in found if isinstance(one, types.FunctionType)), None)


def _public(module: str, name: str) -> Any:
    found: Any = keras
    package, *parts = module.split(".")
    if package != "keras":
        return None
    for part in (*parts, name):
        if part.startswith("_"):
            return None
        found = getattr(found, part, None)
    return found


def _stranger(name: str, file: Path) -> UserError:
    package = name.partition(">")[0]
    return UserError(
        f"{file} is refused: it names the class {name!r:.100}, which is neither Keras's nor "
        f"kerasdl's nor a loaded plugin's. If you trust it: kerasdl.load_model(path, "
        f"allow=[{package!r:.60}]), once its module is imported, or "
        f"KERASDL_ALLOW={package:.60} before a command"
    )
