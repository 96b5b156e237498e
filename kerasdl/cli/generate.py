"""`kerasdl generate RUN PROMPT`."""

import sys
from typing import Any

import typer

from kerasdl.cli import declarations as opt
from kerasdl.cli import output


def generate(
    run: str = typer.Argument(help="Run folder, of a language model."),
    prompt: str = typer.Argument("", help="Where the text begins; the model's own start if empty."),
    tokens: int = typer.Option(200, help="Tokens at most."),
    greedy: bool = typer.Option(False, "--greedy", help="Always the likeliest token."),
    temperature: float = typer.Option(None, help="Below 1 surer, above 1 bolder; 0.8 by default."),
    top_k: int = typer.Option(None, help="Draw from so many tokens."),
    top_p: float = typer.Option(None, help="Draw from the likeliest of so much probability."),
    min_p: float = typer.Option(None, help="Draw from those of this share of the likeliest."),
    repetition_penalty: float = typer.Option(1.0, help="Above 1: repeated tokens count less."),
    stop: str = typer.Option("", help="A text that ends the writing."),
    seed: int = typer.Option(None, help="Of what is drawn."),
    overlong: str = typer.Option("cut", help="A prompt that fills the context: cut or refuse."),
    chat: bool = typer.Option(False, "--chat", help="Read line after line; answers end a line."),
    backend: opt.Backend = "",
) -> None:
    """Write on from a prompt, as the model's run learned to."""
    from kerasdl.errors import UserError
    from kerasdl.training.writing import Writer

    if overlong not in ("cut", "refuse"):
        raise UserError(f"`--overlong` must be cut or refuse. Received: {overlong!r}")
    if chat and prompt:
        raise UserError("`--chat` reads its prompts: give it no PROMPT")
    writer = Writer(run, backend or None)
    filters = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "min_p": min_p}
    how = {
        "strategy": _strategy(greedy, filters, repetition_penalty),
        "max_new_tokens": tokens,
        "seed": seed,
        "overlong": overlong,
    }
    if chat:
        _chat(writer, stop or "\n", how)
        return
    print(prompt, end="", flush=True)
    _say(writer, prompt, stop or None, how)


def _strategy(greedy: bool, filters: dict[str, Any], penalty: float) -> Any:
    from kerasdl.decoding import Greedy, Sampling
    from kerasdl.errors import UserError

    given = {name: value for name, value in filters.items() if value is not None}
    if greedy:
        if given:
            raise UserError(f"`--greedy` draws nothing: leave out {', '.join(given)}")
        return Greedy(repetition_penalty=penalty)
    return Sampling(**{"temperature": 0.8, **given}, repetition_penalty=penalty)


def _say(writer: Any, prompt: str, stop: str | None, how: dict[str, Any]) -> str:
    said = []
    for piece in writer.write(prompt, stop=stop, **how):
        print(piece, end="", flush=True)
        said.append(piece)
    print(flush=True)
    return "".join(said)


def _chat(writer: Any, stop: str, how: dict[str, Any]) -> None:
    """A line read, a line written; all of it is the next prompt."""
    if sys.stdin.isatty():
        output.note("an empty line ends the conversation")
    history = ""
    while True:
        if sys.stdin.isatty():
            print("> ", end="", flush=True)
        line = sys.stdin.readline().rstrip("\n")
        if not line:
            return
        history += line + "\n"
        history += _say(writer, history, stop, how) + "\n"
