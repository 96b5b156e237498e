import numpy as np
import pytest

from kerasdl import data
from kerasdl.errors import UserError

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def iris():
    return data.split(data.load("iris"), seed=0, validation=0.0, test=0.2)


def rows(samples):
    return {tuple(row) for row in samples.x.tolist()}


def test_so_many_of_each_class_are_kept_and_the_rest_stays(iris):
    few = data.few_labels(iris, 5, seed=1)
    assert np.bincount(few.train.y).tolist() == [5, 5, 5]
    assert rows(few.train) <= rows(iris.train)
    assert few.test is iris.test


def test_fewer_are_among_more_and_other_seeds_give_others(iris):
    five, ten = (rows(data.few_labels(iris, count, seed=1).train) for count in (5, 10))
    assert five < ten
    assert rows(data.few_labels(iris, 5, seed=2).train) != five


def test_too_many_is_one_message(iris):
    with pytest.raises(UserError, match="at most 40, the training samples of class 'setosa'"):
        data.few_labels(iris, 41, seed=0)


def test_regression_is_refused():
    values = data.split(data.load("diabetes"), seed=0)
    with pytest.raises(UserError, match="`labels_per_class` is for tasks with classes"):
        data.few_labels(values, 5, seed=0)
