"""What to do when the loss is no number any more, or shoots up."""

import math
import threading
import warnings
from collections import deque
from typing import Any, Literal, NamedTuple

import keras

from kerasdl.callbacks._checks import check_count, check_positive, check_share
from kerasdl.callbacks._loss_level import LossLevel
from kerasdl.callbacks._rates import multiply_rates
from kerasdl.callbacks._snapshots import (
    Snapshot,
    as_state,
    from_state,
    not_finite,
    put_back,
    take,
)
from kerasdl.callbacks._step_tap import batches_seen
from kerasdl.errors import UserError

_WARNED_AT_MOST = 5
_AT_A_TIME = 8  # losses: measured at 49 us a step on JAX, each as it comes at 79
_OUT_OF_ORDER = 64  # losses
_PATIENCE = 60.0  # seconds


class LossEvent(NamedTuple):
    """One time that the loss was not as it should be.

    Args:
        step: The first step of it, from 0 with the optimizer's first.
        kind: `not finite` or `spike`.
        where: `the loss`, or the weights that are not finite.
        loss: The highest loss of it, or the one that is not finite.
        level: Median of the losses before, or `None` where there were too few.
        limit: What a loss had to be above to count as a spike, or `None`.
        action: What was done.
    """

    step: int
    kind: str
    where: str
    loss: float
    level: float | None
    limit: float | None
    action: str


class LossGuard(keras.callbacks.Callback):
    """Watches the loss for NaN, infinity and spikes, and acts.

    It reads the loss that Keras logs for every batch anyway; the compiled step is the same with it
    and without, so a training in which nothing happens gives the same numbers bit for bit.

    - *Not finite*: the loss of a batch, or the weights when a snapshot is made or an epoch without
      a finite validation loss ends.
    - *A spike*: more than half of the `lasting` latest losses are above `median + deviations *
      1.4826 * MAD` of the `window` losses before them (MAD: median absolute deviation), taken of
      logarithms where all are positive, and above 1.5 times the median. One bad batch is none. At
      least 50 losses must have been seen.

    What is done, for the former by `action`, for the latter by `spikes`:

    - `"note"` (spikes alone): it is written down, and a warning given;
    - `"stop"`: weights and optimizer go back, and training stops;
    - `"skip"`: they go back, and training goes on with the batches that come next, so that those
      since then are left out;
    - `"roll_back"`: likewise, and the learning rate is multiplied by `factor`, whatever schedule it
      follows.

    They go back to the newest snapshot of at least `snapshot_every / 2` steps before it began,
    where there is one. A snapshot is made before the first step and every `snapshot_every`. After
    `attempts` times in which less than `2 * snapshot_every` steps went well, training stops.

    Put it before other callbacks. Losses are looked at every eight steps, and those of the eight
    steps before are left to come; so up to 15 more run after a bad one, which are undone too. Which
    batches those are does not depend on the clock: the same training goes back in the same way,
    also one that was killed and goes on by `ResumableCheckpoint` (which then holds the snapshots,
    three times the state, unless both actions are `"stop"` or `"note"`).

    Cost: microseconds a step in the thread that reads the logs; a copy of weights, optimizer and
    metrics into the host's memory every `snapshot_every` steps, of which two are kept.

    Args:
        action: What to do about a loss or weights that are not finite.
        spikes: What to do about spikes.
        deviations: How far above the level a loss is high, in robust standard deviations.
        window: Losses that the level is taken of.
        lasting: Losses of which more than half must be high.
        factor: In (0, 1): what the learning rate is multiplied by.
        attempts: How often to go back in vain.
        snapshot_every: Steps.

    Raises:
        UserError: If an argument is out of its range.

    Differs from: `TrainingGuard`, which holds back the very step whose gradients are not finite and
    names the tensor, for which the step is compiled anew (its last bits may differ on JAX) and
    costs more; `keras.callbacks.TerminateOnNaN`, which leaves the weights spoilt.

    Example:
        >>> guard = LossGuard("roll_back", spikes="skip")
        >>> model.fit(x, y, callbacks=[guard])
        >>> [(event.step, event.kind) for event in guard.events]
        []

    Reference: Chowdhery et al., 2022, section 5.1, https://arxiv.org/abs/2204.02311 (going back to
    about 100 steps before a spike and leaving out the batches since); Iglewicz and Hoaglin, 1993,
    How to Detect and Handle Outliers (deviations by MAD)
    """

    async_safe = True

    def __init__(
        self,
        action: Literal["stop", "skip", "roll_back"] = "stop",
        spikes: Literal["note", "stop", "skip", "roll_back"] = "note",
        deviations: float = 5.0,
        window: int = 200,
        lasting: int = 10,
        factor: float = 0.5,
        attempts: int = 3,
        snapshot_every: int = 200,
    ) -> None:
        super().__init__()
        _check_choice("action", action, ("stop", "skip", "roll_back"))
        _check_choice("spikes", spikes, ("note", "stop", "skip", "roll_back"))
        check_positive("deviations", deviations)
        check_count("window", window, least=50)
        check_count("lasting", lasting)
        check_share("factor", factor)
        check_count("attempts", attempts)
        check_count("snapshot_every", snapshot_every, least=2)
        self.action = action
        self.spikes = spikes
        self.deviations = deviations
        self.window = window
        self.lasting = lasting
        self.factor = factor
        self.attempts = attempts
        self.snapshot_every = snapshot_every
        self.events: list[LossEvent] = []
        self.stopped = False
        self._lock = threading.Condition()
        self._level = LossLevel(deviations, window, lasting)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begins to watch."""
        self.events = []
        self.stopped = False
        self._level.clear()
        self._pending: LossEvent | None = None
        self._gives_loss = True
        self._snapshots: list[Snapshot] = []
        self._steps: deque[int] = deque(maxlen=self.lasting)  # of the latest losses
        self._in_vain, self._went_back_at = 0, 0
        if not self.model.optimizer.built:
            self.model.optimizer.build(self.model.trainable_variables)
        self._fitted = self.model  # `self.model` would gather the state of a step that is running
        self._stride = self._fitted.steps_per_execution
        self._epoch_step = self._steps_made()
        self._epoch, self._batch, self._batches, self._ended = 0, 0, 0, 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keras's means begin anew."""
        self._epoch_step += self._ended
        self._epoch, self._batch, self._ended = epoch, 0, 0
        self._count_from(0, 0)
        if not self._snapshots:
            self._snap(self._epoch_step)

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Acts, if something has happened; makes a snapshot, if it is time."""
        self._batch = batch
        self._look()
        if self._fitted.stop_training:
            return  # the end of the epoch goes back: this batch is still trained on
        step = self._epoch_step + batch
        if not self._snapshots or step - self._snapshots[-1].step >= self.snapshot_every:
            self._snap(step)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the loss. On JAX in another thread, while later batches are under way."""
        mean = (logs or {}).get("loss")
        with self._lock:
            self._ended = max(self._ended, batch + 1)
            self._gives_loss = mean is not None
            if mean is None or batch < self._valid_from:
                return
            self._waiting[self._offset + batch + 1] = mean
            if len(self._waiting) >= _AT_A_TIME:
                self._read(everything=len(self._waiting) > _OUT_OF_ORDER)
            self._lock.notify()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Sees to it that what is validated and saved is sound."""
        self._batch = self._ended
        with self._lock:
            self._read(everything=True)
        checked = math.isfinite((logs or {}).get("val_loss", math.nan))
        if self._pending is None and not checked:
            self._check_weights(self._epoch_step + self._ended)
        if self._pending is not None:
            self._act(ending=True)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Lets the copies go."""
        self._snapshots = []
        self._fitted = None

    def is_settled(self) -> bool:
        """Whether all losses up to here have been seen, and nothing is left to be acted upon."""
        self._catch_up()
        return self._pending is None

    def state(self) -> dict[str, Any]:
        """What a training that is resumed must remember."""
        self._catch_up()
        return {
            "level": self._level.state(),
            "mean": self._mean,
            "steps": list(self._steps),
            "in_vain": self._in_vain,
            "went_back_at": self._went_back_at,
            "step": self._epoch_step + self._batch,
            "batches": self._offset + self._batch,
            "events": [list(event) for event in self.events],
            "snapshots": [as_state(entry) for entry in self._snapshots if self._goes_back],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from a state, in the middle of an epoch too."""
        self._level.restore(state["level"])
        self.events = [LossEvent(*event) for event in state["events"]]
        self._in_vain, self._went_back_at = state["in_vain"], state["went_back_at"]
        self._count_from(self._batch, state["batches"])
        self._mean = state["mean"]
        self._steps.extend(state["steps"])
        self._epoch_step = state["step"] - self._batch
        self._snapshots = [from_state(self.model, entry) for entry in state["snapshots"]]

    @property
    def _goes_back(self) -> bool:
        """Whether a training may go on from a snapshot."""
        return bool({self.action, self.spikes} & {"skip", "roll_back"})

    def _steps_made(self) -> int:
        return batches_seen(self.model.optimizer)

    def _count_from(self, batch: int, batches: int) -> None:
        """From `batch` on, of this epoch, the mean is over `batches` more than are read here."""
        with self._lock:
            self._valid_from, self._offset = batch, batches - batch
            self._waiting: dict[int, Any] = {}
            self._batches, self._mean = batches, 0.0 if batches == 0 else None
            self._looks = batches // _AT_A_TIME

    def _look(self) -> None:
        """Acts, if it is time, on what the losses showed that have had time to come."""
        place = self._offset + self._batch
        if place // _AT_A_TIME == self._looks:
            return
        self._looks = place // _AT_A_TIME
        old = place - _AT_A_TIME
        self._wait_for(old)
        waits = self._pending is not None and self._pending_at <= old
        if waits and not self._fitted.stop_training:
            self._act()

    def _read(self, everything: bool) -> None:
        """Takes the means in their order; threads may bring them in any."""
        following = self._batches + self._stride
        while self._waiting and (everything or following in self._waiting):
            batches = min(self._waiting)
            mean = float(keras.ops.convert_to_numpy(self._waiting.pop(batches)))
            if batches > self._batches and self._pending is None:
                self._see(batches, mean, self._epoch_step + batches - self._offset - 1)
            self._batches = max(batches, self._batches)
            following = self._batches + self._stride

    def _see(self, batches: int, mean: float, step: int) -> None:
        loss = mean
        if self._mean is not None and self._batches:
            # The mean times the batches is the sum, when all are of one size.
            total, before = batches * mean, self._batches * self._mean
            loss = (total - before) / (batches - self._batches)
        known = self._mean is not None
        self._steps.append(step)
        self._batches, self._mean = batches, mean
        if not math.isfinite(mean):
            self._note("not finite", step, "the loss", mean)
        elif known and self._level.see(loss):
            first = list(self._level.high).index(True) - len(self._level.high)
            self._note("spike", self._steps[first], "the loss", max(self._level.latest()))

    def _note(self, kind: str, step: int, where: str, loss: float) -> None:
        level = self._level.level
        figures = (None, None) if level is None else tuple(level)
        event = LossEvent(step, kind, where, loss, *figures, self._wish(kind))
        if event.action == "note":
            self._write_down(event._replace(action="it is noted"))
            return
        self._pending, self._pending_at = event, self._batches

    def _wish(self, kind: str) -> str:
        return self.spikes if kind == "spike" else self.action

    def _check_weights(self, step: int) -> None:
        bad = not_finite(self.model)  # waits for the device
        self._catch_up()
        if bad and self._pending is None:
            self._note("not finite", max(step - 1, 0), bad, math.nan)

    def _snap(self, step: int) -> None:
        if self._snapshots:
            self._check_weights(step)
        if self._pending is not None:
            self._act()
            return
        snapshot = take(self.model, step, self._epoch, self._offset + self._batch)
        self._snapshots = [*self._snapshots[-1:], snapshot]

    def _catch_up(self) -> None:
        """Sees the losses of the steps that are done."""
        self._wait_for(self._offset + self._batch)

    def _wait_for(self, batches: int) -> None:
        """Sees the losses up to a batch; the thread that brings them may be behind."""
        with self._lock:
            self._lock.wait_for(lambda: self._has_seen(batches), timeout=_PATIENCE)

    def _has_seen(self, batches: int) -> bool:
        self._read(everything=False)
        return self._batches >= batches or not self._gives_loss

    def _act(self, ending: bool = False) -> None:
        event, model = self._pending, self.model
        wish, trouble = event.action, ""
        if wish != "stop":
            now = self._epoch_step + self._batch
            well = now - self._went_back_at >= 2 * self.snapshot_every
            self._in_vain = 1 if well or not self._in_vain else self._in_vain + 1
            self._went_back_at = now
        if self._in_vain > self.attempts:
            wish, trouble = "stop", f", time {self._in_vain} in a row"
        if wish == "stop":
            model.stop_training = self.stopped = True
            if not ending:
                self._pending = event._replace(action="stop")
                return
        snapshot = self._before(event.step)
        self._count_from(self._batch, put_back(model, snapshot, self._epoch))
        self._level.forgive()
        done = self._how_to_go_on(wish, model)
        back = f"back to the weights before step {snapshot.step}{trouble}; {done}"
        self._pending = None
        self._write_down(event._replace(action=back))

    def _before(self, step: int) -> Snapshot:
        """The one to go back to; newer ones are let go."""
        snapshot = self._snapshots[0]
        for newer in self._snapshots[1:]:
            if step - newer.step >= self.snapshot_every / 2:
                snapshot = newer
        self._snapshots = [snapshot]
        return snapshot

    def _how_to_go_on(self, wish: str, model: keras.Model) -> str:
        if wish == "stop":
            return "training stops"
        if wish == "skip":
            return "the batches since then are left out"
        rates = multiply_rates(model, self.factor)
        return f"learning rate {rates.before:.3g} -> {rates.after:.3g}"

    def _write_down(self, event: LossEvent) -> None:
        self.events.append(event)
        if len(self.events) <= _WARNED_AT_MOST or self.stopped:
            warnings.warn(described(event), stacklevel=4)


def described(event: LossEvent) -> str:
    """One sentence about an event."""
    usual = "" if event.level is None else f" (usually {event.level:.4g})"
    if event.kind == "spike":
        what = f"the loss has shot up to {event.loss:.4g}{usual}"
    elif event.where == "the loss":
        what = f"the loss is {event.loss}{usual}"
    else:
        what = f"not finite: {event.where}"
    return f"step {event.step}: {what}: {event.action}"


def _check_choice(name: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UserError(f"`{name}` must be one of {', '.join(known)}. Received: {name}={value!r}")
