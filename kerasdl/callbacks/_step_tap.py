"""What a training step computes and no callback sees: gradients, updates, the batch."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import keras

from kerasdl.callbacks._step_watch import Wants, watched_step

RESULTS = "kerasdl_step"
"""The key of the results in the logs of a step; taken out before anybody sees them."""

_HOME = "_kerasdl_step_tap"


class Reading(NamedTuple):
    """The results of one call of the training function.

    Args:
        step: Number of the step, from 0 with the optimizer's first.
        results: Tensors on the device by what was wanted.
    """

    step: int
    results: dict[str, Any]


class Reader(Protocol):
    """Who reads from a tap.

    `wants` holds some of:

    - `("norms", n)`: at every n-th update, `(3, V)` squared norms of gradients, weights and
      updates of the `V` trainable variables; at other steps -1;
    - `("gradient", n)`: likewise the norm of all gradients, and after it the learning rates in the
      order of `owners_of`;
    - `"finite"`: `(1 + V,)`, 1 where the loss and each gradient are finite. Steps with others are
      held back;
    - `"batch"`: what the step was given; see `StepTap.batch_of`.
    """

    wants: Wants

    def due(self, step: int) -> bool:
        """Whether the results of this step are to be kept."""
        ...

    def receive(self, reading: Reading) -> None:
        """Takes a reading, in the main thread, without waiting for the device."""
        ...

    def around(self, call: Callable[..., Any], *args: Any) -> Any:
        """Calls the training function; `args` are Keras's."""
        ...


def attach(model: keras.Model, reader: Reader) -> "StepTap":
    """Lets `reader` read from the training step of `model`, from the next step of `fit` on.

    Called when training begins. Where the step changes by it, it is compiled again at its next
    run; a step once compiled is kept for the next `fit` with readers that want the same.
    """
    tap = getattr(model, _HOME, None)
    if tap is None:
        tap = StepTap(model)
        setattr(model, _HOME, tap)
    tap.attach(reader)
    return tap


def recount(model: keras.Model) -> None:
    """Numbers the steps by the optimizer's count again, after somebody has assigned to it."""
    tap = getattr(model, _HOME, None)
    if tap is not None:
        tap.step = batches_seen(model.optimizer)


def rebuild(model: keras.Model) -> None:
    """Makes the training step be compiled again at its next run, since a constant in it changed."""
    tap = getattr(model, _HOME, None)
    if tap is None:
        model.make_train_function(force=True)
    else:
        tap.rebuild()


class StepTap:
    """Takes more out of the training step of one model than its logs.

    For the time of a `fit` the model's public `train_step` is replaced by one that runs the old
    one, watches the call of the optimizer in it, and adds to the logs what is wanted: so the
    numbers are those of the step itself, at no second pass. Optimizer, weights, saved files and
    logs stay as they are.
    """

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        self.readers: list[Reader] = []
        self.step = 0
        self.batch_structure: Any = None
        self._fit: Any = None
        self._plain: Any = None
        self._compiled_for: list[Any] = []
        self._compiled: dict[Wants, Any] = {}

    @property
    def wants(self) -> Wants:
        """What all readers want."""
        return frozenset().union(*(reader.wants for reader in self.readers))

    def attach(self, reader: Reader) -> None:
        """See the function of this name."""
        if self.readers and self._fit is not self.model.history:
            self.readers.clear()  # left over from a `fit` that was broken off
            self._restore_step()
            self._compiled.clear()
            self.model.make_train_function(force=True)
        if not self.readers:
            self._install()
        if reader not in self.readers:
            self.readers.append(reader)
        self._choose()

    def detach(self, reader: Reader) -> None:
        """The last reader to go leaves the model as it was."""
        if reader in self.readers:
            self.readers.remove(reader)
            if not self.readers:
                self._remove()

    def rebuild(self) -> None:
        """See the function of this name."""
        self._compiled.clear()
        self._plain = None
        if self.readers:
            self._choose()
        else:
            self.model.make_train_function(force=True)

    def _install(self) -> None:
        model = self.model
        self._fit = model.history
        self._plain = model.train_function
        self._own_step = vars(model).get("train_step")
        self._inner_step = model.train_step
        if not model.optimizer.built:  # TensorFlow's would be in its first step, within a branch
            model.optimizer.build(model.trainable_variables)
        self.step = batches_seen(model.optimizer)
        parts = [model.optimizer, self._own_step, *model.metrics]
        if len(parts) != len(self._compiled_for) or any(
            new is not old for new, old in zip(parts, self._compiled_for, strict=True)
        ):
            self._compiled.clear()
            self._compiled_for = parts

    def _remove(self) -> None:
        self.readers.clear()
        self._restore_step()
        self.model.train_function = self._plain
        self._plain = None

    def _restore_step(self) -> None:
        vars(self.model).pop("train_step", None)
        if self._own_step is not None:
            self.model.train_step = self._own_step

    def _choose(self) -> None:
        """Makes `fit` use the step with what is wanted now."""
        wants = self.wants
        self._restore_step()
        if wants:  # PyTorch's training function looks the step up at every call
            self.model.train_step = functools.partial(self._train_step, wants)
        if wants not in self._compiled:
            self.model.make_train_function(force=True)
            self._compiled[wants] = self.model.train_function
        self.model.train_function = functools.partial(self._call, self._compiled[wants])

    def _call(self, function: Callable[..., Any], *args: Any) -> Any:
        """One call of the training function, on the host."""
        for reader in self.readers:
            function = functools.partial(reader.around, function)
        returned = function(*args)
        on_jax = keras.backend.backend() == "jax"
        logs = returned[0] if on_jax else returned
        self.step += self.model.steps_per_execution
        results = None
        if isinstance(logs, dict):
            logs = dict(logs)
            results = logs.pop(RESULTS, None)
        if results is not None:
            for reader in self.readers:
                if reader.wants and reader.due(self.step - 1):
                    reader.receive(Reading(self.step - 1, results))
        return (logs, returned[1]) if on_jax else logs

    def _train_step(self, wants: Wants, *args: Any) -> Any:
        """Keras's training step with more in its logs; traced where the backend compiles."""
        if self._fit is not self.model.history:
            return self._inner_step(*args)  # left over from a `fit` that was broken off
        due = any(reader.due(self.step) for reader in self.readers)
        logs, results, state = watched_step(self.model, wants, self._inner_step, due, *args)
        if "batch" in wants:
            self.batch_structure = keras.tree.map_structure(lambda x: x is not None, args[-1])
            flat = keras.tree.flatten(args[-1])
            entries = [entry for entry in flat if entry is not None]
            # TensorFlow passes dictionaries out of a compiled function, and no lists.
            results["batch"] = {str(i): entry for i, entry in enumerate(entries)}
        if isinstance(logs, dict):
            logs = {**logs, RESULTS: results}
        return logs if state is None else (logs, state)

    def batch_of(self, reading: Reading) -> Any:
        """The batch of a reading as the step got it: `x`, or a tuple with `y` and weights."""
        entries = iter(reading.results["batch"].values())
        return keras.tree.map_structure(
            lambda present: next(entries) if present else None, self.batch_structure
        )


def accumulated(optimizer: Any) -> int:
    """Batches per update of an optimizer, through those around it."""
    while optimizer is not None:
        steps = getattr(optimizer, "gradient_accumulation_steps", None)
        if steps:
            return steps
        inner = getattr(optimizer, "inner_optimizer", None)
        optimizer = getattr(optimizer, "optimizer", None) if inner is None else inner
    return 1


def batches_seen(optimizer: Any) -> int:
    """Batches that a built optimizer has been given."""
    return int(keras.ops.convert_to_numpy(optimizer.iterations)) * accumulated(optimizer)
