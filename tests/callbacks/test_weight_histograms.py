import numpy as np
import pytest

from kerasdl.callbacks import WeightHistograms
from kerasdl.errors import UserError


def test_counts_are_those_of_numpy(classifier, fit, weights):
    model, histograms = classifier(width=40), WeightHistograms(bins=7, include=["kernel"])
    fit(model, histograms, epochs=2)
    assert [epoch for epoch, _ in histograms.history] == [0, 1, 2]
    last = histograms.history[-1][1]
    assert [row.path.rpartition("/")[2] for row in last] == ["kernel", "kernel"]
    for row, values in zip(last, weights(model)[::2], strict=True):
        counts, edges = np.histogram(values.astype("float64"), bins=7)
        np.testing.assert_array_equal(row.counts, counts)
        np.testing.assert_allclose(row.edges, edges, rtol=1e-5)
        np.testing.assert_allclose(row.mean, values.mean(dtype="float64"), atol=1e-6)
        np.testing.assert_allclose(row.deviation, values.std(dtype="float64"), rtol=1e-5)
        assert row.not_finite == 0


def test_values_that_are_no_numbers_are_counted_apart(classifier, fit):
    model, histograms = classifier(), WeightHistograms(bins=4)
    model.layers[0].bias.assign([np.nan, 1.0, np.inf, 3.0])
    model.layers[1].bias.assign([2.0, 2.0])
    histograms.set_model(model)
    histograms.on_train_begin()
    _, bias, _, constant = histograms.history[0][1]
    assert (bias.counts.tolist(), bias.not_finite) == ([1, 0, 0, 1], 2)
    assert (bias.mean, bias.deviation) == (2.0, 1.0)
    assert constant.counts.sum() == 2 and constant.edges[[0, -1]].tolist() == [1.5, 2.5]
    row = histograms.table()[1]
    assert row["variable"] == bias.path and row["greatest"] == 3.0 and row["not finite"] == 2


def test_bad_arguments_are_named(classifier, fit):
    for arguments, message in (
        ({"every": 0}, "`every` must be an integer >= 1. Received: every=0"),
        ({"bins": 1}, "`bins` must be an integer >= 2. Received: bins=1"),
        ({"include": "kernel"}, "`include` must be a list of patterns"),
        ({"include": ["("]}, "`include` must hold regular expressions"),
    ):
        with pytest.raises(UserError) as caught:
            WeightHistograms(**arguments)
        assert message in str(caught.value)
    with pytest.raises(UserError, match="`include` must fit some variable"):
        fit(classifier(), WeightHistograms(include=["nothing"]))
