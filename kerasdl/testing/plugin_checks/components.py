"""A component of a plugin, as far as it can be made without arguments."""

import inspect
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from kerasdl import testing
from kerasdl.data import train_pieces
from kerasdl.data.tokenizers import PAD
from kerasdl.plugin import host
from kerasdl.plugin.types import Component
from kerasdl.tasks import TASKS, Task
from kerasdl.testing.checks import DoesNotApply, demand
from kerasdl.testing.plugin_checks.result import Result, result
from kerasdl.testing.plugin_checks.target import target

_INPUTS = ((4, 6), (2, 5, 6), (2, 8, 8, 3))
"""Shapes that layers take: rows, sequences, images."""

_TEXTS = ("To be, or not to be: that is the question.", "Größe  2", "a\nb")
"""Texts that tokenizers read."""


def check_component(record: Component) -> Iterator[Result]:
    """Whether it can be imported and is described, and the rules of its kind."""
    label = f"{record.kind} {record.name}"
    yield result(label, "imports", lambda: demand(target(record), "the target is None"))
    yield result(label, "says_what_it_is", lambda: _demand_words(record))
    yield result(label, f"keeps_the_rules_of_a_{record.kind}", lambda: _rules(record))


def _demand_words(record: Component) -> None:
    demand(record.summary, "the record has no summary")
    demand(target(record).__doc__, f"{record.target} has no docstring")


def _rules(record: Component) -> None:
    make = target(record)
    rules = {
        "layer": _layer,
        "loss": _loss,
        "optimizer": testing.check_optimizer,
        "regularizer": testing.check_regularizer,
        "callback": testing.check_callback,
        "tokenizer": _tokenizer,
        "task": lambda make: _task(record, make),
    }
    if record.kind not in rules:
        raise DoesNotApply(f"the kit has no rules of a {record.kind}")
    needed = _needed(make)
    if needed:
        way = f"kerasdl.testing.check_{record.kind}"
        advice = f": call {way} in a test" if hasattr(testing, f"check_{record.kind}") else ""
        raise DoesNotApply(f"it needs {', '.join(needed)}{advice}")
    rules[record.kind](make)


def _needed(make: Any) -> list[str]:
    parameters = inspect.signature(make).parameters.values()
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in parameters if p.default is p.empty and p.kind not in variable]


def _layer(make: Any) -> None:
    generator = np.random.default_rng(0)
    for shape in _INPUTS:
        inputs = generator.normal(size=shape).astype("float32")
        layer = make()
        try:
            layer(inputs)
        except (ValueError, TypeError):
            continue
        testing.check_layer(make, inputs, trainable=bool(layer.trainable_variables))
        return
    raise DoesNotApply(
        "it takes neither rows nor sequences nor images of floats: give it to "
        "kerasdl.testing.check_layer in a test"
    )


def _loss(make: Any) -> None:
    generator = np.random.default_rng(0)
    targets, predictions = generator.uniform(0.1, 0.9, (2, 4, 3)).astype("float32")
    testing.check_loss(make, targets, predictions)


def _tokenizer(make: Any) -> None:
    """Texts come back as they went in at the second time, and a saved one gives the same."""
    made = train_pieces(_TEXTS, make())
    numbers = made.encode(_TEXTS)
    for text, own in zip(_TEXTS, numbers, strict=True):
        once = made.decode(own)
        again = made.decode(made.encode([once])[0])
        demand(once == again, f"{text!r} comes back as {once!r}, and that as {again!r}")
        demand((own >= len(made.specials)).all(), f"{text!r} has unknown or special tokens")
    demand(made.encode([PAD])[0].all(), f"{PAD} in a text is taken for padding")
    state = json.loads(json.dumps(made.to_dict()))
    saved = make(**state["config"]).number(state["tokens"], state["specials"])
    for one, other in zip(numbers, saved.encode(_TEXTS), strict=True):
        demand(np.array_equal(one, other), "made again from its configuration, it cuts otherwise")


def _task(record: Component, make: Any) -> None:
    """It can be made, and what it extends is known."""
    demand(isinstance(make(), Task), "it is no kerasdl.tasks.Task")
    known = [*TASKS, *host().catalog.names("task")]
    demand(record.extends in ("", *known), f"`extends` names no task: {record.extends!r}")
