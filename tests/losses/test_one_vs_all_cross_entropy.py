import numpy as np
import pytest

from kerasdl.losses import OneVsAllCrossEntropy


def test_value_and_gradient_are_torchs_summed_over_the_classes(rng, value_and_slope):
    torch = pytest.importorskip("torch")
    labels, logits = np.array([0, 4, 2, -1]), rng.normal(size=(4, 5)).astype("float32")
    value, slope = value_and_slope(OneVsAllCrossEntropy(ignored_index=-1), labels, logits)
    z = torch.tensor(logits[:3], dtype=torch.float64, requires_grad=True)
    target = torch.eye(5, dtype=torch.float64)[torch.tensor(labels[:3])]
    terms = torch.nn.functional.binary_cross_entropy_with_logits(z, target, reduction="none")
    expected = terms.sum(-1).mean()
    expected.backward()
    np.testing.assert_allclose(value, expected.item(), rtol=1e-5)
    np.testing.assert_allclose(slope[:3], z.grad.numpy(), rtol=1e-4, atol=1e-6)
    assert not slope[3].any()


def test_huge_logits_do_not_overflow():
    value = OneVsAllCrossEntropy()(np.array([0]), np.array([[-2e4, 1e4]], "float32"))
    assert float(value) == 3e4


def test_shapes_that_do_not_fit_are_shown():
    with pytest.raises(ValueError, match=r"Expected y_true: \(2,\), received: \(3,\)"):
        OneVsAllCrossEntropy()(np.zeros(3, "int32"), np.zeros((2, 4)))
