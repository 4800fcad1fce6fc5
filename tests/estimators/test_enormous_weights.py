"""Weights that are finite but enormous predict finite numbers, or an error says why not."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from sknn_actloss import Committee, MLPClassifier, MLPRegressor
from sknn_actloss.losses import LOSSES, Quantile
from sknn_actloss.model_selection import (
    CommitteeClassifier,
    CommitteeRegressor,
    StackedGridSearchCV,
)

RNG = np.random.RandomState(0)
X = RNG.standard_normal((40, 4))
NUMBERS = np.abs(X[:, 0]) + 0.1
CLASSES = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
LABELS = (X[:, :3] > 0).astype(int)
SETTINGS = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0}
FACTORS = {"float32": (1e15, 1e37), "float64": (1e100, 1e160, 1e300)}
FOLDS = Committee(3, resample="folds")
READS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "predict_quantiles")


def exploded(model, y, factor):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    for part in model.coefs_ + model.intercepts_:
        part *= factor
    return model


def assert_finite_or_told(read, *arguments, **options):
    with np.errstate(all="raise"):
        try:
            found = read(*arguments, **options)
        except ValueError as error:
            if not re.search("too large|largest number", str(error)):
                raise
            return False
    for part in found if isinstance(found, tuple) else (found,):
        if read.__name__ != "predict_log_proba":  # whose zeros are zero
            assert np.isfinite(part).all()
    return True


@pytest.mark.parametrize("dtype", FACTORS)
@pytest.mark.parametrize("loss", [*LOSSES["regression"], Quantile((0.1, 0.5, 0.9))], ids=str)
def test_regressors(loss, dtype):
    told = []
    for factor in FACTORS[dtype]:
        for n_members in (1, FOLDS):
            own = {"loss": loss, "dtype": dtype, "n_members": n_members}
            model = exploded(MLPRegressor(**SETTINGS, **own), NUMBERS, factor)
            for read in filter(None, (getattr(model, name, None) for name in READS)):
                told.append(assert_finite_or_told(read, X))
                assert_finite_or_told(read, X[:1])
            if loss == "gaussian_nll" or n_members != 1:
                assert_finite_or_told(model.predict, X, return_std=True)
            if hasattr(model, "predict_interval"):
                assert_finite_or_told(model.predict_interval, X, 0.8)
            assert_finite_or_told(model.score, X, NUMBERS)
    assert not all(told)


@pytest.mark.parametrize("dtype", FACTORS)
@pytest.mark.parametrize("y", [CLASSES, CLASSES > 0, LABELS], ids=["many", "two", "labels"])
@pytest.mark.parametrize("loss", LOSSES["classification"])
def test_classifiers(loss, y, dtype):
    for factor in FACTORS[dtype]:
        for n_members in (1, FOLDS):
            own = {"loss": loss, "dtype": dtype, "n_members": n_members}
            model = exploded(MLPClassifier(**SETTINGS, **own), y, factor)
            for read in filter(None, (getattr(model, name, None) for name in READS)):
                assert_finite_or_told(read, X)
            assert_finite_or_told(model.score, X, y)


@pytest.mark.parametrize("factor", FACTORS["float64"])
def test_committees(factor):
    for task, kind, y in (
        (MLPRegressor, CommitteeRegressor, NUMBERS),
        (MLPClassifier, CommitteeClassifier, CLASSES),
    ):
        members = [exploded(task(**SETTINGS), y, factor) for _ in range(2)]
        committee = kind(members)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            committee.fit(X, y)
        for member in committee.estimators_:
            for part in member.coefs_ + member.intercepts_:
                part *= factor
        for read in filter(None, (getattr(committee, name, None) for name in READS)):
            assert_finite_or_told(read, X)


def test_a_message_names_weights_and_remedies():
    model = exploded(MLPRegressor(**SETTINGS), NUMBERS, 1e200)
    with pytest.raises(ValueError, match=r"weights, of up to \d\.\d+e\+200.*lower learning_rate"):
        model.predict(X)
    model = exploded(MLPRegressor(**SETTINGS), NUMBERS, 1e90)
    with pytest.raises(ValueError, match=r"R² is beyond the largest number.*targets of up to"):
        model.score(X, NUMBERS)


def test_scores_of_searches_are_those_of_scikit_learn():
    def explodes(step):
        return 1.0 if step < 3 else 1e100

    model = MLPRegressor((4,), solver="sgd", max_iter=3, batch_size=32, random_state=0)
    grid = {"learning_rate": ["constant", explodes]}
    found = []
    for search in (GridSearchCV, StackedGridSearchCV):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.append(search(model, grid, cv=2).fit(X, NUMBERS).cv_results_["mean_test_score"])
    np.testing.assert_allclose(*found)
