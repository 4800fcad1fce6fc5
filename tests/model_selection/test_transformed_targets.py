"""Searches and committees over TransformedTargetRegressor, and what it cannot do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.compose import TransformedTargetRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from sknn_actloss import MLPRegressor, TabularRegressor
from sknn_actloss.model_selection import (
    CommitteeRegressor,
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.RandomState(0).randn(60, 3)
Y = 1000 + 300 * X[:, 0] + X[:, 1]
TWO = np.column_stack([Y, X[:, 2]])
NETWORK = MLPRegressor((6,), max_iter=8, learning_rate_init=0.01, random_state=0)
SCALED = TransformedTargetRegressor(NETWORK, transformer=StandardScaler())
WITHIN = TransformedTargetRegressor(
    make_pipeline(StandardScaler(), NETWORK), transformer=QuantileTransformer(n_quantiles=10)
)
CASES = {
    "around": (SCALED, "regressor", Y),
    "two targets": (SCALED, "regressor", TWO),
    "around a pipeline": (WITHIN, "regressor__mlpregressor", Y),
    "in a pipeline": (
        make_pipeline(StandardScaler(), SCALED),
        "transformedtargetregressor__regressor",
        Y,
    ),
    "in a pipeline around one": (
        make_pipeline(StandardScaler(), WITHIN),
        "transformedtargetregressor__regressor__mlpregressor",
        Y,
    ),
    "functions": (
        TransformedTargetRegressor(
            NETWORK, func=lambda y: y / 10, inverse_func=lambda y: y * 10, check_inverse=False
        ),
        "regressor",
        Y,
    ),
    "twice": (
        TransformedTargetRegressor(SCALED, func=np.log, inverse_func=np.exp),
        "regressor__regressor",
        Y - Y.min() + 1,
    ),
    "table": (
        TransformedTargetRegressor(TabularRegressor(network=NETWORK), transformer=StandardScaler()),
        "regressor__network",
        Y,
    ),
}


def largest_error(estimator: Any, X: Any, y: Any) -> float:
    return -np.abs(estimator.predict(X) - y).max()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("scoring", [None, largest_error])
def test_results_are_those_of_scikit_learn(name: str, scoring: Any) -> None:
    estimator, inner, y = CASES[name]
    grid = {f"{inner}__activation": ["relu", "tanh"], f"{inner}__alpha": [1e-3, 1.0]}
    settings = {"cv": 2, "scoring": scoring, "return_train_score": True}
    theirs = GridSearchCV(estimator, grid, **settings).fit(X, y)
    own = StackedGridSearchCV(estimator, grid, **settings).fit(X, y)
    for key in ("mean_test_score", "mean_train_score", "split1_test_score"):
        assert_allclose(own.cv_results_[key], theirs.cv_results_[key], rtol=1e-7)
    assert_allclose(own.predict(X), theirs.predict(X), rtol=1e-9)
    assert repr(own.best_estimator_) == repr(theirs.best_estimator_)
    assert own.best_params_ == theirs.best_params_


def test_parameters_of_the_transformer_are_searched_too() -> None:
    grid = {"transformer__with_mean": [True, False], "regressor__mlpregressor__alpha": [0.0, 1.0]}
    estimator = TransformedTargetRegressor(WITHIN.regressor, transformer=StandardScaler())
    theirs = GridSearchCV(estimator, grid, cv=2).fit(X, Y)
    own = StackedGridSearchCV(estimator, grid, cv=2).fit(X, Y)
    scores = theirs.cv_results_["mean_test_score"]
    assert_allclose(own.cv_results_["mean_test_score"], scores, rtol=1e-7)


def test_halving_goes_on() -> None:
    grid = {"regressor__alpha": [1e-3, 1.0, 100.0, 1e4]}
    settings = {"cv": 2, "factor": 2, "min_resources": 2}
    theirs = HalvingGridSearchCV(
        SCALED, grid, resource="regressor__max_iter", max_resources=8, **settings
    ).fit(X, Y)
    own = StackedHalvingGridSearchCV(SCALED, grid, **settings).fit(X, Y)
    scores = theirs.cv_results_["mean_test_score"]
    assert_allclose(own.cv_results_["mean_test_score"], scores, rtol=1e-7)


def test_arguments_of_fit_reach_the_network() -> None:
    weight = np.linspace(0.1, 3, len(X))
    grid = {"regressor__alpha": [1e-3, 1.0]}
    theirs = GridSearchCV(SCALED, grid, cv=2).fit(X, Y, sample_weight=weight)
    own = StackedGridSearchCV(SCALED, grid, cv=2).fit(X, Y, sample_weight=weight)
    assert_allclose(own.predict(X), theirs.predict(X), rtol=1e-9)


def test_committees() -> None:
    other = TransformedTargetRegressor(
        MLPRegressor((5,), max_iter=8, random_state=1), transformer=StandardScaler()
    )
    weight = np.linspace(0.1, 3, len(X))
    committee = CommitteeRegressor([SCALED, other], weights=[1, 3])
    expected = [m.fit(X, Y, sample_weight=weight).predict(X) for m in (SCALED, other)]
    mean = np.average(expected, axis=0, weights=[1, 3])
    assert_allclose(committee.fit(X, Y, sample_weight=weight).predict(X), mean, rtol=1e-9)
    search = StackedGridSearchCV(SCALED, {"regressor__alpha": [1e-3, 1.0]}, committee_size=2)
    assert np.isfinite(search.fit(X, Y).predict(X)).all()


DEVIATING = MLPRegressor((4,), loss="gaussian_nll", max_iter=5, random_state=0)


@pytest.mark.parametrize(
    "regressor",
    [
        DEVIATING,
        MLPRegressor((4,), n_members=2, max_iter=5),
        make_pipeline(StandardScaler(), DEVIATING),
        CommitteeRegressor([DEVIATING, DEVIATING]),
        StackedGridSearchCV(DEVIATING, {"alpha": [1.0]}, cv=2),
        TabularRegressor(network=DEVIATING),
    ],
)
def test_deviations_cannot_be_transformed_back(regressor: Any) -> None:
    scaled = TransformedTargetRegressor(regressor, transformer=StandardScaler()).fit(X, Y)
    with pytest.raises(AttributeError, match=r"MLPRegressor\(target_scaling='standard'\)"):
        scaled.predict(X, return_std=True)


def test_deviations_are_a_tuple_of_two_arrays() -> None:
    pair = DEVIATING.fit(X, X[:, 0]).predict(X, return_std=True)
    assert isinstance(pair, tuple)
    mean, std = pair
    assert mean.shape == std.shape == (60,)
    assert np.shape(pair) == (2, 60)


def test_searches_say_what_a_transformed_target_regressor_lacks() -> None:
    search = StackedGridSearchCV(SCALED, {"regressor__alpha": [1.0]}, cv=2).fit(X, Y)
    with pytest.raises(AttributeError) as caught:
        search.predict_quantiles(X)
    assert "target_scaling" in str(caught.value.__cause__)


def test_what_holds_no_network_is_refused() -> None:
    search = StackedGridSearchCV(TransformedTargetRegressor(), {"regressor": [None]})
    with pytest.raises(TypeError, match="TransformedTargetRegressor that holds one; got None"):
        search.fit(X, Y)
