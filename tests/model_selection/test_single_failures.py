"""A candidate that fails in the middle of training leaves its neighbours as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV

from sknn_actloss import MLPRegressor
from sknn_actloss.losses import FunctionLoss
from sknn_actloss.model_selection import StackedGridSearchCV, StackedHalvingGridSearchCV

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning"),
    pytest.mark.filterwarnings("ignore:One or more of the"),
]

X = np.random.default_rng(0).standard_normal((60, 3))
Y = X[:, 0]


def falls_below_zero(step: int) -> float:
    return 1 - step / 20


def raises(step: int) -> float:
    if np.max(step) > 11:
        raise RuntimeError("enough")
    return 1.0


def network(random_state: Any = 0) -> MLPRegressor:
    return MLPRegressor((4,), max_iter=10, batch_size=10, random_state=random_state)


@pytest.mark.parametrize("random_state", [0, np.random.RandomState(3), None])
@pytest.mark.parametrize("fails", [falls_below_zero, raises])
def test_one_schedule_fails(fails: Any, random_state: Any) -> None:
    grid = {"learning_rate": ["constant", fails, "linear"], "alpha": [0, 1]}
    search = StackedGridSearchCV(network(random_state), grid, cv=2, refit=False).fit(X, Y)
    scores = search.cv_results_["mean_test_score"].reshape(2, 3)
    assert np.isnan(scores[:, 1]).all()
    if random_state is not None:
        expected = GridSearchCV(network(random_state), grid, cv=2, refit=False).fit(X, Y)
        assert_array_equal(scores.ravel(), expected.cv_results_["mean_test_score"])
    else:
        assert np.isfinite(scores[:, [0, 2]]).all()


def test_error_score_raise_raises_what_failed() -> None:
    grid = {"learning_rate": ["constant", raises]}
    with pytest.raises(RuntimeError, match="enough"):
        StackedGridSearchCV(network(), grid, cv=2, error_score="raise").fit(X, Y)


def test_halving_goes_on_with_the_others() -> None:
    grid = {"learning_rate": ["constant", raises, "adaptive", "invscaling"]}
    search = StackedHalvingGridSearchCV(network(), grid, cv=2, factor=2).fit(X, Y)
    assert search.n_resources_[-1] <= 10
    assert np.isfinite(search.best_score_)


def test_a_single_candidate() -> None:
    search = StackedGridSearchCV(network(), {"learning_rate": [raises]}, cv=2, refit=False)
    with pytest.raises(ValueError, match="All the 2 fits failed"):
        search.fit(X, Y)


def exploding(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    if len(np.atleast_1d(y)) not in (1, 2, 3, 10, 12, 30, 60):
        raise RuntimeError("other rows")
    return (p - y) ** 2


def test_a_loss_of_ones_own() -> None:
    grid = {"loss": ["squared_error", FunctionLoss(exploding)], "batch_size": [7]}
    search = StackedGridSearchCV(network(), grid, cv=2, refit=False).fit(X, Y)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores[0])
    assert np.isnan(scores[1])
