"""Tables of pandas, Arrow, polars and NumPy: they are read alike, and columns go by name."""

import datetime
import warnings
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from tables import columns, objects

from sknn_actloss.tabular import TableEncoder
from sknn_actloss.tabular._dates import zone_name


def pandas_frame(n_rows=60, seed=0):
    pd = pytest.importorskip("pandas")
    return pd.DataFrame(columns(n_rows, seed))


def polars_frame(n_rows=60, seed=0):
    pl = pytest.importorskip("polars")
    return pl.from_dict(
        {
            name: [None if value != value else value for value in column.tolist()]
            for name, column in columns(n_rows, seed).items()
        }
    )


def categorical(frame):
    return frame.astype({"color": "category"})


def nullable(frame):
    return frame.convert_dtypes()


def arrow(frame):
    pytest.importorskip("pyarrow")
    return frame.convert_dtypes(dtype_backend="pyarrow")


def arrow_dictionary(frame):
    pa = pytest.importorskip("pyarrow")
    import pandas as pd

    table = pa.Table.from_pandas(categorical(frame))
    return table.to_pandas(types_mapper=pd.ArrowDtype)


def strings_of_arrow(frame):
    pytest.importorskip("pyarrow")
    return frame.astype({"color": "string[pyarrow]"})


def time_zone(frame):
    return frame.assign(day=frame["day"].dt.tz_localize("Asia/Tokyo"))


def all_objects(frame):
    return frame.astype(object)


def sparse_numbers(frame):
    return frame.astype({"count": "Sparse[int]"})


PANDAS = [
    categorical,
    nullable,
    arrow,
    arrow_dictionary,
    strings_of_arrow,
    time_zone,
    all_objects,
    sparse_numbers,
]


@pytest.fixture(scope="module")
def expected():
    encoder = TableEncoder()
    return encoder.fit_transform(objects()), encoder.get_feature_names_out(list(columns()))


@pytest.mark.parametrize("change", [lambda frame: frame, *PANDAS])
def test_frames_of_pandas_are_read_alike(change, expected):
    frame = change(pandas_frame())
    encoder = TableEncoder()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(encoder.fit_transform(frame), expected[0])
        assert np.array_equal(encoder.transform(frame[8:9]), expected[0][8:9])
    assert encoder.get_feature_names_out().tolist() == expected[1].tolist()


@pytest.mark.parametrize("dtype", [None, "Categorical", "Enum", "time zone"])
def test_frames_of_polars_are_read_alike(dtype, expected):
    pl = pytest.importorskip("polars")
    frame = polars_frame()
    if dtype == "time zone":
        frame = frame.with_columns(pl.col("day").dt.replace_time_zone("Asia/Tokyo"))
    elif dtype is not None:
        kind = pl.Categorical if dtype == "Categorical" else pl.Enum(["blue", "green", "red"])
        frame = frame.with_columns(pl.col("color").cast(kind))
    encoder = TableEncoder()
    assert np.array_equal(encoder.fit_transform(frame), expected[0])
    assert np.array_equal(encoder.transform(frame[8:9]), expected[0][8:9])
    assert encoder.get_feature_names_out().tolist() == expected[1].tolist()


def test_lists_of_rows_are_read_alike(expected):
    assert np.array_equal(TableEncoder().fit_transform(objects().tolist()), expected[0])


def test_a_fit_on_one_kind_encodes_another(expected):
    encoder = TableEncoder().fit(pandas_frame())
    assert np.array_equal(encoder.transform(polars_frame()), expected[0])


def test_dates_without_times_and_periods():
    pd = pytest.importorskip("pandas")
    days = pd.Series(pd.date_range("2020-01-01", periods=40, freq="D"))
    expected = TableEncoder().fit_transform(days.to_frame("day"))
    for other in (days.dt.to_period("D"), days.dt.date):
        assert np.array_equal(TableEncoder().fit_transform(other.to_frame("day")), expected)


def test_dates_of_arrow_and_polars_without_times():
    pd = pytest.importorskip("pandas")
    pl = pytest.importorskip("polars")
    days = pd.Series(pd.date_range("2020-01-01", periods=40, freq="D"))
    expected = TableEncoder().fit_transform(days.to_frame("day"))
    frame = pl.DataFrame({"day": days.dt.date.tolist()})
    assert np.array_equal(TableEncoder().fit_transform(frame), expected)
    pytest.importorskip("pyarrow")
    frame = days.dt.date.astype("date32[pyarrow]").to_frame("day")
    assert np.array_equal(TableEncoder().fit_transform(frame), expected)


def test_numbers_of_other_types():
    pd = pytest.importorskip("pandas")
    pl = pytest.importorskip("polars")
    seconds = np.arange(20.0) ** 2
    expected = TableEncoder().fit_transform(seconds[:, np.newaxis])
    spans = [timedelta(seconds=second) for second in seconds]
    for X in (
        pd.DataFrame({"x": spans}),
        pd.DataFrame({"x": spans}).astype(object),
        pl.DataFrame({"x": spans}),
        pd.DataFrame({"x": [Decimal(second) for second in seconds]}),
    ):
        np.testing.assert_allclose(TableEncoder().fit_transform(X), expected, rtol=1e-6)


def test_categorical_numbers_are_categories():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"k": pd.Categorical([1.5, 2.5, None, 1.5])})
    encoder = TableEncoder().fit(frame)
    assert encoder.get_feature_names_out().tolist() == [
        f"categories__k_{level}" for level in ("1.5", "2.5", "missing")
    ]
    assert encoder.transform(pd.DataFrame({"k": [2.5, np.nan]})).tolist() == [[0, 1, 0], [0, 0, 1]]


def test_intervals_are_categories():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"k": pd.cut(np.arange(9.0), 3)})
    assert TableEncoder().fit_transform(frame).sum(axis=0).tolist() == [3, 3, 3]


def zoned(library, zone):
    """Return dates of a time zone, which may be none, as a frame."""
    dates = columns()["day"].astype("datetime64[us]")
    if library == "polars":
        pl = pytest.importorskip("polars")
        return pl.DataFrame({"day": dates}).with_columns(pl.col("day").dt.replace_time_zone(zone))
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"day": pd.Series(dates).dt.tz_localize(zone)})
    if library == "Arrow":
        pytest.importorskip("pyarrow")
        return frame.convert_dtypes(dtype_backend="pyarrow")
    return frame.astype(object) if library == "objects" else frame


def test_one_time_zone_has_many_names():
    pd = pytest.importorskip("pandas")
    frame = zoned("pandas", "UTC")
    encoder = TableEncoder().fit(frame)
    offset = datetime.timezone(datetime.timedelta(0))
    texts = frame["day"].dt.strftime("%Y-%m-%dT%H:%M:%S+00:00").astype(object)
    texts[frame["day"].isna()] = None
    for other in (frame["day"].dt.tz_convert(offset), frame["day"].dt.tz_convert("Etc/UTC"), texts):
        other = pd.DataFrame({"day": other})
        assert np.array_equal(encoder.transform(other), encoder.transform(frame))
    assert zone_name(datetime.timezone(datetime.timedelta(hours=1))) == zone_name("+01:00")


LIBRARIES = pytest.mark.parametrize("library", ["pandas", "Arrow", "objects", "polars"])


@LIBRARIES
@pytest.mark.parametrize("known", ["Asia/Tokyo", None])
def test_dates_of_another_time_zone_than_in_fit_are_named(library, known):
    encoder = TableEncoder().fit(zoned(library, known))
    assert encoder.transform(zoned(library, known)[5:6]).shape == (
        1,
        encoder.transform(zoned(library, known)).shape[1],
    )
    for other in {"Asia/Tokyo", "UTC", None} - {known}:
        with pytest.raises(ValueError, match=r"Column 'day' of X held dates with .*convert them"):
            encoder.transform(zoned(library, other))


@LIBRARIES
def test_dates_as_categories_have_the_time_zone_of_fit(library):
    encoder = TableEncoder(categorical_features=["day"])
    expected = encoder.fit_transform(zoned("pandas", "UTC"))
    assert np.array_equal(encoder.transform(zoned(library, "UTC")), expected)
    with pytest.raises(ValueError, match="Column 'day' of X held dates with the time zone 'UTC'"):
        encoder.transform(zoned(library, "Asia/Tokyo"))
    if library == "pandas":
        as_category = zoned("pandas", "UTC").astype("category")
        assert np.array_equal(encoder.transform(as_category), expected)


@LIBRARIES
def test_dates_that_are_all_missing_are_of_any_time_zone(library):
    encoder = TableEncoder().fit(zoned(library, "UTC"))
    assert np.isfinite(encoder.transform(zoned(library, None)[5:6])).all()


@pytest.mark.parametrize("unit", ["D", "s", "ms", "us", "ns"])
def test_dates_as_categories_are_the_same_in_every_unit(unit):
    dates = np.array(["2020-01-01", "2021-05-01", "2020-03-01", "NaT"] * 5, "datetime64[s]")
    encoder = TableEncoder(categorical_features=[0])
    expected = encoder.fit_transform(dates[:, np.newaxis])
    other = dates.astype(f"datetime64[{unit}]")[:, np.newaxis]
    assert np.array_equal(encoder.transform(other), expected)
    assert np.array_equal(encoder.fit(other).transform(dates[:, np.newaxis]), expected)


@pytest.mark.parametrize("dtype", ["Int64", "Float32", "int64[pyarrow]", "float[pyarrow]"])
def test_categories_of_nullable_numbers_are_those_of_numpy(dtype):
    pd = pytest.importorskip("pandas")
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow")
    values = [0.1, 0.2, 0.3] * 4 if "oat" in dtype else [2**53, 2**53 + 1, 2**53 + 2] * 4
    plain = pd.DataFrame({"k": values})
    nullable = plain.astype(dtype)
    for known, now in ((plain, nullable), (nullable, plain), (nullable, nullable)):
        encoder = TableEncoder(categorical_features=["k"]).fit(known)
        assert np.array_equal(encoder.transform(now), np.tile(np.eye(3), (4, 1)))


@pytest.mark.parametrize("dtypes", [("f8", "f4"), ("f4", "f8"), ("f4", "f2"), ("i2", "f4")])
def test_categories_of_numbers_are_the_same_in_every_precision(dtypes):
    numbers = np.array([0.1, 1.2, 3.0, 0.1, 3.0])[:, np.newaxis] * (10 if "i" in dtypes[0] else 1)
    encoder = TableEncoder(categorical_features=[0])
    expected = encoder.fit_transform(numbers.astype(dtypes[0]))
    assert np.array_equal(encoder.transform(numbers.astype(dtypes[1])), expected)
    assert np.all(expected.sum(axis=1) == 1)


# Names


@pytest.mark.parametrize("make", [pandas_frame, polars_frame])
def test_columns_of_another_order_are_put_right_by_name(make):
    frame = make()
    encoder = TableEncoder().fit(frame)
    turned = frame[frame.columns[::-1]]
    assert np.array_equal(encoder.transform(turned), encoder.transform(frame))


def test_columns_that_fit_has_not_seen_are_passed_over():
    frame = pandas_frame()
    encoder = TableEncoder().fit(frame)
    more = frame.assign(other=[[1]] * len(frame))
    assert np.array_equal(encoder.transform(more), encoder.transform(frame))


@pytest.mark.parametrize("make", [pandas_frame, polars_frame])
def test_missing_columns_are_named(make):
    frame = make()
    encoder = TableEncoder().fit(frame)
    with pytest.raises(ValueError, match=r"lacks columns that it had in fit: \['open', 'day'\]"):
        encoder.transform(frame[["size", "count", "color"]])


def test_arrays_after_frames_are_taken_in_order():
    encoder = TableEncoder().fit(pandas_frame())
    with pytest.warns(UserWarning, match="columns are taken in the order of fit"):
        found = encoder.transform(objects())
    assert np.array_equal(found, encoder.transform(pandas_frame()))
    with pytest.raises(ValueError, match="X has 3 features, but TableEncoder is expecting 5"):
        encoder.transform(objects()[:, :3])


LABELS = {
    "numbers": list(range(5)),
    "numbers and names": [0, "count", 2, "color", 4],
    "two levels": [("a", 1), ("a", 2), ("b", 1), ("b", 2), ("c", 1)],
}


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_columns_whose_labels_are_no_names_are_put_right_by_label(labels):
    pd = pytest.importorskip("pandas")
    are_tuples = isinstance(labels[0], tuple)
    labels = pd.MultiIndex.from_tuples(labels) if are_tuples else pd.Index(labels, dtype=object)
    frame = pandas_frame().set_axis(labels, axis=1)
    encoder = TableEncoder().fit(frame)
    assert not hasattr(encoder, "feature_names_in_")
    assert encoder.get_feature_names_out()[0] == "numbers__x0"
    turned = frame.iloc[:, ::-1]
    assert np.array_equal(encoder.transform(turned), encoder.transform(frame))
    others = frame.set_axis(range(5, 10), axis=1)
    with pytest.warns(UserWarning, match="columns are taken in the order of fit"):
        assert np.array_equal(encoder.transform(others), encoder.transform(frame))
    with pytest.raises(ValueError, match="X has 3 features, but TableEncoder is expecting 5"):
        encoder.transform(frame.iloc[:, :3])


def test_columns_that_fit_has_not_seen_are_passed_over_whatever_their_labels():
    frame = pandas_frame().set_axis(range(5), axis=1)
    encoder = TableEncoder().fit(frame)
    assert np.array_equal(encoder.transform(frame.assign(more=1)), encoder.transform(frame))


def test_columns_of_one_label_go_by_order():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame([[1.0, 2.0], [3.0, 7.0], [4.0, 4.0]], columns=[0, 0])
    encoded = TableEncoder().fit_transform(frame)
    assert np.array_equal(encoded, TableEncoder().fit_transform(frame.to_numpy()))


def test_a_refit_forgets_names():
    encoder = TableEncoder().fit(pandas_frame()).fit(objects())
    assert not hasattr(encoder, "feature_names_in_")


def test_categorical_features_by_name():
    encoder = TableEncoder(categorical_features=["count"]).fit(pandas_frame())
    assert "categories__count_3" in encoder.get_feature_names_out()


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_output_in_frames(library):
    pytest.importorskip(library)
    frame = pandas_frame()
    encoder = TableEncoder().set_output(transform=library)
    found = encoder.fit_transform(frame)
    assert type(found).__module__.startswith(library)
    assert list(found.columns) == encoder.get_feature_names_out().tolist()
    assert np.array_equal(found.to_numpy(), TableEncoder().fit_transform(frame))


def test_output_in_frames_for_the_whole_of_scikit_learn():
    from sklearn import config_context

    frame = pandas_frame()
    with config_context(transform_output="pandas"):
        found = TableEncoder().fit_transform(frame)
    assert found.index.equals(frame.index)
    assert np.array_equal(found.to_numpy(), TableEncoder().fit_transform(frame))
