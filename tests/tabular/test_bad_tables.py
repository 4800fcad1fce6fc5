"""Tables with something wrong: they are encoded, or the column and the remedy are named."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from tables import objects

from sknn_actloss import TabularClassifier, TabularRegressor
from sknn_actloss.tabular import PiecewiseLinearEncoder, TableEncoder


def table(*values):
    """Return numbers beside a column of the values."""
    X = np.empty((len(values), 2), dtype=object)
    X[:, 0] = np.arange(len(values))
    for index, value in enumerate(values):
        X[index, 1] = value
    return X


NESTED = {
    "list": [1, 2],
    "tuple": (1, 2),
    "set": {1},
    "dict": {"a": 1},
    "array": np.zeros(2),
}


@pytest.mark.parametrize("value", NESTED.values(), ids=NESTED)
def test_columns_of_lists_are_refused(value):
    with pytest.raises(ValueError, match=r"Column 'x1' of X holds lists .* replace it .* or drop"):
        TableEncoder().fit(table(value, value, None))


@pytest.mark.parametrize("kind", ["List", "Array", "Struct"])
def test_nested_columns_of_polars_are_refused(kind):
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"a": [1.0, 2.0, 3.0], "x1": [[1, 2], [3, 4], [5, 6]]})
    if kind == "Array":
        frame = frame.with_columns(pl.col("x1").cast(pl.Array(pl.Int64, 2)))
    if kind == "Struct":
        frame = frame.with_columns(x1=pl.struct("a"))
    with pytest.raises(ValueError, match="Column 'x1' of X holds lists"):
        TableEncoder().fit(frame)


@pytest.mark.parametrize(
    ("strings", "message"),
    [
        ([f"this is the long text of row {i}" for i in range(100)], "free text; drop it"),
        ([f"{i / 7:.3f}" for i in range(100)], r"numbers as strings; .*pandas\.to_numeric"),
        ([f"2020-{1 + i % 12:02}-{1 + i // 12:02}" for i in range(100)], r"pandas\.to_datetime"),
    ],
)
def test_strings_that_are_something_else_are_refused(strings, message):
    with pytest.raises(ValueError, match=f"Column 'x1' of X holds .*{message}"):
        TableEncoder().fit(table(*strings))
    assert TableEncoder(categorical_features=[1]).fit_transform(table(*strings)).shape[1] > 64


@pytest.mark.parametrize("where", ["fit", "transform"])
@pytest.mark.parametrize("infinity", [np.inf, -np.inf])
def test_infinity_is_refused(where, infinity):
    X = np.array([[0.0, 1.0], [1.0, 5.0], [2.0, 3.0]])
    encoder = TableEncoder().fit(X)
    X[1, 1] = infinity
    with pytest.raises(ValueError, match="Column 'x1' of X holds infinity; replace it by NaN"):
        getattr(encoder, where)(X)


def test_complex_numbers_are_refused():
    pd = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match="Column 'q' of X holds complex numbers; replace it"):
        TableEncoder().fit(pd.DataFrame({"q": [1j, 2j]}))


def test_tables_that_tell_nothing_are_refused():
    X = np.array([[1.0, np.nan], [1.0, np.nan]])
    with pytest.raises(
        ValueError, match="'x0' has a single value, 'x1' is missing in all rows; give it one"
    ):
        TableEncoder().fit(X)


def test_tables_without_rows_or_columns_are_refused():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1.0, 2.0]})
    for bad, what in ((frame[[]], "0 feature"), (frame[:0], "0 sample"), (frame[:1], "1 sample")):
        with pytest.raises(ValueError, match=rf"Found a table with {what}\(s\)"):
            TableEncoder().fit(bad)
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        TableEncoder().fit(frame).transform(frame[:0])


def test_repeated_names_are_refused():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame([[1.0, 2.0], [3.0, 4.0]], columns=["a", "a"])
    with pytest.raises(ValueError, match="several columns of the name 'a'; rename all but one"):
        TableEncoder().fit(frame)


def test_sparse_and_lazy_tables_are_refused():
    with pytest.raises(TypeError, match="Sparse data was passed"):
        TableEncoder().fit(scipy.sparse.eye_array(3, format="csr"))
    pl = pytest.importorskip("polars")
    with pytest.raises(TypeError, match=r"lazy table; pass X\.collect\(\)"):
        TableEncoder().fit(pl.LazyFrame({"a": [1.0, 2.0]}))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (0, 10**400, "'x0' of X held numbers in fit, .* too large to convert to float"),
        (0, "abc", "'x0' of X held numbers in fit, .* could not convert string to float: 'abc'"),
        (3, [1], "'x3' of X held categories in fit, .* unhashable type: 'list'"),
        (4, "2020-99", "'x4' of X held dates in fit, and cannot be read as dates now"),
        (4, 3.5, "'x4' of X held dates in fit, and cannot be read as dates now"),
        (4, True, "'x4' of X held dates in fit, .* True is no date"),
        (4, "5", "'x4' of X held dates in fit, and cannot be read as dates now"),
        (4, 10**18, "'x4' of X held dates in fit, .* 10+ is no date"),
        (4, "2020-01-01T00:00+05:00", "'x4' of X held dates with no time zone in fit"),
    ],
)
def test_columns_that_hold_something_else_than_in_fit_are_named(column, value, message):
    X = objects()
    encoder = TableEncoder().fit(X)
    X[2, column] = value
    with pytest.raises(ValueError, match=f"Column {message}"):
        encoder.transform(X)


SPANS = np.arange(5) * np.timedelta64(90, "s")
NUMBERS = np.arange(5.0)
DATES = np.datetime64("2020-01-01", "s") + SPANS


@pytest.mark.parametrize("as_object", [False, True], ids=["typed", "objects"])
@pytest.mark.parametrize(
    ("known", "now", "what"),
    [
        (NUMBERS, DATES, "numbers"),
        (NUMBERS, SPANS, "numbers"),
        (SPANS, NUMBERS, "spans of time"),
        (SPANS, DATES, "(spans of time|numbers)"),
        (DATES, SPANS, "dates"),
    ],
)
def test_columns_of_another_type_than_in_fit_are_named(known, now, what, as_object):
    encoder = TableEncoder().fit(known[:, np.newaxis])
    now = now.astype(object) if as_object else now
    with pytest.raises(ValueError, match=f"Column 'x0' of X held {what} in fit"):
        encoder.transform(now[:, np.newaxis])


@pytest.mark.parametrize("known", [NUMBERS, SPANS, DATES], ids=["numbers", "spans", "dates"])
@pytest.mark.parametrize("gap", ["m8[ns]", "M8[ns]", "f8", "O"])
def test_what_is_all_missing_is_of_any_type(known, gap):
    encoder = TableEncoder().fit(known[:, np.newaxis])
    encoded = encoder.transform(np.full((1, 1), None, "O").astype(gap))
    assert np.isfinite(encoded).all()


def test_spans_of_time_may_be_all_missing():
    encoder = TableEncoder().fit(SPANS[:, np.newaxis])
    missing = encoder.transform(np.full((1, 1), "NaT", SPANS.dtype))
    for gap in (np.nan, None):
        np.testing.assert_array_equal(encoder.transform(np.array([[gap]], object)), missing)


def test_dates_that_are_all_missing_as_numbers_are_gaps():
    X = pd.DataFrame({"at": pd.to_datetime(["2020-01-01", "2021-05-01", None]), "n": [1.0, 2, 3]})
    encoder = TableEncoder().fit(X)
    missing = X.assign(at=pd.Series([pd.NaT] * 3, dtype=X["at"].dtype))
    for gaps in (X.assign(at=np.nan), X.drop(columns="at").reindex(columns=X.columns)):
        np.testing.assert_array_equal(encoder.transform(gaps), encoder.transform(missing))


def test_numbers_where_fit_had_dates_are_named():
    encoder = TableEncoder().fit(np.array([["2020-01-01"], ["2021-05-01"]], "datetime64[D]"))
    with pytest.raises(ValueError, match=r"Column 'x0' of X held dates .* its type is float64"):
        encoder.transform(np.zeros((1, 1)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["x9"], "has 'x9', which is no column of X; its columns are"),
        ([7], r"indices below 5, the number of columns of X"),
        ([0.5], r"indices below 5, the number of columns of X"),
        ([True, False], "mask of 2 columns, but X has 5"),
    ],
)
def test_categorical_features_that_do_not_fit_are_named(given, message):
    with pytest.raises(ValueError, match=f"categorical_features.*{message}"):
        TableEncoder(categorical_features=given).fit(objects())


def test_targets_of_another_length_are_refused():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        TableEncoder().fit(objects(), np.zeros(3))


@pytest.mark.parametrize("n_rows", [2, 3, 5])
def test_few_rows(n_rows):
    X = objects(n_rows)
    encoder = TableEncoder().fit(X, np.arange(float(n_rows)))
    assert np.isfinite(encoder.transform(X)).all()


def test_dates_alone():
    X = np.array([["2020-01-01"], ["2021-05-01"], ["2020-03-01"]], "datetime64[D]")
    assert np.isfinite(TableEncoder().fit_transform(X)).all()


def test_columns_without_a_single_value_beside_others():
    X = objects()
    X[:, 0] = np.nan
    X[:, 3] = None
    encoder = TableEncoder().fit(X)
    assert set(encoder.dropped_) == {"x0", "x3"}
    assert np.isfinite(encoder.transform(objects())).all()


# Estimators


def quick(kind):
    return kind(random_state=0).set_params(network__hidden_layer_sizes=(4,), network__max_iter=2)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("n_rows", [2, 5, 30])
@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
@pytest.mark.parametrize(
    "column",
    [
        np.full(30, np.nan),
        np.full(30, "same", dtype=object),
        np.arange("2020-01-01", "2020-01-31", dtype="datetime64[D]"),
        np.where(np.arange(30) % 3, 1.5, 2.5),
    ],
    ids=["all missing", "one level", "dates", "two numbers"],
)
def test_estimators_train_whatever_a_column_holds(kind, column, n_rows):
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame({"bad": column, "good": np.linspace(0, 1, 30)})[:n_rows]
    y = np.arange(n_rows) % 2
    assert len(quick(kind).fit(table, y).predict(table)) == n_rows


def test_estimators_name_gaps_of_the_target():
    X = np.arange(20.0)[:, np.newaxis]
    for kind in (TabularClassifier, TabularRegressor):
        with pytest.raises(ValueError, match="y contains NaN"):
            quick(kind).fit(X, np.where(np.arange(20) < 3, np.nan, 1.0))


@pytest.mark.parametrize(
    ("encoder", "X"),
    [
        (TableEncoder(target_type="continuous", max_categories=2), [["a"], ["b"], ["c"]] * 2),
        (PiecewiseLinearEncoder(strategy="tree", target_type="continuous"), [[1.0], [2.0]] * 3),
    ],
    ids=["table", "numbers"],
)
def test_words_are_no_continuous_targets(encoder, X):
    with pytest.raises(ValueError, match=r"target_type='continuous' takes y for numbers.*'no'"):
        encoder.fit(X, ["no", "yes"] * 3)


MANY_LEVELS = pd.DataFrame(
    {"a": np.arange(200.0) % 7, "city": [f"city {number % 100}" for number in range(200)]}
)
BAD_TARGETS = {
    "missing labels": (TabularClassifier, ["a", None], TypeError, "y has labels of the types"),
    "mixed labels": (TabularClassifier, ["a", 3], TypeError, "y has labels of the types int, str"),
    "missing number": (TabularRegressor, [1.0, np.nan], ValueError, "NaN, .*Leave out these rows"),
    "text": (TabularRegressor, [1.0, "one"], ValueError, "y holds 'one'"),
    "numbers": (TabularClassifier, [0.5, 1.7], ValueError, "Unknown label type: continuous"),
    "columns": (TabularClassifier, [["a", "b"], ["b", "a"]], ValueError, "several columns of cla"),
}


@pytest.mark.parametrize("name", BAD_TARGETS)
def test_targets_are_checked_before_an_encoder_looks_at_them(name):
    kind, y, error, message = BAD_TARGETS[name]
    with pytest.raises(error, match=message):
        kind().fit(MANY_LEVELS, np.array(y * 100, dtype=object if name != "numbers" else float))
