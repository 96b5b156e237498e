"""Training when memory runs out: what would fit, and going on with it."""

import contextlib
import io
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kerasdl.backend.out_of_memory import is_out_of_memory, let_go
from kerasdl.errors import UserError
from kerasdl.training.carrying_out import train
from kerasdl.training.config import RunConfig

if TYPE_CHECKING:
    from kerasdl.training.run import Run


def train_within_memory(
    config: RunConfig, folder: str | Path | None = None, shrink: bool = False
) -> "Run":
    """As `train`; where memory runs out, says which batch size fits, or trains with it.

    The size is found by halving it and trying one step each, in this process; it is a divisor of
    the one asked for. With `shrink` the run begins anew with it, and gradients are accumulated
    over as many batches as make up the size asked for: the same mean gradients, except for what
    goes by the batch (batch normalization). Schedules then count the smaller batches, so that
    lengths written in epochs or left to the default stay, and those written in steps do not.

    Args:
        config: The configuration.
        folder: As for `train`.
        shrink: Whether to go on.

    Raises:
        UserError: Also where memory has run out, without `shrink`, with no size that fits, or after
            an epoch.
    """
    while True:
        try:
            return train(config, folder)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            said = _said(error)
        let_go()
        if folder is not None and Path(folder).exists():
            raise UserError(
                f"memory ran out in the middle of the training ({said}). {folder} holds what was "
                f"done; begin again with a `batch_size` below {config.batch_size}"
            )
        smaller = _that_fits(config)
        if smaller is None:
            raise UserError(
                f"memory ran out with batches of {config.batch_size} ({said}), and no smaller one "
                "fits. Take a smaller network, or smaller inputs"
            )
        fits = f"memory ran out with batches of {config.batch_size} ({said})"
        way = f"batches of {smaller.batch_size} and gradients accumulated over {smaller.accumulate}"
        if not shrink:
            raise UserError(
                f"{fits}. A step with {smaller.batch_size} fits: give --batch-size "
                f"{smaller.batch_size}, or --fit-memory to train with {way}"
            )
        print(f"{fits}: begins anew with {way}", file=sys.stderr, flush=True)
        config = smaller


def smaller_sizes(size: int) -> Iterator[int]:
    """Divisors of a batch size, each at most half of the one before."""
    now = size
    while now > 1:
        now = next(part for part in range(now // 2, 0, -1) if size % part == 0)
        yield now


def _that_fits(config: RunConfig) -> RunConfig | None:
    """The configuration with the largest of the smaller sizes of which one step can be made."""
    for size in smaller_sizes(config.batch_size):
        times = config.batch_size // size
        smaller = replace(
            config,
            batch_size=size,
            accumulate=config.accumulate * times,
            steps=None if config.steps is None else config.steps * times,
        )
        try:
            _one_step(smaller)
        except UserError:
            return None  # the size is tied to the network
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            let_go()
        else:
            return smaller
    return None


def _one_step(config: RunConfig) -> None:
    from kerasdl.training.preparing import prepare

    with contextlib.redirect_stderr(io.StringIO()):  # what is said about the data was said
        model, _, _, batches = prepare(config)
    model.fit(batches, epochs=1, steps_per_epoch=1, shuffle=False, verbose=0)


def _said(error: BaseException) -> str:
    line = str(error).strip().partition("\n")[0] or type(error).__name__
    return line if len(line) <= 120 else f"{line[:117]}..."
