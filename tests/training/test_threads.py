"""Stacks in teams, each in a thread of its own, against single stacks."""

import numpy as np
import pytest
from broken_activation import Broken, BrokenError

from sknn_actloss import Committee, MLPClassifier, MLPRegressor
from sknn_actloss.dropout import FallingDropout
from sknn_actloss.model_selection import StackedGridSearchCV
from sknn_actloss.training import threads

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).standard_normal((150, 6))
NUMBERS = X[:, 0] * X[:, 1] + np.abs(X[:, 2])
CLASSES = (NUMBERS > 0).astype(int) + (X[:, 3] > 1)

FITS = {
    "plain": (MLPRegressor, {"n_members": 5}),
    "folds": (MLPClassifier, {"n_members": Committee(4, "folds"), "dropout": FallingDropout(0.2)}),
    "moments": (
        MLPClassifier,
        {
            "n_members": Committee(3, "bootstrap"),
            "weight_averaging": "ema",
            "normalization": "batch",
        },
    ),
    "average of epochs": (
        MLPRegressor,
        {"n_members": 6, "weight_averaging": "swa", "solver": "adamw", "max_iter": 8},
    ),
    "members leave": (
        MLPClassifier,
        {"n_members": 6, "early_stopping": True, "n_iter_no_change": 1, "max_iter": 12},
    ),
    "bounds": (
        MLPClassifier,
        {"n_members": 4, "feature_scale": True, "gradient_clip": 0.5, "max_norm": 1.0, "l1": 0.01},
    ),
}


@pytest.fixture
def n_teams(monkeypatch):
    """Make small stacks come in two teams; holds how many there were in each of them."""
    counts, init = [], threads.Teams.__init__

    def counted(self, *arguments):
        counts.append(arguments[-1])
        init(self, *arguments)

    monkeypatch.setattr(threads.Teams, "__init__", counted)
    monkeypatch.setattr(threads, "TEAM_BYTES", 1)
    monkeypatch.setattr(threads, "n_blas_threads", lambda: 2)
    return counts


def numbers_of(estimator):
    return [
        array
        for member in estimator.members_
        for array in (*member.coefs_, *member.intercepts_, np.array(member.loss_curve_))
    ]


@pytest.mark.parametrize("name", FITS)
def test_teams_give_the_very_numbers_of_a_single_stack(name, n_teams, monkeypatch):
    kind, settings = FITS[name]
    estimator = kind(
        **{"hidden_layer_sizes": (9, 5), "max_iter": 4, "random_state": 0, "tol": 0} | settings,
        batch_size=64,
    )
    y = NUMBERS if kind is MLPRegressor else CLASSES
    estimator.fit(X, y)
    assert set(n_teams) == {2}
    found, predicted = numbers_of(estimator), estimator.predict(X)
    monkeypatch.setattr(threads, "TEAM_BYTES", 1 << 60)
    n_teams.clear()
    estimator.fit(X, y)
    assert n_teams == []
    for array, expected in zip(found, numbers_of(estimator), strict=True):
        np.testing.assert_array_equal(array, expected)
    np.testing.assert_array_equal(predicted, estimator.predict(X))


def test_a_search_in_teams_equals_one_without(n_teams, monkeypatch):
    def search():
        grid = {"learning_rate_init": [0.001, 0.01, 0.1], "dropout": [0.1, 0.3]}
        network = MLPClassifier((6,), max_iter=5, random_state=0)
        return StackedGridSearchCV(network, grid, cv=2).fit(X, CLASSES).cv_results_

    found = search()["mean_test_score"]
    assert set(n_teams) == {2}
    monkeypatch.setattr(threads, "TEAM_BYTES", 1 << 60)
    np.testing.assert_array_equal(found, search()["mean_test_score"])


@pytest.mark.parametrize("rates", [[0.0, 0.2], [0.1, 0.2]])
def test_members_of_which_some_drop_nothing_stay_together(rates, n_teams):
    network = MLPRegressor((6,), max_iter=2, tol=0, n_iter_no_change=5, random_state=0)
    StackedGridSearchCV(network, {"dropout": rates, "alpha": [0.1]}, cv=2, refit=False).fit(
        X, NUMBERS
    )
    assert bool(n_teams) == all(rates)


@pytest.mark.usefixtures("n_teams")
def test_what_a_team_raises_comes_out():
    with pytest.raises(BrokenError):
        MLPRegressor((4,), n_members=2, activation=Broken()).fit(X, NUMBERS)
