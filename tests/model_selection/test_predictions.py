"""Quantiles, intervals, sets and standard deviations through Pipelines, searches, committees."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from sknn_actloss import Committee, MLPClassifier, MLPRegressor
from sknn_actloss.losses import Quantile
from sknn_actloss.model_selection import CommitteeRegressor, StackedGridSearchCV

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_diabetes(return_X_y=True)
X, y = scale(X[:80]), scale(y[:80])
LABELS = load_iris(return_X_y=True)[1][:80]
LEVELS = Quantile((0.1, 0.5, 0.9))
GRID = {"activation": ["relu", "tanh"]}


def regressor(**parameters):
    return MLPRegressor((4,), max_iter=4, random_state=0).set_params(**parameters)


def searched(estimator, targets=y, **options):
    grid = {"alpha": [1e-4, 1e-3]}
    if not isinstance(estimator, MLPRegressor | MLPClassifier):
        grid = {f"{estimator.steps[-1][0]}__{name}": values for name, values in grid.items()}
    return StackedGridSearchCV(estimator, grid, cv=2, **options).fit(X, targets)


FOLDS = {"n_members": Committee(2, "folds")}
METHODS = {
    "predict_quantiles": (regressor(loss=LEVELS), y, {}),
    "predict_interval": (regressor(**FOLDS), y, {"coverage": 0.8}),
    "predict_set": (MLPClassifier((4,), max_iter=4, **FOLDS), LABELS, {"coverage": 0.8}),
}


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("in_pipeline", [False, True], ids=["alone", "pipeline"])
def test_a_search_predicts_what_its_best_estimator_does(name, in_pipeline):
    estimator, targets, options = METHODS[name]
    if not in_pipeline:
        search = searched(estimator, targets)
        expected = getattr(search.best_estimator_, name)(X, **options)
    else:
        search = searched(make_pipeline(StandardScaler(), estimator), targets)
        steps, network = search.best_estimator_
        expected = getattr(network, name)(steps.transform(X), **options)
    assert_array_equal(getattr(search, name)(X, **options), expected)


@pytest.mark.parametrize(
    "pipe", [lambda one: one, lambda one: make_pipeline(StandardScaler(), one)]
)
def test_a_search_predicts_standard_deviations(pipe):
    search = searched(pipe(regressor(loss="gaussian_nll")))
    found = search.predict(X, return_std=True)
    for one, other in zip(found, search.best_estimator_.predict(X, return_std=True), strict=True):
        assert_array_equal(one, other)
    assert_array_equal(search.predict(X), found[0])


@pytest.mark.parametrize("name", METHODS)
def test_what_the_estimator_does_not_have_its_search_has_not(name):
    assert not hasattr(searched(regressor()), name)
    search = StackedGridSearchCV(METHODS[name][0], GRID)
    assert hasattr(search, name)
    with pytest.raises(NotFittedError):
        getattr(search, name)(X)
    search.set_params(refit=False)
    assert not hasattr(search, name)
    assert not hasattr(search, "predict")


def committee(*members, weights=None):
    return CommitteeRegressor(list(members), weights=weights, random_state=0).fit(X, y)


@pytest.mark.parametrize("weights", [None, [1, 3]])
def test_a_committee_predicts_the_mean_of_quantiles(weights):
    members = [regressor(loss=LEVELS), make_pipeline(StandardScaler(), regressor(loss=LEVELS))]
    fitted = committee(*members, weights=weights)
    network, (scaler, piped) = fitted.estimators_
    quantiles = [network.predict_quantiles(X), piped.predict_quantiles(scaler.transform(X))]
    expected = np.average(quantiles, axis=0, weights=weights)
    assert_allclose(fitted.predict_quantiles(X), expected, rtol=1e-12)
    assert_allclose(fitted.predict(X), expected[:, 1], rtol=1e-6)


def test_quantiles_of_other_levels_have_no_mean():
    fitted = committee(regressor(loss=LEVELS), regressor(loss=Quantile((0.2, 0.5, 0.8))))
    with pytest.raises(ValueError, match="same levels"):
        fitted.predict_quantiles(X)
    assert not hasattr(committee(regressor(), regressor()), "predict_quantiles")
    for members in ([], None, [None]):
        assert not hasattr(CommitteeRegressor(members), "predict_quantiles")


@pytest.mark.parametrize(
    "losses", [("gaussian_nll",) * 2, ("gaussian_nll", "squared_error")], ids=str
)
def test_the_deviation_of_a_committee_is_that_of_the_mixture(losses):
    fitted = committee(*(regressor(loss=loss) for loss in losses), weights=[1, 3])
    mean, std = fitted.predict(X, return_std=True)
    random, share = np.random.RandomState(0), 20_000
    draws = []
    for member, loss, part in zip(fitted.estimators_, losses, (1, 3), strict=True):
        is_gaussian = loss == "gaussian_nll"
        mu = member.predict(X)
        sigma = member.predict(X, return_std=True)[1] if is_gaussian else np.zeros(len(X))
        draws.append(random.normal(mu, sigma, (part * share, len(X))))
    draws = np.concatenate(draws)
    assert_array_equal(mean, fitted.predict(X))
    assert_allclose(mean, draws.mean(0), atol=0.05)
    assert_allclose(std, draws.std(0), rtol=0.05, atol=1e-3)
