"""The data sets inside scikit-learn: what they are known to be."""

import numpy as np
import pytest

from kerasdl.data import load, split

pytestmark = pytest.mark.once

pytest.importorskip("sklearn")

# Counts and shapes as scikit-learn's user guide states them ("Toy datasets").
KNOWN = {
    "digits": ("image-classification", (1797, 8, 8, 1), 10),
    "iris": ("tabular-classification", (150, 4), 3),
    "wine": ("tabular-classification", (178, 13), 3),
    "breast-cancer": ("tabular-classification", (569, 30), 2),
    "diabetes": ("tabular-regression", (442, 10), 1),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_data_set_is_what_it_is_known_to_be(name):
    task, shape, outputs = KNOWN[name]
    data = load(name)
    assert (data.name, data.task, data.train.x.shape, data.outputs) == (name, task, shape, outputs)
    assert (data.validation, data.test) == (None, None)
    spec = data.spec()
    assert (spec.task, spec.input_shape, spec.outputs) == (task, shape[1:], outputs)
    assert spec.input_dtype == data.train.x.dtype.name
    assert spec.classes == data.classes


def test_digits_are_bytes_from_0_to_16():
    data = load("digits")
    assert (data.train.x.dtype, data.train.x.min(), data.train.x.max()) == (np.uint8, 0, 16)
    assert data.inputs.value_range == (0, 16)
    assert data.classes == tuple("0123456789")


def test_class_names_and_counts_are_the_published_ones():
    iris, cancer = load("iris"), load("breast-cancer")
    assert iris.classes == ("setosa", "versicolor", "virginica")
    assert np.bincount(iris.train.y).tolist() == [50, 50, 50]
    assert cancer.classes == ("malignant", "benign")
    assert np.bincount(cancer.train.y).tolist() == [212, 357]


def test_diabetes_is_in_its_own_units():
    data = load("diabetes")
    assert data.inputs.columns[0].name == "age"
    assert (data.train.x[:, 0].min(), data.train.x[:, 0].max()) == (19, 79)
    assert (data.train.y.min(), data.train.y.max()) == (25, 346)
    assert data.train.y.shape == (442, 1)


def test_a_table_by_name_reads_new_rows_from_a_file(tmp_path):
    inputs = load("iris").inputs
    header = ",".join(column.name for column in inputs.columns)
    (tmp_path / "new.csv").write_text(f"{header}\n5.1,3.5,1.4,0.2\n")
    x, _ = inputs.read([tmp_path / "new.csv"])
    np.testing.assert_allclose(x, [[5.1, 3.5, 1.4, 0.2]])


def test_digits_split_holds_every_digit_in_every_part():
    data = split(load("digits"), seed=0)
    sizes = {name: len(part) for name, part in data.parts.items()}
    assert sizes == {"train": 1258, "validation": 180, "test": 359}
    for part in data.parts.values():
        shares = np.bincount(part.y, minlength=10) / len(part)
        np.testing.assert_allclose(shares, 0.1, atol=0.01)
