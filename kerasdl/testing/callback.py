"""The checks of a callback."""

import tempfile
from collections.abc import Callable, Collection
from pathlib import Path

import keras

from kerasdl.testing import checks
from kerasdl.testing.callback_case import CallbackCase, overrides
from kerasdl.testing.checks import demand
from kerasdl.testing.numerics import assert_close, assert_finite

_BATCH_END_HOOKS = (
    "on_batch_end",
    "on_train_batch_end",
    "on_test_batch_end",
    "on_predict_batch_end",
)


def check_callback(
    make: Callable[[], keras.callbacks.Callback],
    *,
    make_model: Callable[[], keras.Model] | None = None,
    skip: Collection[str] = (),
    only: Collection[str] | None = None,
) -> None:
    """Runs every rule of `CALLBACK_CHECKS` on a callback.

    Args:
        make: Returns a new callback, always the same.
        make_model: Returns a compiled model that takes `(4, 3)` batches and gives two logits for
            integer labels; by default a small classifier trained by SGD.
        skip: Names of checks left out, or a mapping of names to reasons.
        only: Names of the only checks run.

    Raises:
        AssertionError: At the first rule broken; names check, callback and what reproduces it.
        UserError: If an argument here is wrong.

    Example:
        >>> check_callback(lambda: keras.callbacks.EarlyStopping("val_loss", patience=1))
    """
    chosen = checks.selected(CALLBACK_CHECKS, skip, only)
    checks.run("check_callback", chosen, CallbackCase(make, make_model=make_model))


def batch_hooks_async_safe(case: CallbackCase) -> None:
    """A callback that overrides a batch-end hook has `async_safe = True`.

    Without it every step of `fit` waits for the logs to arrive on the host.

    Reproduce: make().async_safe
    """
    callback = case.new()
    overridden = [name for name in _BATCH_END_HOOKS if overrides(callback, name)]
    demand(
        not overridden or getattr(callback, "async_safe", False),
        f"{', '.join(overridden)} overridden, and `async_safe` is not True",
    )


def fits(case: CallbackCase) -> None:
    """`fit` with validation, `evaluate` and `predict` run with it and leave finite weights.

    Reproduce: model.fit(x, y, validation_data=(x, y), callbacks=[make()])
    """
    model = case.run.model
    for variable in model.trainable_variables:
        assert_finite(variable, f"variable {variable.path} after fit")
    model.evaluate(case.x, case.y, callbacks=[case.run.callback], verbose=0)
    model.predict(case.x, callbacks=[case.run.callback], verbose=0)


def fits_again(case: CallbackCase) -> None:
    """A callback that has been used serves a new model as a fresh one does.

    Reproduce: model.fit(x, y, callbacks=[c]); other_model.fit(x, y, callbacks=[c])
    """
    first, second = case.run.history, case.fit(case.model(), case.run.callback)
    demand(
        sorted(first.history) == sorted(second.history) and first.epoch == second.epoch,
        f"epochs {second.epoch} with logs {sorted(second.history)}, with a fresh callback "
        f"{first.epoch} with {sorted(first.history)}",
    )
    own = {metric.name for metric in case.run.model.metrics}
    for name, values in first.history.items():
        if name.removeprefix("val_") in own:  # others may be times
            assert_close(second.history[name], values, f"history of {name}", rtol=1e-4, atol=1e-6)


def survives_saving(case: CallbackCase) -> None:
    """A model trained with it is saved and loaded as any other.

    Reproduce: model.fit(x, y, callbacks=[make()]); model.save("m.keras")
    """
    model = case.run.model
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.keras"
        model.save(file)
        loaded = keras.saving.load_model(file, compile=False)
    assert_close(loaded(case.x), model(case.x), "predictions of the loaded model", atol=1e-6)


def compiles_once(case: CallbackCase) -> None:
    """With it no step compiles again after the first epoch.

    Reproduce: model.fit(x, y, epochs=2, callbacks=[make()])
    """
    if keras.backend.backend() == "torch":
        return  # runs as it is written; there is nothing to compile
    traces = case.run.traces
    demand(
        len(traces) < 3 or traces[2] == traces[1],
        f"the model had been traced {traces} times when each epoch began and after the last",
    )


def batch_hooks_avoid_model(case: CallbackCase) -> None:
    """Hooks of batches do not read `self.model`.

    On JAX each reading puts all weights back into the model, and from an asynchronous hook it
    meets weights that the next step has already consumed.

    Reproduce: model.fit(x, y, callbacks=[make()]) on JAX
    """
    readings = case.run.model_readings
    demand(not readings, f"{readings} readings of `self.model` in hooks of training batches")


CALLBACK_CHECKS = checks.collect(
    batch_hooks_async_safe,
    batch_hooks_avoid_model,
    fits,
    fits_again,
    survives_saving,
    compiles_once,
)
"""The rules of a callback, the nearest to the cause first."""
