"""CSV tables: kinds of columns, targets, tasks, and tables that are none."""

import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kerasdl.data import Column, DataWarning, Inputs, load
from kerasdl.errors import UserError

pytestmark = pytest.mark.once

NAN = float("nan")
HOUSES = (
    "rooms,area,kind,sold,price",
    "3,70.5,flat,2024-02-29,100",
    "5,,house,2023-12-31 13:45,300.5",
    "2,41,,2024-01-01,90",
    ",60,flat,,120.25",
)


def test_columns_are_told_apart_by_their_content(write_csv):
    data = load(write_csv(*HOUSES), target="price")
    assert data.inputs.columns == (
        Column("rooms"),
        Column("area"),
        Column("kind", "categorical", ("flat", "house")),
        Column("sold", "date"),
    )
    assert data.inputs.shape == (8,)
    assert [column.name for column in data.inputs.matrix_columns] == [
        "rooms",
        "area",
        "kind",
        "sold.year",
        "sold.month",
        "sold.day",
        "sold.weekday",
        "sold.hour",
    ]


def test_rows_become_numbers_codes_and_parts_of_dates(write_csv):
    data = load(write_csv(*HOUSES), target="price")
    expected = [
        [3, 70.5, 0, 2024, 2, 29, 3, 0],  # a Thursday
        [5, NAN, 1, 2023, 12, 31, 6, 13],  # a Sunday
        [2, 41, NAN, 2024, 1, 1, 0, 0],  # a Monday
        [NAN, 60, 0, NAN, NAN, NAN, NAN, NAN],
    ]
    assert data.train.x.dtype == np.float32
    np.testing.assert_array_equal(data.train.x, np.array(expected, "float32"))


def test_a_number_to_predict_is_regression(write_csv):
    data = load(write_csv(*HOUSES), target="price")
    assert (data.task, data.outputs, data.target_names) == ("tabular-regression", 1, ("price",))
    assert data.train.y.tolist() == [[100], [300.5], [90], [120.25]]


def test_a_text_to_predict_is_classification(write_csv):
    data = load(write_csv("x,y", "1,no", "2,yes", "3,no"), target="y")
    assert (data.task, data.classes) == ("tabular-classification", ("no", "yes"))
    assert data.train.y.tolist() == [0, 1, 0]


def test_few_whole_numbers_to_predict_are_classes_by_size(write_csv):
    path = write_csv("x,y", "1,10", "2,-1", "3,9", "4,10.0")
    data = load(path, target="y")
    assert data.classes == ("-1", "9", "10")
    assert data.train.y.tolist() == [2, 0, 1, 2]
    assert load(path, target="y", task="tabular-regression").train.y.tolist() == [
        [10],
        [-1],
        [9],
        [10],
    ]


def test_many_whole_numbers_to_predict_are_values(write_csv):
    data = load(write_csv("x,y", *(f"{i},{i * i}" for i in range(30))), target="y")
    assert data.task == "tabular-regression"


def test_several_columns_of_zero_and_one_are_labels(write_csv):
    path = write_csv("x,red,blue", "1,1,0", "2,0,1", "3,1,0")
    data = load(path, target=["red", "blue"])
    assert (data.task, data.outputs) == ("multi-label-classification", 2)
    assert data.target_names == ("red", "blue")
    assert data.train.y.tolist() == [[1, 0], [0, 1], [1, 0]]
    one = load(path, target=["red", "blue"], task="tabular-classification")
    assert one.classes == ("red", "blue")
    assert one.train.y.tolist() == [0, 1, 0]


def test_several_columns_of_numbers_are_values(write_csv):
    data = load(write_csv("x,a,b", "1,0.5,2", "2,1.5,4"), target=("a", "b"))
    assert (data.task, data.outputs) == ("tabular-regression", 2)


def test_separator_packing_mark_and_quotes_are_understood(write_csv, tmp_path):
    path = write_csv("\ufeffx; kind;y", '1;"a;b";0', '2;"c ""d""";1', "", "3;;1")
    data = load(path, target="y")
    assert data.inputs.columns == (
        Column("x"),
        Column("kind", "categorical", ("a;b", 'c "d"')),
    )
    packed = tmp_path / "table.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    same = load(packed, target="y")
    assert same.name == "table"
    np.testing.assert_array_equal(same.train.x, data.train.x)
    tabs = write_csv("x\ty", "1\t0", "2\t1", name="tabs.tsv")
    assert load(tabs, target="y").train.x.tolist() == [[1], [2]]


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        (("2024/03/05", "2023/01/02"), [2024, 3, 5, 1, 0]),
        (("05.03.2024", "31.12.2023"), [2024, 3, 5, 1, 0]),
        (("2024-03-05T06:07:08Z", "2024-03-06T00:00:00Z"), [2024, 3, 5, 1, 6]),
    ],
)
def test_dates_of_several_forms_are_read(write_csv, dates, first):
    data = load(write_csv("d,y", *(f"{d},{i}" for i, d in enumerate(dates))), target="y")
    assert data.inputs.columns == (Column("d", "date"),)
    assert data.train.x[0].tolist() == first


def test_a_column_without_values_is_left_out_and_said_so(write_csv):
    path = write_csv("x,empty,y", "1,,0", "2,NA,1")
    with pytest.warns(DataWarning, match="column 'empty' has no value in any row"):
        assert load(path, target="y").inputs.columns == (Column("x"),)


def test_a_column_of_names_is_left_out_and_said_so(write_csv):
    path = write_csv("x,name,y", *(f"{i},n{i},{i % 2}" for i in range(300)))
    with pytest.warns(DataWarning, match="'name' has 300 different texts in 300 rows"):
        assert load(path, target="y").inputs.columns == (Column("x"),)


@pytest.mark.parametrize(
    ("lines", "target", "message"),
    [
        (("a,b", "1,2"), "c", "no target column 'c'. Known: a, b."),
        (("price,b", "1,2"), "prise", "Did you mean 'price'"),
        (("a,b", "1,2"), None, "`target` must name the column to predict. Columns: a, b"),
        (("a,b",), "b", "a header and no rows"),
        (("", ""), "b", "the table is empty"),
        (("a,b", "1,2", "3,4,5"), "b", "line 3: every row must have the header's 2 fields.*3"),
        (("a,b", "1,2", "3"), "b", "line 3: .*Received: 1"),
        (("a,b,a", "1,2,3"), "b", "names must differ. Received: 'a' for columns 1 and 3"),
        ((",a,b", "0,1,2"), "b", r"must have a name. Received: none for column 1.*index=False"),
        (("1,2", "3,4"), "b", "first line must name the columns. Received numbers: 1, 2"),
        (("a,b", "1,2", "3,", "4,"), "b", "'b' must have a value in every row.*2 without.*row 2"),
        (("a,b", "1,2", "inf,3"), "b", "finite. Received: 1 that are not, the first inf"),
        (("a,b", "1,2", "1e99,3"), "b", "finite"),
        (("a,b", "1,2.5", "2,1e99"), "b", "targets: values must be finite"),
        (("a,b", "1,1", "2,1e400"), "b", "target 'b': values must be finite"),
        (("a,b", "1,1", f"2,{'9' * 400}"), "b", "target 'b': values must be finite"),
        (("a,b", "1,1", f"{'9' * 400},2"), "b", "inputs: values must be finite"),
        (("a,b,c", "1,1,x", f"2,{'9' * 25},y"), ["b", "c"], "values to predict must be numbers"),
        (("a,b", "1,x", "2,x"), "b", "at least two classes.*of class 'x'"),
        (("a,b", "1,0", "2,1", "?,0"), "b", r"'a' must hold numbers throughout.*'\?' in row 3"),
        (
            ("a,b", "2024-01-01,0", "2024-02-01,1", "soon,0"),
            "b",
            "'a' must hold a date such as .*'soon' in row 3",
        ),
        (("b", "1", "2"), "b", "needs a usable input column besides the target"),
        (("a,b", '1,"2'), "b", "line 2: not a CSV table .unexpected end of data"),
        (("a,b", "1,2", '"3"4,5'), "b", "line 3: not a CSV table"),
        (("a,b", "1,\0"), "b", "must be UTF-8. Received: zero bytes"),
    ],
)
def test_a_table_that_cannot_be_trained_on_is_one_message(write_csv, lines, target, message):
    with pytest.raises(UserError, match=message) as caught:
        load(write_csv(*lines), target=target)
    assert "table.csv" in str(caught.value)


def test_a_table_that_is_not_utf8_says_where_and_how_to_convert(write_csv):
    path = write_csv("a,b", "caf\xe9,1", "tea,0", encoding="latin-1")
    with pytest.raises(UserError, match="must be UTF-8. Received: byte 0xe9 in line 2.*iconv"):
        load(path, target="b")


def test_a_cut_packed_table_is_one_message(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 1000)[:-12])
    with pytest.raises(UserError, match="a.csv.gz: the compressed file is damaged or cut short"):
        load(path, target="b")


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("tabular-regression", "must be numbers.*the first 'no'.*tabular-classification"),
        ("image-classification", "`task` of a table must be one of tabular-classification"),
    ],
)
def test_a_task_that_the_target_does_not_allow_is_named(write_csv, task, message):
    with pytest.raises(UserError, match=message):
        load(write_csv("x,y", "1,no", "2,yes"), target="y", task=task)


def test_labels_other_than_zero_and_one_are_refused(write_csv):
    with pytest.raises(UserError, match="multi-label targets must be 0 or 1. Received: 2.0 at"):
        path = write_csv("x,a,b", "1,0,2", "2,1,1")
        load(path, target=["a", "b"], task="multi-label-classification")


def test_classes_of_fractions_are_refused(write_csv):
    data = load(write_csv("x,y", "1,0.5", "2,1.5"), target="y", task="tabular-classification")
    assert data.classes == ("0.5", "1.5")


def test_new_rows_are_read_by_the_columns_of_training(write_csv):
    inputs = load(write_csv(*HOUSES), target="price").inputs
    path = write_csv("sold,kind,extra,area,rooms", "2024-02-29,tent,9,1.5,", name="new.csv")
    for form in (inputs, Inputs.from_dict(inputs.to_dict())):
        x, names = form.read([path])
        expected = np.array([[NAN, 1.5, -1, 2024, 2, 29, 3, 0]], "float32")
        np.testing.assert_array_equal(x, expected)
        assert names == [f"{path}:1"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("rooms,area,kind", "1,2,flat"), "no column 'sold'; the inputs are rooms, area"),
        (("rooms,area,kind,sold", "1,many,flat,"), "'area' must hold a number.*'many' in row 1"),
        (
            ("rooms,area,kind,sold", "1,2,,", "1,2,,soon"),
            "'sold' must hold a date.*'soon' in row 2",
        ),
    ],
)
def test_new_rows_of_another_form_are_refused(write_csv, lines, message):
    inputs = load(write_csv(*HOUSES), target="price").inputs
    with pytest.raises(UserError, match=message):
        inputs.read([write_csv(*lines, name="new.csv")])


def test_new_rows_may_lack_every_date_and_number(write_csv):
    inputs = load(write_csv(*HOUSES), target="price").inputs
    x, _ = inputs.read([write_csv("rooms,area,kind,sold", ",,,", ",,,", name="new.csv")])
    assert x.shape == (2, 8)
    assert np.isnan(x).all()


def test_categories_that_look_like_numbers_stay_categories(write_csv):
    path = write_csv("zone,y", "A,0", "1,1", "A,0", "B,1")
    inputs = load(path, target="y").inputs
    assert inputs.columns == (Column("zone", "categorical", ("1", "A", "B")),)
    x, _ = inputs.read([write_csv("zone", "1", "1.0", name="new.csv")])
    assert x.tolist() == [[0], [-1]]


def test_only_the_most_frequent_categories_are_kept(write_csv, monkeypatch):
    monkeypatch.setattr("kerasdl.data.table_columns.MOST_CATEGORIES", 2)
    path = write_csv("c,y", *(f"{c},{i % 2}" for i, c in enumerate("aabbbcdaaa")))
    data = load(path, target="y")
    assert data.inputs.columns[0].categories == ("a", "b")
    assert data.train.x[:, 0].tolist() == [0, 0, 1, 1, 1, -1, -1, 0, 0, 0]


FIELDS = st.sampled_from(["1", "x", "", "NA", '"', '"a,b"', "2024-01-01", "1e400", ";", " "])
LINES = st.lists(st.lists(FIELDS, min_size=1, max_size=4).map(",".join), max_size=6)


FUZZ = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@settings(max_examples=100, **FUZZ)
@given(content=LINES.map("\n".join) | st.text(max_size=60))
@pytest.mark.filterwarnings("ignore::kerasdl.data.DataWarning")
def test_any_text_is_a_table_or_refused(write_csv, content):
    read_or_refuse(write_csv("a,b", content))


@pytest.mark.long
@settings(max_examples=5000, **FUZZ)
@given(content=LINES.map("\n".join) | st.text(max_size=200))
@pytest.mark.filterwarnings("ignore::kerasdl.data.DataWarning")
def test_many_texts_are_tables_or_refused(write_csv, content):
    read_or_refuse(write_csv("a,b", content))


def read_or_refuse(path):
    try:
        data = load(path, target="b")
    except UserError as error:
        assert "table.csv" in str(error)
    else:
        assert len(data.train.x) == len(data.train.y)


def test_california_housing_is_what_its_readme_says(data_folder):
    path = data_folder / "california_housing" / "housing.csv"
    if not path.exists():
        pytest.skip(f"no California housing in {data_folder}")
    data = load(path, target="median_house_value")
    assert data.train.x.shape == (20640, 9)
    assert data.task == "tabular-regression"
    assert np.isnan(data.train.x).sum(axis=0).tolist() == [0, 0, 0, 0, 207, 0, 0, 0, 0]
    assert data.inputs.columns[-1].categories == (
        "<1H OCEAN",
        "INLAND",
        "ISLAND",
        "NEAR BAY",
        "NEAR OCEAN",
    )
    np.testing.assert_allclose(
        data.train.x[0], [-122.23, 37.88, 41, 880, 129, 322, 126, 8.3252, 3], rtol=1e-6
    )
    assert data.train.y[0, 0] == 452600


def test_etth1_has_its_date_in_parts(data_folder):
    path = data_folder / "etth1" / "ETTh1.csv"
    if not path.exists():
        pytest.skip(f"no ETTh1 in {data_folder}")
    data = load(path, target="OT")
    assert data.train.x.shape == (17420, 11)
    assert data.train.x[-1, :5].tolist() == [2018, 6, 26, 1, 19]  # a Tuesday, 19 o'clock
