"""Inside a training step: the call of the optimizer, watched and held back where need be."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import keras
from keras import ops

from kerasdl.callbacks._owners import owners_of

Wants = frozenset[str | tuple[str, int]]
"""What is to be taken out of a step; see `Reader`."""


def watched_step(
    model: keras.Model, wants: Wants, inner: Callable[..., Any], due: bool, *args: Any
) -> tuple[Any, dict[str, Any], Any]:
    """Runs the training step `inner` of Keras, and notes what is wanted about it.

    Traced where the backend compiles. There, the step itself counts when norms are due; where it
    runs as it is written, `due` says so.

    Returns:
        The logs, the results, and the new state where the backend passes it.
    """
    backend = keras.backend.backend()
    watch = _Watch(model, wants, due if backend == "torch" else None)
    route = _stateless_step if backend == "jax" else _stateful_step
    logs, state = route(watch, inner, *args)
    return logs, watch.results, state


class _Watch:
    """Sees one call of the optimizer, and notes what is wanted about it."""

    def __init__(self, model: keras.Model, wants: Wants, due: Any) -> None:
        self.model, self.optimizer = model, model.optimizer
        self.scaling = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
        self.periods = sorted({want[1] for want in wants if isinstance(want, tuple)})
        self.kinds = {want[0] for want in wants if isinstance(want, tuple)}
        self.holds_back = "finite" in wants
        self.results: dict[str, Any] = {}
        self.due = due
        self.finite: Any = True
        self.flags: list[Any] = []

    def gradients(self, gradients: list[Any], scale: Any, iterations: Any) -> Any:
        """Notes the gradients; the result is whether the step may be made."""
        self.scale = scale
        if self.due is None and self.periods:
            over = [ops.equal(ops.mod(iterations, period), 0) for period in self.periods]
            self.due = functools.reduce(ops.logical_or, over)
        if "gradient" in self.kinds:
            rates = [_float(owner.learning_rate) for owner in owners_of(self.optimizer)]
            measured = functools.partial(self._norm_of, gradients)
            self.results["gradient"] = ops.stack([self._where_due(measured, ()), *rates])
        if not self.holds_back:
            return True
        self.flags = [1.0 if g is None else _all_finite(g) for g in gradients]
        if self.scaling:
            return True  # gradients overflow there by design, and it skips them itself
        self.finite = ops.all(ops.stack([ops.cast(flag, "bool") for flag in self.flags]))
        return self.finite

    def norms(self, gradients: list[Any], before: list[Any], after: list[Any]) -> None:
        """Notes squared norms, where they are due."""

        def measured() -> Any:
            squares = [self._unscaled(_square_sum(g)) for g in gradients]
            pairs = zip(after, before, strict=True)
            updates = [_square_sum(ops.subtract(_float(new), _float(old))) for new, old in pairs]
            rows = squares, [_square_sum(entry) for entry in before], updates
            return ops.stack([ops.stack(row) for row in rows])

        if self.needs_weights:
            self.results["norms"] = self._where_due(measured, (3, len(gradients)))

    @property
    def needs_weights(self) -> bool:
        """Whether the weights before the step are looked at."""
        return "norms" in self.kinds and self.due is not False

    def _norm_of(self, gradients: list[Any]) -> Any:
        total = sum((_square_sum(g) for g in gradients), ops.zeros(()))
        return ops.sqrt(self._unscaled(total))

    def _unscaled(self, square: Any) -> Any:
        return square if self.scale is None else ops.divide(square, ops.square(self.scale))

    def _where_due(self, measured: Callable[[], Any], shape: tuple[int, ...]) -> Any:
        """What is measured, or -1 at steps where nothing is due."""

        def left_out() -> Any:
            return ops.full(shape, -1.0, dtype="float32")

        if isinstance(self.due, bool):
            return measured() if self.due else left_out()
        return ops.cond(self.due, measured, left_out)

    def loss(self, logs: Any) -> Any:
        """Notes whether the loss is finite; the result is whether the rest of the state may go on.

        The loss in the logs is a mean over the epoch, and no bad one has entered it before.
        """
        loss = logs.get("loss") if isinstance(logs, dict) else None
        loss_flag = 1.0 if loss is None else _all_finite(loss)
        flags = [loss_flag, *self.flags]
        self.results["finite"] = ops.stack([ops.cast(flag, "float32") for flag in flags])
        return ops.logical_and(self.finite, ops.cast(loss_flag, "bool"))


def _stateless_step(watch: _Watch, inner: Callable[..., Any], state: Any, data: Any) -> Any:
    """On JAX: state in, state out."""
    plain = watch.optimizer.stateless_apply

    def stateless_apply(optimizer_variables: Any, grads: Any, trainable_variables: Any) -> Any:
        mapping = zip(watch.optimizer.variables, optimizer_variables, strict=True)
        with keras.StatelessScope(state_mapping=list(mapping)):
            allowed = watch.gradients(grads, *_state_of(watch.optimizer))

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
        allowed = watch.gradients(grads, *_state_of(watch.optimizer))
        before = [ops.copy(v) for v in variables] if watch.needs_weights else []
        if allowed is True:
            plain(grads, variables)
        else:
            ops.cond(allowed, lambda: plain(grads, variables), lambda: None)
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


def _state_of(optimizer: keras.Optimizer) -> tuple[Any, Any]:
    """What the gradients were multiplied by, if by anything, and the count of updates."""
    scaling = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    scale = optimizer.dynamic_scale if scaling else optimizer.loss_scale_factor
    if scale is not None:
        scale = ops.convert_to_tensor(scale, dtype="float32")
    return scale, ops.add(optimizer.iterations, 0)


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
