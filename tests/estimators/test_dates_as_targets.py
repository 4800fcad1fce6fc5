"""Dates, durations and gaps among targets are told with advice, in whatever container they come."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal

from sknn_actloss import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.RandomState(0).normal(size=(30, 3))
MOMENTS = pd.Series(pd.date_range("2020-01-01", periods=30, freq="h"))
DURATIONS = MOMENTS - MOMENTS[0]
DATED = {
    "moments": MOMENTS,
    "days": MOMENTS.to_numpy().astype("M8[D]"),
    "durations": DURATIONS,
    "with NaT": MOMENTS.mask(MOMENTS.index < 3),
    "nothing but NaT": np.full(30, "NaT", "m8[s]"),
    "time zone": MOMENTS.dt.tz_localize("UTC"),
    "objects": MOMENTS.astype(object),
    "list": list(MOMENTS),
    "list of NumPy's": list(DURATIONS.to_numpy()),
    "dates": [datetime.date(2020, 1, 1)] * 30,
    "times": [datetime.time(1)] * 30,
    "timedeltas": [datetime.timedelta(1)] * 30,
    "frame": pd.DataFrame({"start": MOMENTS, "length": DURATIONS}),
    "one column of two": pd.DataFrame({"start": MOMENTS, "length": 1.0}),
    "polars": pl.Series(MOMENTS.to_list()),
    "polars durations": pl.Series([datetime.timedelta(1)] * 30),
}


def regressor(**parameters):
    return MLPRegressor(4, **{"max_iter": 3, "random_state": 0} | parameters)


@pytest.mark.parametrize("y", DATED.values(), ids=DATED)
def test_a_regression_refuses_them(y):
    for fit in (regressor().fit, regressor(target_scaling="robust").fit, regressor().partial_fit):
        with pytest.raises(TypeError, match=r"y holds .*must be numbers.*timedelta64\(1, 'D'\)"):
            fit(X, y)


def test_validation_targets_are_looked_at_too():
    with pytest.raises(TypeError, match="must be numbers") as caught:
        regressor().fit(X, X[:, 0], X_val=X, y_val=DURATIONS)
    assert "y_val" in caught.value.__notes__[0]


def test_what_the_message_advises_works():
    y = (MOMENTS - MOMENTS.min()) / np.timedelta64(1, "D")
    assert regressor().fit(X, y).predict(X).dtype == float


@pytest.mark.parametrize("y", [[1, 2.5] * 15, pd.Series(X[:, 0], dtype="Float64"), [True] * 30])
def test_numbers_of_other_kinds_are_taken(y):
    assert_array_equal(regressor().fit(X, y).predict(X).shape, (30,))


@pytest.mark.parametrize("y", [[None] * 30, np.array([1.0] * 29 + [None], dtype=object)])
def test_gaps_are_called_missing(y):
    with pytest.raises(ValueError, match="y contains NaN, a missing value"):
        regressor().fit(X, y)


def test_days_may_be_classes_but_not_missing():
    days = MOMENTS.to_numpy().astype("M8[D]")
    fitted = MLPClassifier(4, max_iter=3, random_state=0).fit(X, days)
    assert set(fitted.predict(X)) <= set(days)
    days[0] = "NaT"
    with pytest.raises(ValueError, match="contains NaT"):
        fitted.fit(X, days)
