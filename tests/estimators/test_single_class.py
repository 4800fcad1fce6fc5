"""A fit to rows of a single class has one column of probabilities, for its one class."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.model_selection import KFold, cross_val_predict

from sknn_actloss import MLPClassifier
from sknn_actloss.model_selection import (
    CommitteeClassifier,
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Number of classes in training fold"),
]

X = np.random.RandomState(0).normal(size=(60, 4))
SORTED = np.repeat(["a", "b"], 30)
PARAMETERS = [
    {},
    {"loss": "focal"},
    {"loss": "squared_error"},
    {"loss": "exponential"},
    {"n_members": 2},
    {"solver": "lbfgs"},
    {"dtype": "float32"},
    {"early_stopping": True},
    {"class_weight": "balanced"},
]


def model(**parameters):
    return MLPClassifier(5, **{"max_iter": 5, "random_state": 0} | parameters)


@pytest.mark.parametrize("parameters", PARAMETERS, ids=str)
@pytest.mark.parametrize("label", [0, 1, "only"], ids=repr)
def test_its_probability_is_one(label, parameters):
    y = np.full(60, label)
    fitted = model(**parameters).fit(X, y)
    assert_array_equal(fitted.predict_proba(X), np.ones((60, 1)))
    assert_array_equal(fitted.predict_log_proba(X), np.zeros((60, 1)))
    assert fitted.predict_proba(X).dtype == fitted.coefs_[0].dtype
    assert_array_equal(fitted.predict(X), y)
    assert fitted.decision_function(X).shape == (60,)
    assert fitted.score(X, y) == 1


def test_classes_of_later_calls_count():
    fitted = model().partial_fit(X[:30], SORTED[:30], classes=["a", "b"])
    assert fitted.predict_proba(X).shape == (60, 2)
    assert model().partial_fit(X, SORTED[:1].repeat(60), classes=["a"]).predict_proba(X).all()


@pytest.mark.parametrize(
    "ensemble",
    [
        CommitteeClassifier([model(), model(random_state=1)]),
        VotingClassifier([("one", model()), ("two", model())], voting="soft"),
        BaggingClassifier(model(), n_estimators=2),
    ],
    ids=lambda ensemble: type(ensemble).__name__,
)
def test_ensembles(ensemble):
    fitted = ensemble.fit(X, np.full(60, "only"))
    assert_array_equal(fitted.predict_proba(X), np.ones((60, 1)))
    assert set(fitted.predict(X)) == {"only"}


@pytest.mark.parametrize("method", ["predict_proba", "predict_log_proba"])
def test_folds_of_a_single_class(method):
    found = cross_val_predict(model(), X, SORTED, cv=KFold(2), method=method)
    assert found.shape == (60, 2)


@pytest.mark.parametrize("n_members", [1, 2])
def test_committees_are_chosen_where_folds_have_a_single_class(n_members):
    grid = {"alpha": [1e-3, 1.0, 10.0]}
    splits = [(np.arange(30), np.arange(30, 60)), (np.arange(0, 60, 2), np.arange(1, 60, 2))]
    common = {"cv": splits, "committee_size": 2}
    search = StackedGridSearchCV(model(n_members=n_members), grid, **common).fit(X, SORTED)
    assert 0 <= search.committee_.score <= 1
    assert search.predict_proba(X).shape == (60, 2)
    halving = StackedHalvingGridSearchCV(model(), grid, min_resources=2, **common)
    assert 0 <= halving.fit(X, SORTED).committee_.score <= 1
