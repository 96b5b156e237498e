"""Options that several commands take."""

from typing import Annotated

import typer

Data = Annotated[str, typer.Option("--data", help="Data set by name, or path of a file or folder.")]
Task = Annotated[str, typer.Option(help="Task; the data's own by default.")]
Target = Annotated[str, typer.Option(help="For a table: column(s) to predict, with commas.")]
ImageSize = Annotated[str, typer.Option(help="Resize images to HEIGHT,WIDTH.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Value of a config field.")
]
Preprocessing = Annotated[
    str, typer.Option(help="none, center, standardize, unit, symmetric or auto.")
]
Tokenizer = Annotated[
    str,
    typer.Option(
        help="characters, words, bpe, unigram or a plugin's, such as 'bpe(vocab_size=8000)'."
    ),
]
TargetTokenizer = Annotated[str, typer.Option(help="The same for targets that are texts.")]
Context = Annotated[int | None, typer.Option(help="Longest input, in tokens or steps.")]
TargetContext = Annotated[int | None, typer.Option(help="Longest target, in tokens.")]
Horizon = Annotated[int | None, typer.Option(help="Steps to forecast.")]
BatchSize = Annotated[int | None, typer.Option(help="Samples a step.")]
LearningRate = Annotated[float | None, typer.Option(help="Peak learning rate.")]
Optimizer = Annotated[
    str, typer.Option(help="Keras's name, or a component's, such as 'nesterov(momentum=0.95)'.")
]
Loss = Annotated[
    str, typer.Option(help="Keras's name, or a component's; the task's own by default.")
]
Regularizer = Annotated[
    str,
    typer.Option(
        help="Penalty on the weights, such as 'weight-elimination(strength=1e-5, scale=0.1)'."
    ),
]
WeightDecay = Annotated[float | None, typer.Option(help="Decoupled weight decay.")]
LabelSmoothing = Annotated[
    float | None, typer.Option(help="Share of the target spread over all classes.")
]
Validation = Annotated[
    float | None, typer.Option(help="Share of samples to watch the training with.")
]
Seed = Annotated[int | None, typer.Option(help="Seed of everything random.")]
Backend = Annotated[str, typer.Option(help="jax, tensorflow or torch.")]
From = Annotated[
    str, typer.Option("--from", metavar="RUN", help="Run or file to take weights from.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
