"""`kerasdl reproduce list | show | run`."""

from typing import Any

import typer

from kerasdl.cli import declarations as opt
from kerasdl.cli import output

app = typer.Typer(
    help="Cards: published results that can be run.", rich_markup_mode=None, no_args_is_help=True
)


@app.command("list")
def list_(json: opt.Json = False) -> None:
    """List the cards of all plugins, published figure beside ours."""
    from kerasdl.cards.card import list_cards

    rows = [
        {
            "card": card.name,
            "metric": card.metric,
            "goal": card.goal,
            "published": card.published.value if card.published else "",
            "ours": _ours(card),
            "device": card.device,
            "summary": card.summary,
            "plugin": card.plugin,
        }
        for card in list_cards()
    ]
    output.as_json(rows) if json else output.table(rows, "no plugin brings a card")


@app.command("show")
def show(name: str = typer.Argument(help="Card.")) -> None:
    """Show all that a card says."""
    from kerasdl.cards.card import read_card

    card = read_card(name)
    output.pairs(
        {
            "card": card.name,
            "summary": card.summary,
            "metric": card.metric + (" (lower is better)" if card.lower_is_better else ""),
            "goal": card.goal,
            "device": card.device + (f", about {card.minutes:g} min a run" if card.minutes else ""),
            "plugin": card.plugin,
            "file": card.path,
            "note": card.note,
        }
    )
    if card.published:
        print()
        output.pairs(
            {
                "published": card.published.value,
                "source": card.published.source,
                "protocol": card.published.protocol,
            }
        )
    print()
    output.table([_row(ours) for ours in card.ours], "ours: not run")
    print()
    for part in ("pretrain", "run", "baseline"):
        output.pairs({f"{part}.{key}": v for key, v in (getattr(card, part) or {}).items()})


@app.command("run")
def run(
    name: str = typer.Argument(help="Card."),
    seeds: int = typer.Option(1, min=1, help="Runs, with seeds 0, 1, ..."),
    backend: opt.Backend = "",
    run_dir: str = typer.Option("", help="Folder of the runs; runs/card-NAME by default."),
    record: bool = typer.Option(False, "--record", help="Append the result to the card's file."),
) -> None:
    """Run a card; runs that are there already are kept."""
    from kerasdl.cards import reproduce

    done = reproduce(
        name,
        seeds,
        backend=backend or None,
        folder=run_dir or None,
        record=record,
        begin=lambda part: print(part, flush=True),
    )
    card, ours = done.card, done.ours
    print()
    output.pairs(
        {
            card.metric: _with_deviation(ours),
            "baseline": _baseline(ours),
            "each run": ", ".join(f"{value:.4f}" for value in done.values),
            "goal": f"{card.goal} ({'reached' if card.reached(ours.value) else 'not reached'})",
            "published": f"{card.published.value}, {card.published.source}"
            if card.published
            else "",
            "minutes a run": ours.minutes,
            "run folders": done.folder,
        }
    )


def _ours(card: Any) -> str:
    return _with_deviation(card.ours[-1]) if card.ours else "not run"


def _with_deviation(ours: Any) -> str:
    spread = f" ± {ours.deviation:.4f}" if ours.deviation is not None else ""
    return f"{ours.value:.4f}{spread} ({ours.seeds} seed{'s' * (ours.seeds > 1)})"


def _baseline(ours: Any) -> str:
    if ours.baseline is None:
        return ""
    spread = f" ± {ours.baseline_deviation:.4f}" if ours.baseline_deviation is not None else ""
    return f"{ours.baseline:.4f}{spread}"


def _row(ours: Any) -> dict[str, Any]:
    return {
        "ours": _with_deviation(ours),
        "baseline": _baseline(ours),
        "minutes": ours.minutes,
        "backend": ours.backend,
        "hardware": ours.hardware,
        "versions": ours.versions,
        "date": ours.date,
    }
