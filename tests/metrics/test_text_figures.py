"""Expected values by hand, from the definitions."""

import math

import keras
import numpy as np
import pytest

from kerasdl.metrics import (
    TokenAccuracy,
    forecasting_metrics,
    span_metrics,
    token_metrics,
    translation_metrics,
)


@pytest.mark.once
def test_figures_a_token():
    figures = token_metrics(math.log(2) * 12, tokens=6, right=3, characters=24)
    assert figures["loss"] == pytest.approx(2 * math.log(2))
    assert figures["perplexity"] == pytest.approx(4)
    assert figures["token_accuracy"] == 0.5
    assert figures["bits_per_character"] == pytest.approx(0.5)
    assert "bits_per_character" not in token_metrics(1.0, 1, 1)


@pytest.mark.once
def test_bleu_of_four_words_of_which_one_is_wrong():
    """Precisions 3/4, 2/3, 1/2 and, as no four words match, 1/2 by smoothing."""
    pytest.importorskip("sacrebleu")
    figures, notes = translation_metrics(["a b c d", "x"], ["a b c e", "x"])
    assert figures["exact_match"] == 0.5
    one, _ = translation_metrics(["a b c d"], ["a b c e"])
    assert one["bleu"] == pytest.approx(100 * (3 / 4 * 2 / 3 * 1 / 2 * 1 / 2) ** 0.25)
    assert "tok:13a" in notes["bleu"] and "nc:6" in notes["chrf"]


@pytest.mark.once
def test_capitals_count_only_where_the_model_writes_some():
    pytest.importorskip("sacrebleu")
    assert translation_metrics(["a b c d"], ["A b c D"])[0]["exact_match"] == 0
    figures, notes = translation_metrics(["a b c d"], ["A b c D"], lowercase=True)
    assert figures["exact_match"] == 1
    assert figures["bleu"] == pytest.approx(100)
    assert "case:lc" in notes["bleu"]


@pytest.mark.once
def test_spans_count_whole():
    """Two spans said, one of them right; three expected."""
    pytest.importorskip("seqeval")
    said = [["B-X", "I-X", "O"], ["B-Y", "O"]]
    true = [["B-X", "I-X", "B-Y"], ["B-X", "O"]]
    figures = span_metrics(said, true)
    assert figures["span_precision"] == pytest.approx(1 / 2)
    assert figures["span_recall"] == pytest.approx(1 / 3)
    assert figures["span_f1"] == pytest.approx(2 / 5)


@pytest.mark.once
def test_forecast_errors_in_deviations_and_in_units():
    came = np.zeros((1, 2, 2))
    said = np.array([[[2.0, 10.0], [-2.0, 30.0]]])
    figures = forecasting_metrics(came, said, np.array([2.0, 10.0]))
    assert figures["mse"] == pytest.approx((1 + 1 + 1 + 9) / 4)
    assert figures["mae"] == pytest.approx((1 + 1 + 1 + 3) / 4)
    assert figures["rmse"] == pytest.approx(math.sqrt((4 + 4 + 100 + 900) / 4))
    assert figures["unit_mae"] == pytest.approx((2 + 2 + 10 + 30) / 4)


def test_token_accuracy_counts_real_tokens_over_batches():
    metric = TokenAccuracy(ignored_index=-1)
    logits = keras.ops.one_hot([[0, 1, 2], [2, 2, 2]], 3)
    metric.update_state([[0, 1, -1], [0, 2, -1]], logits)
    assert float(metric.result()) == pytest.approx(3 / 4)
    metric.update_state([[1, -1, -1], [-1, -1, -1]], logits)
    assert float(metric.result()) == pytest.approx(3 / 5)
    metric.reset_state()
    assert float(metric.result()) == 0
    weighted = TokenAccuracy()
    weighted.update_state([[0, 0, 0], [2, 2, 0]], logits, sample_weight=[1.0, 0.0])
    assert float(weighted.result()) == pytest.approx(1 / 3)
    assert TokenAccuracy.from_config(metric.get_config()).ignored_index == -1
