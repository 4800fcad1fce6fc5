"""The network within an estimator, and rows and targets as it sees them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import (
    MLPClassifier as SklearnMLPClassifier,
    MLPRegressor as SklearnMLPRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler, scale

from sknn_actloss import MLPRegressor
from sknn_actloss.estimators import parameters_of
from sknn_actloss.inspection._networks import as_own, find_network

X = np.random.default_rng(0).normal(size=(20, 2)) * [1, 100]
Y = 1000 * X[:, 0] + 5


class Recorder(MLPRegressor):
    """A network that keeps what it is given to fit."""

    def fit(self, X, y):
        self.X_, self.y_ = X, y
        return self


def wrapped(network):
    """Return a network within steps within targets within steps within a search."""
    steps = make_pipeline(MinMaxScaler(), network)
    targets = TransformedTargetRegressor(steps, transformer=StandardScaler())
    return GridSearchCV(make_pipeline(StandardScaler(), targets), {}, error_score=0.0)


def test_the_estimators_around_a_network_come_from_the_outermost_on():
    network = MLPRegressor()
    search = wrapped(network)
    found = find_network(search)
    assert found.network is network
    pipeline = search.estimator
    assert found.around == (search, pipeline, pipeline[-1], pipeline[-1].regressor)
    assert find_network(network).around == ()


@pytest.mark.parametrize("y", [Y, np.column_stack([Y, -Y])], ids=["one target", "two targets"])
def test_steps_fitted_on_clones_hand_on_what_a_fit_does(y):
    pipeline = wrapped(Recorder()).estimator
    rows, targets = find_network(pipeline).fit_transform(X, y)
    with pytest.raises(NotFittedError):
        find_network(pipeline).transform(X, y)
    network = find_network(pipeline.fit(X, y)).network
    assert_array_equal(rows, network.X_)
    assert_array_equal(targets, network.y_)
    assert_array_equal(rows, MinMaxScaler().fit_transform(scale(X)))
    for got, expected in zip(find_network(pipeline).transform(X, y), (rows, targets), strict=True):
        assert_array_equal(got, expected)


@pytest.mark.parametrize("theirs", [SklearnMLPRegressor(), SklearnMLPClassifier()])
def test_networks_of_scikit_learn_are_refused_where_own_ones_are_needed(theirs):
    pipeline = make_pipeline(theirs)
    assert find_network(pipeline).network is theirs
    with pytest.raises(TypeError, match="of sknn_actloss, or a Pipeline, search or ensemble"):
        find_network(pipeline, own=True)


def test_other_networks_become_own_ones_of_the_same_parameters():
    class Subclass(SklearnMLPRegressor):
        def __init__(self, alpha=0.5, extra=3):
            super().__init__(alpha=alpha, solver="sgd")
            self.extra = extra

    own = MLPRegressor()
    assert as_own(own) is own
    assert as_own(Subclass()).alpha == 0.5
    assert parameters_of(as_own(SklearnMLPClassifier(max_iter=7)))["loss"] == "log_loss"
    assert as_own(SklearnMLPClassifier(max_iter=7)).max_iter == 7
