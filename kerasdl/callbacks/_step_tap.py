"""What a training step computes and no callback sees: gradients, updates, the batch."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import keras
from keras import ops

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

    `wants` holds some of: `"norms"` (`(3, V)` squared norms of gradients, weights and updates, for
    the `V` trainable variables), `"finite"` (`(1 + V,)`, 1 where the loss and each gradient are
    finite; steps with others are held back) and `"batch"` (what the step was given, flat).
    """

    wants: frozenset[str]

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
        self._compiled: dict[frozenset[str], Any] = {}

    @property
    def wants(self) -> frozenset[str]:
        """What all readers want."""
        return frozenset().union(*(reader.wants for reader in self.readers))

    def attach(self, reader: Reader) -> None:
        """See the function of this name."""
        if self.readers and self._fit is not self.model.history:
            self._remove()  # left over from a `fit` that was broken off
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
        self.step = _batches_seen(model.optimizer)
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

    def _train_step(self, wants: frozenset[str], *args: Any) -> Any:
        """Keras's training step with more in its logs; traced where the backend compiles."""
        watch = _Watch(self.model, wants)
        route = _stateless_step if keras.backend.backend() == "jax" else _stateful_step
        logs, rest = route(watch, self._inner_step, *args)
        if "batch" in wants:
            self.batch_structure = keras.tree.map_structure(lambda x: x is not None, args[-1])
            flat = keras.tree.flatten(args[-1])
            entries = [entry for entry in flat if entry is not None]
            # TensorFlow passes dictionaries out of a compiled function, and no lists.
            watch.results["batch"] = {str(i): entry for i, entry in enumerate(entries)}
        if isinstance(logs, dict):
            logs = {**logs, RESULTS: watch.results}
        return logs if rest is None else (logs, rest)

    def batch_of(self, reading: Reading) -> Any:
        """The batch of a reading as the step got it: `x`, or a tuple with `y` and weights."""
        entries = iter(reading.results["batch"].values())
        return keras.tree.map_structure(
            lambda present: next(entries) if present else None, self.batch_structure
        )


class _Watch:
    """Sees one call of the optimizer, and notes what is wanted about it."""

    def __init__(self, model: keras.Model, wants: frozenset[str]) -> None:
        self.model, self.optimizer = model, model.optimizer
        self.scaling = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
        self.wants = wants
        self.results: dict[str, Any] = {}
        self.finite: Any = True

    @property
    def holds_back(self) -> bool:
        return "finite" in self.wants

    def gradients(self, gradients: list[Any], scale: Any) -> Any:
        """Notes the gradients; the result is whether the step may be made."""
        self.scale = scale
        if not self.holds_back:
            return True
        self.flags = [1.0 if g is None else _all_finite(g) for g in gradients]
        if self.scaling:
            return True  # gradients overflow there by design, and it skips them itself
        self.finite = ops.all(ops.stack([ops.cast(flag, "bool") for flag in self.flags]))
        return self.finite

    def norms(self, gradients: list[Any], before: list[Any], after: list[Any]) -> None:
        """Notes squared norms."""
        if "norms" not in self.wants:
            return
        squares = [_square_sum(g) for g in gradients]
        if self.scale is not None:
            squares = [ops.divide(entry, ops.square(self.scale)) for entry in squares]
        updates = [
            _square_sum(ops.subtract(_float(new), _float(old)))
            for new, old in zip(after, before, strict=True)
        ]
        rows = squares, [_square_sum(entry) for entry in before], updates
        self.results["norms"] = ops.stack([ops.stack(row) for row in rows])

    def loss(self, logs: Any) -> Any:
        """Notes whether the loss is finite; the result is whether the rest of the state may go on.

        The loss in the logs is a mean over the epoch, and no bad one has entered it before.
        """
        loss = logs.get("loss") if isinstance(logs, dict) else None
        loss_flag = 1.0 if loss is None else _all_finite(loss)
        flags = [loss_flag, *getattr(self, "flags", ())]
        self.results["finite"] = ops.stack([ops.cast(flag, "float32") for flag in flags])
        return ops.logical_and(self.finite, ops.cast(loss_flag, "bool"))


def _stateless_step(watch: _Watch, inner: Callable[..., Any], state: Any, data: Any) -> Any:
    """On JAX: state in, state out."""
    plain = watch.optimizer.stateless_apply

    def stateless_apply(optimizer_variables: Any, grads: Any, trainable_variables: Any) -> Any:
        values = dict(zip(map(id, watch.optimizer.variables), optimizer_variables, strict=True))
        scale = _scale(watch, values.get(id(getattr(watch.optimizer, "dynamic_scale", None))))
        allowed = watch.gradients(grads, scale)

        def step() -> Any:
            return plain(optimizer_variables, grads, trainable_variables)

        def no_step() -> Any:
            return list(trainable_variables), list(optimizer_variables)

        made = step() if allowed is True else ops.cond(allowed, step, no_step)
        watch.norms(grads, trainable_variables, made[0])
        return made

    with _replaced(watch.optimizer, "stateless_apply", stateless_apply):
        logs, after = inner(state, data)
    if watch.holds_back:
        going_on = watch.loss(logs)
        after = list(after)
        for part in (1, 3):  # what is neither trained nor the optimizer's
            pairs = zip(after[part], state[part], strict=True)
            after[part] = [ops.where(going_on, new, old) for new, old in pairs]
        after = tuple(after)
    return logs, after


def _stateful_step(watch: _Watch, inner: Callable[..., Any], data: Any) -> Any:
    """On TensorFlow and PyTorch: variables are assigned to in passing."""
    plain = watch.optimizer.apply

    def apply(grads: Any, trainable_variables: Any = None) -> None:
        grads = list(grads)
        variables = list(trainable_variables or watch.model.trainable_variables)
        allowed = watch.gradients(grads, _scale(watch, None))
        before = [ops.copy(v) for v in variables] if "norms" in watch.wants else []
        if allowed is True:
            plain(grads, variables)
        else:
            ops.cond(allowed, lambda: plain(grads, variables), lambda: None)
        if before:
            watch.norms(grads, before, [ops.convert_to_tensor(v) for v in variables])

    state = [*watch.model.non_trainable_variables, *watch.model.metrics_variables]
    before = [ops.copy(v) for v in state] if watch.holds_back else []
    with _replaced(watch.optimizer, "apply", apply):
        logs = inner(data)
    if watch.holds_back:
        going_on = watch.loss(logs)
        for variable, old in zip(state, before, strict=True):
            variable.assign(ops.where(going_on, ops.convert_to_tensor(variable), old))
    return logs, None


def _scale(watch: _Watch, value: Any) -> Any:
    """What the gradients were multiplied by; `value` is that of the dynamic scale, if known."""
    if not watch.scaling:
        return watch.optimizer.loss_scale_factor
    return watch.optimizer.dynamic_scale if value is None else value


@contextlib.contextmanager
def _replaced(target: Any, name: str, value: Any) -> Iterator[None]:
    """Shadows a method of one object."""
    vars(target)[name] = value
    try:
        yield
    finally:
        del vars(target)[name]


def _float(tensor: Any) -> Any:
    return ops.cast(ops.convert_to_tensor(tensor), "float32")


def _square_sum(tensor: Any) -> Any:
    return ops.zeros(()) if tensor is None else ops.sum(ops.square(_float(tensor)))


def _all_finite(tensor: Any) -> Any:
    return _float(ops.all(ops.isfinite(ops.convert_to_tensor(tensor))))


def accumulated(optimizer: Any) -> int:
    """Batches per update of an optimizer, through those around it."""
    while optimizer is not None:
        steps = getattr(optimizer, "gradient_accumulation_steps", None)
        if steps:
            return steps
        inner = getattr(optimizer, "inner_optimizer", None)
        optimizer = getattr(optimizer, "optimizer", None) if inner is None else inner
    return 1


def _batches_seen(optimizer: Any) -> int:
    return int(keras.ops.convert_to_numpy(optimizer.iterations)) * accumulated(optimizer)
