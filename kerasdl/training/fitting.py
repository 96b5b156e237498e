"""Compiling and fitting a run's model as its configuration says."""

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import keras

from kerasdl.backend.compiled_steps import let_compile
from kerasdl.backend.placement import can_place
from kerasdl.callbacks.resumable_checkpoint import ResumableCheckpoint
from kerasdl.callbacks.weights_at_rest import WeightsAtRest
from kerasdl.data import Batches, LengthBatches
from kerasdl.errors import UserError
from kerasdl.optimizers import ExponentialMovingAverage, ParameterGroups, to_rest
from kerasdl.regularizers import apply_regularizer
from kerasdl.schedules import Cosine, Scaled, Schedule, Warmup, parse_schedule
from kerasdl.schedules.known import known_schedules
from kerasdl.tasks import Classification, LanguageModelling, Task
from kerasdl.tasks.language_modelling import reset_states, streams_of
from kerasdl.training.clock import Clock
from kerasdl.training.components import make_component, make_mixing
from kerasdl.training.event_files import event_files
from kerasdl.training.figures import EpochFigures
from kerasdl.training.folder import CHECKPOINTS
from kerasdl.training.guarding import run_guard, told
from kerasdl.training.joining import joining_callbacks
from kerasdl.training.log import MetricsLog
from kerasdl.training.progress import Progress
from kerasdl.training.records import STOPPED
from kerasdl.training.signals import leaving

if TYPE_CHECKING:
    from kerasdl.data import Data
    from kerasdl.training.config import RunConfig
    from kerasdl.training.run import Run


_VALIDATION_BATCH = 256


class Fitted(NamedTuple):
    """What a training took and showed.

    Args:
        seconds: Over all pieces of the run.
        first_step: Seconds of this piece's first step, in which the step is compiled.
        history: The figures of each epoch, by name.
        signal: Number of the signal that ended it; 0 for none.
    """

    seconds: float
    first_step: float
    history: dict[str, list[float]]
    signal: int


class _ResetStates(keras.callbacks.Callback):
    """Before each pass, layers that carry a state from batch to batch begin anew."""

    def _reset(self, *_: Any) -> None:
        reset_states(self.model)

    on_epoch_begin = on_test_begin = on_predict_begin = _reset


def compile_model(model: keras.Model, config: "RunConfig", task: Task, data: "Data") -> Batches:
    """Gives a model the loss, penalty, optimizer and metrics of a configuration.

    Returns:
        The training samples for `fit`: schedules are as long as they are.

    Raises:
        UserError: If one of them is unknown or does not suit the task.

    Warns:
        UserWarning: On JAX, if a layer keeps the steps from being compiled.
    """
    loss = task.loss(_loss(config, task), model, data)
    if config.regularizer:
        apply_regularizer(model, make_component("regularizer", config.regularizer))
    batches = _batches(model, loss, config, task, data)
    optimizer = _optimizer(config, len(batches))
    _tell_of_uncompiled(let_compile(model))
    model.compile(optimizer, loss=loss, metrics=task.metrics(loss, data))
    return batches


def _tell_of_uncompiled(layers: list[keras.Layer]) -> None:
    if layers:
        names = ", ".join(f"{layer.name} ({type(layer).__name__})" for layer in layers)
        warnings.warn(
            "no step of this run is compiled, which makes it many times slower: `supports_jit` is "
            f"false of {names}. Use another layer or backend",
            stacklevel=3,
        )


def fit(
    run: "Run",
    config: "RunConfig",
    batches: Batches,
    events: keras.callbacks.Callback | None = None,
) -> "Fitted":
    """Trains the compiled model of a run, from its newest checkpoint if there is one.

    Writes `metrics.csv` and checkpoints into its folder. SIGINT (Ctrl-C) and SIGTERM end the
    training at the next batch, after a checkpoint, and leave the model as it is then.
    """
    batches = _placed(batches, run.task)
    if isinstance(batches, LengthBatches):  # each shape is compiled once more
        print(batches.report().partition("\n")[0], flush=True)
    validation = _validation(run)
    log = MetricsLog(run.folder / "metrics.csv")
    progress = Progress(config.epochs, len(batches))
    asked_for = [make_component("callback", text) for text in config.callbacks]
    clock = Clock()
    figures = EpochFigures(len(batches))
    callbacks = [WeightsAtRest(), clock, figures, *asked_for, *joining_callbacks(run)]
    callbacks += [*event_files(run.folder / "logs"), log, progress]
    callbacks += [events] if events else []
    if streams_of(run.model):
        callbacks.append(_ResetStates())
    if config.patience is not None:
        callbacks.insert(1, _early_stopping(run, config))
    guard = run_guard(config.guard)
    callbacks = [guard, *callbacks] if guard else callbacks
    checkpoint = _checkpoint(run, config, batches, callbacks)
    with leaving(checkpoint.leave) as asked:
        try:
            run.model.fit(
                batches,
                epochs=config.epochs,
                validation_data=validation,
                validation_batch_size=_VALIDATION_BATCH if isinstance(validation, tuple) else None,
                callbacks=[*callbacks, checkpoint],
                shuffle=False,
                verbose=0,
            )
            run.status = STOPPED if guard and guard.stopped else "finished"
        except KeyboardInterrupt:
            run.status = "interrupted"
            to_rest(run.model.optimizer)
        finally:
            progress.close()
            checkpoint.close()
            run.guarded = told(guard)
    return Fitted(clock.seconds, clock.first_step, log.history, asked.number)


def _checkpoint(
    run: "Run", config: "RunConfig", batches: Batches, callbacks: list[keras.callbacks.Callback]
) -> ResumableCheckpoint:
    watched = run.data.validation is not None
    return ResumableCheckpoint(
        run.folder / CHECKPOINTS,
        batches,
        callbacks,
        every_steps=config.checkpoint_steps,
        every_seconds=config.checkpoint_seconds,
        keep=config.keep_checkpoints,
        monitor=run.task.monitor if watched else None,
        mode=run.task.monitor_mode,
    )


def _batches(
    model: keras.Model, loss: keras.losses.Loss, config: "RunConfig", task: Task, data: "Data"
) -> Batches:
    """The training samples as `fit` gets them."""
    how: dict[str, Any] = {"batch_size": config.batch_size, "seed": config.seed}
    streams = streams_of(model)
    if isinstance(task, LanguageModelling):
        how |= {"steps": config.steps, "streams": streams}
    elif config.steps is not None:
        raise UserError(f"`steps` is for language modelling. Received: the task {data.task}")
    if streams not in (None, config.batch_size):
        raise UserError(
            "`batch_size` must be the network's `streams`, as each row of a batch goes on where "
            f"the last ended. Received: {config.batch_size} and {streams}"
        )
    if config.mix:
        how["transform"] = make_mixing(config.mix)
    batches = task.batches(data.train, loss, data, **how)
    if config.mix and batches.y.ndim != 2:
        raise UserError(
            "`mix` blends labels, which needs a loss of a row per sample, such as "
            f"categorical-crossentropy. Received: loss={config.loss!r}"
        )
    return batches


def _placed(batches: Batches, task: Task) -> Batches:
    """The same batches, taken on the device where they are plain arrays that fit there."""
    if not _is_plain(task) or batches.transform is not None:
        return batches
    if not can_place(batches.x.nbytes + batches.y.nbytes):
        return batches
    return Batches(batches.x, batches.y, batches.batch_size, seed=batches.seed, on_device=True)


def _validation(run: "Run") -> Any:
    held_out = run.data.validation
    if held_out is None:
        return None
    if _is_plain(run.task):
        return held_out.x, run.task.targets(held_out, run.model.loss, run.data)
    how: dict[str, Any] = {"batch_size": _VALIDATION_BATCH, "shuffle": False}
    if streams_of(run.model):
        how |= {"batch_size": streams_of(run.model), "streams": streams_of(run.model)}
    return run.task.batches(held_out, run.model.loss, run.data, **how)


def _is_plain(task: Task) -> bool:
    """Whether samples go to `fit` as the arrays they are."""
    return type(task).batches is Task.batches


def _early_stopping(run: "Run", config: "RunConfig") -> keras.callbacks.Callback:
    if run.data.validation is None:
        raise UserError("`patience` watches the validation split, and `validation` is 0")
    return keras.callbacks.EarlyStopping(
        monitor=run.task.monitor,
        mode=run.task.monitor_mode,
        patience=config.patience,
        restore_best_weights=True,
    )


def _loss(config: "RunConfig", task: Task) -> keras.losses.Loss | None:
    """The loss that the configuration names, or that its label smoothing asks for."""
    smoothing = {"label_smoothing": config.label_smoothing} if config.label_smoothing else {}
    if config.mix and not isinstance(task, Classification):
        raise UserError(f"`mix` is for one class out of several. Received: mix={config.mix!r}")
    if config.loss is None and not smoothing and not config.mix:
        return None
    if smoothing and not task.smooths_labels:
        raise UserError(
            "`label_smoothing` is for tasks with one class or token out of several. "
            f"Received: label_smoothing={config.label_smoothing}"
        )
    usual = "categorical-crossentropy" if config.mix else "softmax-cross-entropy"
    return make_component("loss", config.loss or usual, **smoothing)


def _optimizer(config: "RunConfig", steps: int) -> keras.optimizers.Optimizer:
    factor = _schedule(config.schedule, steps, config.epochs)
    rate = config.learning_rate if factor is None else config.learning_rate * factor
    options: dict[str, Any] = {"weight_decay": config.weight_decay} if config.weight_decay else {}
    if config.accumulate > 1:
        options["gradient_accumulation_steps"] = config.accumulate
    made = make_component("optimizer", config.optimizer, learning_rate=rate, **options)
    if config.no_decay:
        made.exclude_from_weight_decay(var_names=list(config.no_decay))
    if config.layer_decay is not None:
        made = ParameterGroups(made, no_decay=(), layer_decay=config.layer_decay)
    return made if config.ema is None else ExponentialMovingAverage(made, config.ema)


def _schedule(text: str, steps: int, epochs: int) -> Any:
    """What the peak rate is multiplied by; None where it stays."""
    if text == "constant":
        return None
    if text == "cosine":
        warmup = min(epochs * steps // 20, 1000)
        wave = Cosine(max(epochs * steps - warmup, 1))
        return Warmup(warmup) >> wave if warmup else wave
    try:
        found = parse_schedule(text, known_schedules())
    except UserError as error:
        raise UserError(
            f"`schedule` must be cosine, constant, or an expression. Received: {text!r}: {error}"
        ) from None
    return found.resolve(steps) if isinstance(found, Schedule) else Scaled(found, 1.0)
