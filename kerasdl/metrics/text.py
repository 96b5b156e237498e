"""Figures of texts: per token, and of whole sentences against references."""

import math
from collections.abc import Sequence

from kerasdl.errors import require


def token_metrics(loss: float, tokens: int, right: int, characters: int | None = None) -> dict:
    """Loss, perplexity and accuracy per token, and bits per character.

    Args:
        loss: Sum of the negative log-probabilities, in nats.
        tokens: How many were predicted.
        right: How many of them had the highest probability.
        characters: Characters that the tokens stand for; None leaves the bits out.

    Example:
        >>> token_metrics(math.log(4) * 10, 10, 5, characters=20)["bits_per_character"]
        1.0
    """
    mean = loss / tokens
    figures = {
        "loss": mean,
        "perplexity": math.exp(mean) if mean < 700 else math.inf,
        "token_accuracy": right / tokens,
    }
    if characters:
        figures["bits_per_character"] = loss / math.log(2) / characters
    return figures


def translation_metrics(
    said: Sequence[str], references: Sequence[str], lowercase: bool = False
) -> tuple[dict[str, float], dict[str, str]]:
    """BLEU, chrF and the share of exact matches, and the signatures that say how they were taken.

    By sacreBLEU with its own tokenization (13a).

    Args:
        said: What was generated.
        references: What was expected, one for each.
        lowercase: Whether capitals count as small letters, for models that write none.
    """
    require("sacrebleu", "text", "measuring translations")
    from sacrebleu.metrics import BLEU, CHRF

    if lowercase:
        said, references = ([text.lower() for text in texts] for texts in (said, references))
    figures = {"exact_match": sum(map(str.__eq__, said, references)) / len(said)}
    signatures = {}
    for name, metric in {
        "bleu": BLEU(lowercase=lowercase),
        "chrf": CHRF(lowercase=lowercase),
    }.items():
        figures[name] = float(metric.corpus_score(list(said), [list(references)]).score)
        signatures[name] = str(metric.get_signature())
    return figures, signatures


def span_metrics(
    said: Sequence[Sequence[str]], references: Sequence[Sequence[str]]
) -> dict[str, float]:
    """Precision, recall and F1 of labelled spans (`B-PER`, `I-PER`, `O`), by seqeval.

    Args:
        said: Labels of each text.
        references: What was expected.
    """
    require("seqeval", "text", "measuring labelled spans")
    from seqeval import metrics

    pair = [list(own) for own in references], [list(own) for own in said]
    return {
        "span_precision": float(metrics.precision_score(*pair, zero_division=0)),
        "span_recall": float(metrics.recall_score(*pair, zero_division=0)),
        "span_f1": float(metrics.f1_score(*pair, zero_division=0)),
    }
