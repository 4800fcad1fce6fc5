"""What a search does for each candidate, and what it does but once for a fold."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.model_selection import KFold

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.core import objective
from sknn_actloss.estimators import JointFit, _joint as joint_fits
from sknn_actloss.model_selection import StackedGridSearchCV
from sknn_actloss.model_selection._evaluation import Fold
from sknn_actloss.model_selection._progress import SearchProgress

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.RandomState(0).randn(60, 3)
Y = X[:, 0]
DIFFERENT = {"random_state": list(range(12))}


def counted(monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> list[int]:
    calls, function = [], getattr(owner, name)

    def counting(*args: object, **kwargs: object) -> object:
        calls.append(1)
        return function(*args, **kwargs)

    monkeypatch.setattr(owner, name, counting)
    return calls


def test_rows_of_a_fold_are_taken_and_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    folds = counted(monkeypatch, Fold, "__init__")
    checks = counted(monkeypatch, joint_fits, "check_data")
    fits = counted(monkeypatch, JointFit, "train")
    model = MLPRegressor((4,), max_iter=1)
    StackedGridSearchCV(model, DIFFERENT, cv=3, refit=False).fit(X, Y)
    assert (len(folds), len(checks), len(fits)) == (3, 3, 36)


def test_nothing_is_told_where_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = counted(monkeypatch, SearchProgress, "_best_score")
    model = MLPRegressor((4,), max_iter=1)
    StackedGridSearchCV(model, DIFFERENT, cv=2, refit=False).fit(X, Y)
    assert scores == []


def test_names_of_parameters_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Own(MLPRegressor):
        pass

    Own().get_params()
    looks = counted(monkeypatch, BaseEstimator, "_get_param_names")
    names = list(Own().get_params())
    assert names == sorted(names)
    assert names == list(MLPRegressor().get_params())
    assert looks == []


def test_memory_does_not_grow_with_candidates_of_stacks_of_one_size() -> None:
    rows = np.random.RandomState(0).randn(8_000, 4)
    labels = np.random.RandomState(1).randint(0, 8, 8_000)

    class InFours(StackedGridSearchCV):
        _max_members = 4

    def peak(n_candidates: int) -> int:
        grid = {"alpha": np.logspace(-5, 0, n_candidates).tolist()}
        network = MLPClassifier((3,), max_iter=1, random_state=0)
        search = InFours(network, grid, cv=KFold(2), refit=False)
        tracemalloc.start()
        search.fit(rows, labels)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(4)
    assert peak(24) < 1.2 * peak(4)


def test_losses_of_blocks_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
    grid = {"alpha": [1e-4, 1.0], "loss": ["log_loss", "hinge", "focal"]}
    search = StackedGridSearchCV(MLPClassifier((4,), max_iter=5, random_state=0), grid, cv=2)
    whole = search.fit(X, labels).best_estimator_.loss_curve_
    monkeypatch.setattr(objective, "VALUE_BYTES", 256)
    assert search.fit(X, labels).best_estimator_.loss_curve_ == pytest.approx(whole, rel=1e-12)
