"""TableEncoder: what each kind of column becomes, beside scikit-learn's transformers."""

import datetime
import pickle

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, RobustScaler, TargetEncoder
from sklearn.utils.estimator_checks import check_estimator
from tables import objects

from sknn_actloss import MLPRegressor, tabular
from sknn_actloss.tabular import PiecewiseLinearEncoder, TableEncoder

DEFAULT = PiecewiseLinearEncoder()


def encoded(X, y=None, *, names=None, **parameters):
    """Return the columns of an encoded table by name."""
    encoder = TableEncoder(**{"numbers": "passthrough", "dtype": np.float64, **parameters})
    values = encoder.fit_transform(X, y)
    return dict(zip(encoder.get_feature_names_out(names), values.T, strict=True))


def column(*values):
    array = np.empty((len(values), 1), dtype=object)
    array[:, 0] = values
    return array


def many_strings(n_rows=600, n_levels=100):
    rng = np.random.RandomState(0)
    return np.array([f"u{code}" for code in rng.randint(0, n_levels, n_rows)], dtype=object)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("numbers", [None, "passthrough", PiecewiseLinearEncoder(strategy="both")])
def test_checks_of_scikit_learn(numbers):
    results = check_estimator(TableEncoder(numbers), on_fail=None, on_skip=None)
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert failed == {}


# Numbers


def test_numbers_are_scaled_by_quartiles_and_pulled_in():
    X = load_diabetes().data
    z = RobustScaler().fit_transform(X)
    expected = z / np.sqrt(1 + (z / 3) ** 2)
    varying = encoded(X, dtype=np.float64)
    np.testing.assert_allclose(np.stack(list(varying.values()), axis=1), expected, atol=1e-12)


def test_gaps_become_the_median_and_an_indicator():
    X = np.random.RandomState(0).normal(size=(90, 3))
    X[::4, 0] = X[::5, 2] = np.nan
    found = encoded(X)
    assert list(found) == [*(f"numbers__x{i}" for i in range(3)), "gaps__x0", "gaps__x2"]
    filled = SimpleImputer(strategy="median").fit_transform(X)
    gaps = MissingIndicator().fit_transform(X)
    assert np.array_equal(np.stack([found["gaps__x0"], found["gaps__x2"]], axis=1), gaps)
    assert (found["numbers__x0"][::4] == 0).all()
    assert np.array_equal(np.argsort(found["numbers__x1"]), np.argsort(filled[:, 1]))


def test_gaps_of_one_pattern_have_one_indicator():
    X = np.random.RandomState(0).normal(size=(30, 3))
    X[::4, :2] = np.nan
    assert "gaps__x0" in encoded(X)
    assert "gaps__x1" not in encoded(X)


def test_gaps_that_fit_has_not_seen_become_the_median():
    encoder = TableEncoder("passthrough").fit([[1.0], [2.0], [3.0]])
    assert encoder.transform([[np.nan]]).tolist() == [[0.0]]


def test_columns_that_are_mostly_zero_are_scaled_by_the_other_values():
    x = np.r_[np.zeros(90), np.arange(1.0, 11.0)][:, np.newaxis]
    (found,) = encoded(x).values()
    assert found[0] == 0
    assert found[-1] == pytest.approx((10 / 5.5) / np.sqrt(1 + (10 / 5.5 / 3) ** 2))


def test_numbers_have_bins_by_default():
    X = load_iris().data
    scaled = TableEncoder("passthrough").fit_transform(X)
    assert np.array_equal(TableEncoder().fit_transform(X), clone(DEFAULT).fit_transform(scaled))


def test_numbers_may_go_through_another_transformer():
    X = load_iris().data
    transformer = QuantileTransformer(n_quantiles=10)
    found = TableEncoder(transformer).fit_transform(X)
    scaled = TableEncoder("passthrough").fit_transform(X)
    np.testing.assert_allclose(found, transformer.fit_transform(scaled), atol=1e-6)


def test_target_type_goes_on_to_the_bins():
    x = np.arange(300.0)[:, np.newaxis]
    y = np.repeat([0, 1, 100], 100)
    tree = PiecewiseLinearEncoder(2, strategy="tree")
    classes, continuous = (
        TableEncoder(tree, target_type=target_type).fit(x, y).transform([[150.0]])
        for target_type in ("auto", "continuous")
    )
    assert not np.array_equal(classes, continuous)
    assert tree.target_type == "auto"


FAR = {
    "rounding in the bulk": lambda rng: np.where(rng.rand(1600) < 0.5, 0.3, 0.1 + 0.2),
    "narrow bulk": lambda rng: 5 + 1e-9 * rng.normal(size=1600),
    "wide bulk": lambda rng: rng.rand(1600),
}


@pytest.mark.parametrize("name", FAR)
def test_numbers_far_from_the_others_are_told_apart(name):
    rng = np.random.RandomState(0)
    x = np.concatenate([FAR[name](rng), 10 ** rng.uniform(2, 8, size=400)])[:, np.newaxis]
    encoder = TableEncoder().fit(x)
    assert len(np.unique(encoder.transform(x[1600:]), axis=0)) > 395
    assert encoder.transform(x).dtype == np.float32


TIMES = {
    "timedelta": datetime.timedelta(minutes=1),
    "timedelta64": np.timedelta64(1, "m"),
    "time": None,
}


@pytest.mark.parametrize("name", TIMES)
def test_objects_that_are_times_are_seconds(name):
    X = np.empty((20, 1), dtype=object)
    for minutes in range(20):
        X[minutes, 0] = datetime.time(0, minutes) if name == "time" else minutes * TIMES[name]
    encoded = TableEncoder().fit_transform(X)
    assert np.array_equal(encoded, TableEncoder().fit_transform(60.0 * np.arange(20)[:, None]))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(allow_infinity=False), min_size=3, max_size=40),
    st.sampled_from([np.float32, np.float64]),
)
@example([0.0, 0.0, 0.0, 1e13, 1e-295], np.float32)
@example([0.0, 0.0, 5e-324], np.float64)
@example([-1.7e308, -1.7e308, 1.7e308, 1.7e308, np.nan], np.float64)
def test_any_numbers_are_bounded(values, dtype):
    X = np.array([values, np.arange(len(values))]).T
    found = TableEncoder(dtype=dtype).fit_transform(X)
    assert found.dtype == dtype
    assert np.isfinite(found).all()
    assert (np.abs(found) <= 3).all()


# Categories


@pytest.mark.parametrize("max_categories", [3, 6, 64])
def test_categories_are_those_of_one_hot_encoder(max_categories):
    rng = np.random.RandomState(0)
    X = rng.choice(list("abcdefgh"), (200, 2), p=np.arange(1, 9) / 36).astype(object)
    fresh = np.array([["a", "zzz"], ["h", "d"]], dtype=object)
    expected = OneHotEncoder(
        max_categories=max_categories, handle_unknown="ignore", sparse_output=False
    ).fit(X)
    mask = [True, True]
    encoder = TableEncoder(max_categories=max_categories, categorical_features=mask).fit(X)
    assert np.array_equal(encoder.transform(X), expected.transform(X))
    assert np.array_equal(encoder.transform(fresh), expected.transform(fresh))


def test_missing_is_a_level_and_unseen_levels_are_zeros():
    for missing in (None, np.nan, float("nan"), np.datetime64("NaT")):
        found = encoded(column("b", missing, "a", "b"), names=["k"])
        assert list(found) == [f"categories__k_{level}" for level in ("a", "b", "missing")]
        assert found["categories__k_missing"].tolist() == [0, 1, 0, 0]
    encoder = TableEncoder().fit(column("b", None, "a", "b"))
    assert encoder.transform(column("c", np.nan)).tolist() == [[0, 0, 0], [0, 0, 1]]
    assert TableEncoder().fit(column("b", "c", "a")).transform(column(None)).tolist() == [[0] * 3]


def test_two_levels_are_a_column_of_signs():
    encoder = TableEncoder().fit(column("no", "yes", "no"))
    assert encoder.get_feature_names_out(["open"]).tolist() == ["categories__open_yes"]
    assert encoder.transform(column("yes", "no", "perhaps")).tolist() == [[1], [-1], [0]]


def test_truth_values_are_signs_whatever_holds_them():
    for X in (np.array([[True], [False], [True]]), column(True, False, True)):
        encoder = TableEncoder().fit(X)
        assert encoder.transform([[True], [0], [1.0]]).tolist() == [[1], [-1], [1]]


def test_truth_values_with_gaps_have_three_levels():
    assert TableEncoder().fit_transform(column(True, None, False)).shape == (3, 3)


def test_levels_may_be_of_several_types():
    found = encoded(column("a", 1, 2.5, "a"), names=["k"])
    assert list(found) == ["categories__k_1", "categories__k_2.5", "categories__k_a"]


def test_numbers_named_as_categories():
    X = np.array([[1.5, 0.0], [2.5, 1.0], [np.nan, 2.0], [1.5, 3.0]])
    for columns in ([0], [True, False], np.array(["x0"])):
        assert [name for name in encoded(X, categorical_features=columns) if "cat" in name] == [
            f"categories__x0_{level}" for level in ("1.5", "2.5", "missing")
        ]


# Strings of many levels


@pytest.mark.parametrize("task", ["continuous", "binary", "multiclass"])
def test_strings_of_many_levels_are_those_of_target_encoder(task):
    strings = many_strings()
    X = np.stack([strings, np.roll(strings, 7)], axis=1)
    rng = np.random.RandomState(1)
    classes = 3 if task == "multiclass" else 2
    y = rng.normal(size=600) if task == "continuous" else rng.randint(0, classes, 600)
    encoder = TableEncoder(dtype=np.float64, random_state=0).fit(X, y)
    means = encoder.columns_.named_transformers_["strings"][0]
    fresh = np.r_[X[:50], [["never", "seen"]]].astype(object)
    codes = encoder._reading.read(tabular._frames.ArrayFrame(fresh), [0, 1])
    expected = TargetEncoder(random_state=0).fit(X, y).transform(fresh)
    np.testing.assert_allclose(means.transform(codes), expected)


def test_means_in_training_do_not_know_a_rows_own_target():
    strings = many_strings(400, 200)[:, np.newaxis]
    y = np.random.RandomState(1).normal(size=400)
    encoder = TableEncoder(random_state=0)
    crossed = encoder.fit_transform(strings, y)[:, 0]
    assert abs(np.corrcoef(crossed, y)[0, 1]) < 0.15
    assert np.corrcoef(encoder.transform(strings)[:, 0], y)[0, 1] > 0.5


def test_names_of_means():
    strings = many_strings()[:, np.newaxis]
    encoder = TableEncoder().fit(strings, np.arange(600) % 3)
    assert encoder.get_feature_names_out(["who"]).tolist() == [
        f"strings__who_mean{index}" for index in range(3)
    ]


def test_targets_of_several_columns():
    strings = many_strings()[:, np.newaxis]
    y = np.random.RandomState(0).normal(size=(600, 2))
    assert TableEncoder().fit_transform(strings, y).shape == (600, 2)


def test_without_a_target_rare_strings_are_joined():
    strings = many_strings()[:, np.newaxis]
    found = TableEncoder(max_categories=10).fit_transform(strings)
    assert found.shape == (600, 10)
    assert (found.sum(axis=1) == 1).all()


def test_strings_named_as_categories_are_joined():
    strings = many_strings()[:, np.newaxis]
    found = TableEncoder(categorical_features=[0]).fit_transform(strings, np.arange(600.0))
    assert found.shape == (600, 64)


# Dates


def test_parts_of_dates():
    days = np.array(["2020-01-31T05", "2021-07-04T23", "NaT"], dtype="datetime64[s]")
    found = tabular._dates.date_parts(days)[:, 1:]
    assert found[:2].tolist() == [[2020, 1, 4, 5], [2021, 7, 6, 23]]
    assert np.isnan(found[2]).all()


def test_dates_are_numbers_and_points_of_circles():
    days = np.arange("2020-01-01", "2021-01-01", dtype="datetime64[D]")[:, np.newaxis]
    found = encoded(days, names=["day"])
    # One year, and no hours.
    assert sorted(name.removeprefix("numbers__day_") for name in found if "numb" in name) == [
        "month",
        "time",
        "weekday",
    ]
    month = 2 * np.pi * np.array([int(str(day)[5:7]) for day in days[:, 0]]) / 12
    np.testing.assert_allclose(found["cycles__day_month_sin"], np.sin(month), atol=1e-12)
    np.testing.assert_allclose(found["cycles__day_month_cos"], np.cos(month), atol=1e-12)


def test_missing_dates_have_one_indicator_and_lie_in_the_middle_of_circles():
    days = np.arange("2020-01-01", "2021-01-01", dtype="datetime64[D]")[:, np.newaxis]
    days[3] = np.datetime64("NaT")
    found = encoded(days, names=["day"])
    assert [name for name in found if name.startswith("gaps")] == ["gaps__day_time"]
    assert found["gaps__day_time"].sum() == 1
    assert all(values[3] == 0 for name, values in found.items() if name.startswith("cycles"))


# Columns that are not used


def test_columns_that_tell_nothing_are_dropped():
    n = 100
    X = np.empty((n, 6), dtype=object)
    X[:, 0] = X[:, 1] = np.arange(n) % 7
    X[:, 2], X[:, 3], X[:, 4] = 3.0, None, "same"
    X[:, 5] = [f"id{index}" for index in range(n)]
    encoder = TableEncoder().fit(X)
    assert encoder.dropped_ == {
        "x1": "equals 'x0'",
        "x2": "has a single value",
        "x3": "is missing in all rows",
        "x4": "has a single value",
        "x5": "has each value once",
    }
    assert all("x0" in name for name in encoder.get_feature_names_out())
    assert np.array_equal(encoder.transform(X), TableEncoder().fit_transform(X[:, :1]))


def test_a_number_and_gaps_are_worth_keeping():
    found = encoded(np.array([[1.0], [np.nan], [1.0]]))
    assert found["gaps__x0"].tolist() == [0, 1, 0]


def test_equal_codes_of_other_kinds_are_no_repetition():
    X = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    assert TableEncoder(categorical_features=[1]).fit(X).dropped_ == {}


# The whole


def test_what_is_fitted_is_what_transform_gives():
    X = objects()
    encoder = TableEncoder()
    assert np.array_equal(encoder.fit_transform(X), encoder.transform(X))
    assert np.array_equal(encoder.transform(X)[7:8], encoder.transform(X[7:8]))


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 5))
def test_the_order_of_rows_does_not_matter(random, seed):
    X = objects(40, seed)
    order = list(range(len(X)))
    random.shuffle(order)
    assert np.array_equal(
        TableEncoder().fit_transform(X)[order], TableEncoder().fit_transform(X[order])
    )


def test_copies_encode_alike():
    X = objects()
    encoder = TableEncoder(DEFAULT, categorical_features=[1], max_categories=5).fit(X)
    assert np.array_equal(pickle.loads(pickle.dumps(encoder)).transform(X), encoder.transform(X))
    copy = clone(encoder)
    assert not hasattr(copy, "columns_")
    assert np.array_equal(copy.fit(X).transform(X), encoder.transform(X))


def test_parameters_of_a_default_part_can_be_set():
    encoder = TableEncoder().set_params(numbers__n_bins=4, max_categories=9)
    assert encoder.max_categories == 9
    assert encoder.numbers.get_params() == {**DEFAULT.get_params(), "n_bins": 4}
    with pytest.raises(ValueError, match="Invalid parameter 'bins'"):
        TableEncoder().set_params(numbers__bins=4)
    with pytest.raises(ValueError, match="Invalid parameter 'number'"):
        TableEncoder().set_params(number__n_bins=4)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_grid_reaches_the_bins():
    X = objects(40)
    pipeline = make_pipeline(TableEncoder(), MLPRegressor((2,), max_iter=2, random_state=0))
    grid = {
        "tableencoder__numbers__n_bins": [2, 5],
        "tableencoder__max_categories": [3],
    }
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, np.arange(40.0))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert pipeline[0].numbers is None


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("numbers", "bins"),
        ("categorical_features", "auto"),
        ("max_categories", 1),
        ("target_type", "binary"),
        ("dtype", np.int64),
    ],
)
def test_values_of_parameters_are_checked(parameter, value):
    with pytest.raises(ValueError, match=f"'{parameter}' parameter of TableEncoder must be"):
        TableEncoder(**{parameter: value}).fit([[1.0], [2.0]])


def test_a_fit_that_fails_leaves_the_last_one():
    X = objects()
    encoder = TableEncoder().fit(X)
    expected = encoder.transform(X)
    with pytest.raises(ValueError, match="single value"):
        encoder.fit([[1.0], [1.0]])
    assert np.array_equal(encoder.transform(X), expected)


def test_what_is_kept_does_not_grow_with_the_rows():
    sizes = [
        len(pickle.dumps(TableEncoder(categorical_features=[1]).fit(objects(n_rows))))
        for n_rows in (100, 3000)
    ]
    assert sizes[1] < 1.2 * sizes[0]


@pytest.mark.parametrize("labels", [["no", "yes", "perhaps"], [False, True], [0, 1, 2]])
def test_targets_in_a_column_are_those_in_a_row(labels):
    strings = many_strings()[:, np.newaxis]
    y = np.array(labels)[np.arange(600) % len(labels)]
    for target in (y, y[:, np.newaxis]):
        found = TableEncoder(random_state=0).fit_transform(strings, target)
        assert found.shape == (600, len(labels) if len(labels) > 2 else 1)


def test_names_are_distinct_whatever_columns_and_levels_are_called():
    X = np.empty((40, 4), dtype=object)
    X[:, 0] = np.resize(["missing", None, "b"], 40)
    X[:, 1] = np.resize([1, "1", 2.5, "x"], 40)
    X[:, 2] = X[:, 3] = np.random.RandomState(0).normal(size=40)
    X[:, 3] = X[::-1, 3]
    encoder = TableEncoder()
    encoded = encoder.fit_transform(X)
    names = encoder.get_feature_names_out(["a", "b", "c", "c_bin0"])
    assert len(names) == len(set(names)) == encoded.shape[1]
    assert {"categories__a_missing", "categories__a_missing_2"} <= set(names)
    numbers = PiecewiseLinearEncoder(4).fit(X[:, 2:].astype(float))
    names = numbers.get_feature_names_out(["c", "c_bin0"])
    assert len(set(names)) == len(names)


def test_parts_of_dates_do_not_depend_on_the_columns_beside_them():
    pd = pytest.importorskip("pandas")
    days = pd.date_range("2020-01-01", periods=60, freq="5D")
    frame = pd.DataFrame({"month": days.month, "day": days})
    for X in (frame, frame[["day", "month"]]):
        names = TableEncoder().fit(X).get_feature_names_out()
        assert {"cycles__day_month_sin", "cycles__day_month_cos"} <= set(names)
    moments = pd.DataFrame({"at": days[0] + pd.to_timedelta(np.arange(60) * 10, unit="ms")})
    assert len(np.unique(TableEncoder().fit_transform(moments), axis=0)) == 60


def test_parameters_that_cannot_be_set_change_none():
    encoder = TableEncoder()
    with pytest.raises(ValueError, match="Invalid parameter 'nothing'"):
        encoder.set_params(numbers__nothing=1)
    assert encoder.numbers is None
