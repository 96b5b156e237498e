"""The checks of what an architecture's record says."""

import json
import re
from collections.abc import Iterator
from typing import Any

import keras

from kerasdl.errors import UserError
from kerasdl.layers import Origin
from kerasdl.plugin import Architecture, Field, PluginError
from kerasdl.plugin.requirements import requirement_of
from kerasdl.testing.architecture_case import ArchitectureCase
from kerasdl.testing.checks import DoesNotApply, demand
from kerasdl.testing.elsewhere import Elsewhere
from kerasdl.testing.numerics import to_numpy
from kerasdl.testing.specs import small_spec

_NAMES = ("tanh", "linear", "sigmoid", "zeros", "ones", "glorot_normal", "none")
"""What text fields without choices usually name: activations and initializers."""


def imports_no_backend(case: ArchitectureCase) -> None:
    """The plugin's module imports neither Keras nor a backend, so that listing stays cheap.

    Reproduce: python -X importtime -c "import my_plugin.plugin"
    """
    with Elsewhere() as fresh:
        found = fresh.run("kerasdl.testing.fresh_import", case.provider.plugin.module)
    demand(not found, f"{case.provider.plugin.module} imports {', '.join(found)}")


def requirements_are_declared(case: ArchitectureCase) -> None:
    """The distribution depends on those whose architectures the record requires.

    Reproduce: importlib.metadata.requires("my-distribution")
    """
    needed = {need.partition(":")[0] for need in _record(case).requires}
    if not needed:
        raise DoesNotApply("the record requires no other architecture")
    plugin = case.provider.plugin
    alone = [
        name for name in sorted(needed - {plugin.distribution}) if not requirement_of(plugin, name)
    ]
    demand(
        not alone,
        f"pip install {plugin.distribution} does not bring {', '.join(alone)}: it is not among the "
        "`dependencies` of the plugin's pyproject.toml",
    )


def builds(case: ArchitectureCase) -> None:
    """The builder returns a built model with trainable variables, the same each time.

    Reproduce: kerasdl.create_model(name, spec=spec, **config)
    """
    demand(case.model.built, "the model is not built")
    demand(case.model.trainable_variables, "the model has no trainable variable")
    shapes = [tuple(entry.shape) for entry in case.model.variables]
    again = [tuple(entry.shape) for entry in case.new().variables]
    demand(shapes == again, "a second build has other variables")


def parameters_are_true(case: ArchitectureCase) -> None:
    """Each variant has as many trainable parameters as the record states.

    Reproduce: kerasdl.create_model(variant, spec=record.parameters_spec).count_params()
    """
    stated = _record(case).parameters
    if not stated:
        raise DoesNotApply("the record states no numbers of parameters")
    with Elsewhere() as other:
        counts = other.run("kerasdl.testing.parameter_counts", list(stated))
    wrong = [
        f"{name} has {counts[name]:,}, stated {number:,}"
        for name, number in stated.items()
        if counts[name] != number
    ]
    demand(not wrong, "; ".join(wrong))


def own_names(case: ArchitectureCase) -> None:
    """Classes are registered with Keras under the distribution's own package, each name once.

    Keras lets the last of two equal names win, without a word.

    Reproduce: keras.saving.get_registered_name(cls), keras.saving.get_registered_object(name)
    """
    for kind in {type(layer) for layer in _layers(case.model)}:
        package = kind.__module__.partition(".")[0]
        if package == "keras":
            continue
        name = keras.saving.get_registered_name(kind)
        demand(
            name.startswith(f"{package}>"),
            f"{kind.__name__} is known as {name!r}; register it with "
            f'@keras.saving.register_keras_serializable(package="{package}")',
        )
        holder = keras.saving.get_registered_object(name)
        demand(holder is kind, f"{name!r} means {holder.__module__}.{holder.__name__} by now")


def fields_matter(case: ArchitectureCase) -> None:
    """Each config field changes the model, and a value that is allowed breaks no builder.

    Tried at the values given, with each other value of another field beside it, and at the other
    tasks. A combination that cannot be is refused with a ValueError. Fields that have no effect by
    design are named in `unused`; one of which no other value is accepted is left alone.

    Reproduce: kerasdl.create_model(name, spec=spec, **{field: other_value})
    """
    forms = _Forms(case)
    idle = [
        f"{field.name} (tried {', '.join(map(repr, forms.accepted(field)))})"
        for field in _record(case).config
        if field.name not in case.unused and forms.accepted(field) and not forms.matters(field)
    ]
    demand(not idle, f"without effect: {'; '.join(idle)}")


class _Forms:
    """The forms that an architecture takes as its fields change."""

    def __init__(self, case: ArchitectureCase) -> None:
        self.case = case
        self.fields = _record(case).config
        self.known: dict[str, str | None] = {}
        tasks = [] if case.spec is None else [t for t in _record(case).tasks if t != case.spec.task]
        self.elsewhere = [_at_task(case, task) for task in tasks]

    def form(self, case: ArchitectureCase, changes: dict[str, Any]) -> str | None:
        """All that the model says of itself; None where the builder refuses."""
        key = f"{case.describe()} {changes}"
        if key not in self.known:
            self.known[key] = _structure(case, changes)
        return self.known[key]

    def accepted(self, field: Field) -> list[Any]:
        """Other values of a field that make a model."""
        return [v for v in _others(self.case, field) if self.form(self.case, {field.name: v})]

    def matters(self, field: Field) -> bool:
        """Whether one of these values makes another model somewhere."""
        cases = [self.case, *self.elsewhere]
        beside = ((case, values) for case in cases for values in self._beside(case, field))
        return (
            any(self._changes(case, field, {}) for case in cases)
            or any(self._changes(case, field, values) for case, values in beside)
            or self._other_numbers(field)
        )

    def _beside(self, case: ArchitectureCase, field: Field) -> Iterator[dict[str, Any]]:
        """Each other value of each other field."""
        for other in self.fields:
            if other is not field:
                yield from ({other.name: value} for value in _others(case, other))

    def _changes(self, case: ArchitectureCase, field: Field, beside: dict[str, Any]) -> bool:
        usual = self.form(case, beside)
        if usual is None:
            return False
        forms = (self.form(case, {**beside, field.name: value}) for value in _others(case, field))
        return any(form not in (None, usual) for form in forms)

    def _other_numbers(self, field: Field) -> bool:
        """Whether the outputs differ, where the configurations say nothing."""
        usual = self.case.run(self.case.new(), training=True)
        for value in self.accepted(field):
            other = self.case.run(self.case.new(**{field.name: value}), training=True)
            for one, two in zip(usual, other, strict=True):
                if (to_numpy(one) != to_numpy(two)).any():
                    return True
        return False


def _at_task(case: ArchitectureCase, task: str) -> ArchitectureCase:
    return ArchitectureCase(case.name, spec=small_spec(task), config=case.fields)


def _record(case: ArchitectureCase) -> Architecture:
    record = case.provider.record
    if not isinstance(record, Architecture):
        raise TypeError(record)
    return record


def _layers(layer: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    for inner in getattr(layer, "layers", []) or []:
        yield inner
        yield from _layers(inner)


def _others(case: ArchitectureCase, field: Field) -> list[Any]:
    """Other values of a field, at its ends and near the present one, that its rule allows."""
    now = case.value(field)
    found = []
    for value in _candidates(field, now):
        try:
            checked = field.check(value)
        except UserError:
            continue
        if checked != now and checked not in found:
            found.append(checked)
    return found


def _candidates(field: Field, now: Any) -> list[Any]:
    if field.choices is not None:
        return [*field.choices, *((choice,) for choice in field.choices)]
    if field.type is bool:
        return [not now]
    if field.type is str:
        return list(_NAMES)
    if field.type is int:
        near = [1, 2] if now is None else [2 * now, now + 1, now // 2, now + 3]
        return [*near, field.minimum and int(field.minimum)]
    if field.type is float:
        near = [0.1, 0.5] if now is None else [now / 2 + 0.05, 2 * now]
        return [*near, field.minimum]
    if isinstance(now, tuple) and now:
        return [(*now, now[-1]), now[:-1], tuple(2 * entry for entry in now)]
    return [(2,), (2, 2)]


def _structure(case: ArchitectureCase, changes: dict[str, Any]) -> str | None:
    """What a model's configuration and variables say, but for where it comes from.

    No variable gets values: in a stateless scope Keras notes shapes alone.
    """
    try:
        with keras.StatelessScope(initialize_variables=False):
            model = case.new(**changes)
    except PluginError as error:
        raise AssertionError(f"{changes}: {error}") from error
    except UserError:
        return None
    layers = [layer for layer in _layers(model) if not isinstance(layer, Origin)]
    said = [(type(layer).__name__, layer.get_config()) for layer in layers]
    shapes = [(variable.path, tuple(variable.shape)) for variable in model.variables]
    text = json.dumps([said, shapes], default=repr, sort_keys=True)
    # Keras counts on: a layer without a name of its own is another one in each model.
    for place, name in sorted(enumerate(layer.name for layer in layers), key=lambda p: -len(p[1])):
        text = re.sub(rf"\b{re.escape(name)}\b", f"<{place}>", text)
    return text
