"""`kerasdl train`."""

import signal
from typing import Any

import typer

from kerasdl.cli import declarations as opt
from kerasdl.cli import output
from kerasdl.cli.results import print_results


def train(
    architecture: str = typer.Argument("", help="Architecture or variant (see `kerasdl list`)."),
    data: opt.Data = "",
    task: opt.Task = "",
    target: opt.Target = "",
    image_size: opt.ImageSize = "",
    set_: opt.Set = None,
    preprocessing: opt.Preprocessing = "",
    tokenizer: opt.Tokenizer = "",
    target_tokenizer: opt.TargetTokenizer = "",
    context: opt.Context = None,
    target_context: opt.TargetContext = None,
    word_length: int = typer.Option(None, help="Characters of each word that are read; 0: none."),
    overlong: str = typer.Option("", help="Texts beyond that: cut or refuse."),
    horizon: opt.Horizon = None,
    epochs: int = typer.Option(None, help="Passes over the training split."),
    steps: int = typer.Option(None, help="Steps of an epoch, for language modelling."),
    batch_size: opt.BatchSize = None,
    accumulate: int = typer.Option(None, help="Batches whose mean gradient makes one update."),
    fit_memory: bool = typer.Option(
        False, "--fit-memory", help="Out of memory: smaller batches that fit, accumulated."
    ),
    learning_rate: opt.LearningRate = None,
    optimizer: opt.Optimizer = "",
    loss: opt.Loss = "",
    regularizer: opt.Regularizer = "",
    callback: list[str] = typer.Option(
        [], metavar="NAME", help="Callback, such as 'throughput' or 'gradient-monitor(every=10)'."
    ),
    augment: list[str] = typer.Option(
        [], metavar="LAYER", help="Change inputs in training, such as 'random-shift(pixels=2)'."
    ),
    schedule: str = typer.Option(
        "", help="cosine, constant, or factors: 'warmup(epochs(1)) >> cosine(epochs(9))'."
    ),
    weight_decay: opt.WeightDecay = None,
    no_decay: list[str] = typer.Option(
        [], metavar="REGEX", help="Variables that do not decay, by their path."
    ),
    label_smoothing: opt.LabelSmoothing = None,
    mix: str = typer.Option(
        "", help="Blend samples and labels of a batch: 'mixup(alpha=0.2)' or cutmix."
    ),
    layer_decay: float = typer.Option(
        None, help="Learning rate of a layer by that of the layer after it."
    ),
    ema: float = typer.Option(
        None, metavar="MOMENTUM", help="Keep an exponential mean of the weights, such as 0.999."
    ),
    test_time_flip: bool = typer.Option(
        False, "--test-time-flip", help="Predict by the mean over an image and its mirror image."
    ),
    checkpoint_steps: int = typer.Option(None, help="Save a checkpoint after so many steps."),
    checkpoint_seconds: float = typer.Option(None, help="Or after so long; 30 by default."),
    keep_checkpoints: int = typer.Option(None, help="How many stay, beside the best."),
    deterministic: bool = typer.Option(
        False, "--deterministic", help="Hold the backend to kernels that give the same bits again."
    ),
    patience: int = typer.Option(None, help="Stop after so many epochs without improvement."),
    validation: opt.Validation = None,
    test: float = typer.Option(None, help="Share of samples for the final figures."),
    labels_per_class: int = typer.Option(None, help="Training samples kept of each class."),
    fold: str = typer.Option("", metavar="K/N", help="Test on the K-th of N parts instead."),
    precision: str = typer.Option("", help="float32, mixed_bfloat16 or mixed_float16."),
    guard: str = typer.Option(
        "", help="Loss not finite, or shot up: stop, skip, roll-back or off; stop by default."
    ),
    seed: opt.Seed = None,
    backend: opt.Backend = "",
    seeds: int = typer.Option(
        None, min=1, help="Train so many runs, from --seed on, and give mean and spread."
    ),
    run_dir: str = typer.Option("", help="Folder for the run; must not exist."),
    config: str = typer.Option(
        "", "--config", metavar="FILE", help="Repeat a run from its config.toml."
    ),
    from_: opt.From = "",
    freeze: list[str] = typer.Option([], metavar="PATTERN", help="Layers that are not trained."),
) -> None:
    """Train on data; leaves a run folder."""
    from kerasdl.cli import options

    given = {
        "architecture": architecture,
        "data": data,
        "task": task,
        "target": options.columns(target),
        "image_size": options.size(image_size),
        "preprocessing": preprocessing,
        "tokenizer": tokenizer,
        "target_tokenizer": target_tokenizer,
        "context": context,
        "target_context": target_context,
        "word_length": word_length,
        "overlong": overlong,
        "horizon": horizon,
        "epochs": epochs,
        "steps": steps,
        "batch_size": batch_size,
        "accumulate": accumulate,
        "learning_rate": learning_rate,
        "optimizer": optimizer,
        "loss": loss,
        "regularizer": regularizer,
        "callbacks": tuple(callback),
        "augment": tuple(augment),
        "schedule": schedule,
        "weight_decay": weight_decay,
        "no_decay": tuple(no_decay),
        "label_smoothing": label_smoothing,
        "mix": mix,
        "layer_decay": layer_decay,
        "ema": ema,
        "test_time_flip": test_time_flip or None,
        "checkpoint_steps": checkpoint_steps,
        "checkpoint_seconds": checkpoint_seconds,
        "keep_checkpoints": keep_checkpoints,
        "deterministic": deterministic or None,
        "patience": patience,
        "validation": validation,
        "test": test,
        "labels_per_class": labels_per_class,
        "fold": fold,
        "precision": precision,
        "guard": guard,
        "seed": seed,
        "backend": backend,
        "weights": from_,
        "freeze": tuple(freeze),
    }
    from kerasdl.cli.run_config import run_config
    from kerasdl.training import train_within_memory

    made = run_config(given, options.settings(set_), config)
    if seeds is not None:
        from kerasdl.cli.repeated import train_repeatedly

        train_repeatedly(made, seeds, run_dir)
        return
    show_end(train_within_memory(made, run_dir or None, fit_memory))


def show_end(run: Any) -> None:
    """Prints what a run has come to; exits as the signal that ended it asks for."""
    if run.status == "interrupted":
        if (run.folder / "model.keras").is_file():
            print_results(run.folder)
        output.note(f"interrupted; it goes on where it was by: kerasdl resume {run.folder}")
        raise typer.Exit(128 + (run.signal or signal.SIGINT))
    print_results(run.folder)
