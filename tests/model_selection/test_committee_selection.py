"""Committees that a search selects from its out-of-fold predictions."""

from __future__ import annotations

import pickle
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification, make_regression
from sklearn.metrics import accuracy_score, log_loss, make_scorer, r2_score, roc_auc_score
from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.estimators import JointFit
from sknn_actloss.model_selection import (
    CommitteeClassifier,
    CommitteeRegressor,
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
    StackedRandomizedSearchCV,
)
from sknn_actloss.model_selection._selection import select_greedily

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
TARGETS = make_regression(150, 4, noise=5, random_state=0)[1] / 50
GRID = {"activation": ["relu", "tanh"], "learning_rate_init": [0.003, 0.01, 0.1]}
CLASSIFIER = MLPClassifier((6,), max_iter=12, batch_size=30, random_state=0)
REGRESSOR = MLPRegressor((6,), max_iter=12, batch_size=30, random_state=0)
FOLDS = StratifiedKFold(3)


def out_of_fold(search: Any, y: np.ndarray, cv: Any, method: str) -> np.ndarray:
    """Return the weighted mean of the members' predictions, made by scikit-learn's means."""
    members = [clone(search.estimator).set_params(**p) for p in search.committee_.members]
    said = [cross_val_predict(member, X, y, cv=cv, method=method) for member in members]
    return np.average(said, axis=0, weights=search.committee_.weights)


def test_the_score_is_that_of_averaged_probabilities() -> None:
    search = StackedGridSearchCV(CLASSIFIER, GRID, cv=FOLDS, committee_size=5).fit(X, Y)
    probabilities = out_of_fold(search, Y, FOLDS, "predict_proba")
    assert search.committee_.score == accuracy_score(Y, probabilities.argmax(axis=1))
    assert search.committee_.weights.sum() == pytest.approx(1)
    assert len(search.committee_.members) == len(search.committee_.indices) <= 5
    for index, params in zip(search.committee_.indices, search.committee_.members, strict=True):
        assert search.cv_results_["params"][index] == params


def test_regression() -> None:
    cv = KFold(4)
    search = StackedGridSearchCV(REGRESSOR, GRID, cv=cv, committee_size=4).fit(X, TARGETS)
    assert isinstance(search.best_estimator_, CommitteeRegressor)
    expected = r2_score(TARGETS, out_of_fold(search, TARGETS, cv, "predict"))
    assert search.committee_.score == pytest.approx(expected)


def test_a_metric_of_probabilities() -> None:
    search = StackedGridSearchCV(
        CLASSIFIER, GRID, cv=FOLDS, committee_size=6, scoring="neg_log_loss"
    ).fit(X, Y)
    probabilities = out_of_fold(search, Y, FOLDS, "predict_proba")
    assert search.committee_.score == pytest.approx(-log_loss(Y, probabilities))
    assert search.committee_.score >= search.best_score_ - 1e-9


def test_best_estimator_is_the_committee_fitted_to_all_rows() -> None:
    search = StackedGridSearchCV(
        CLASSIFIER, GRID, cv=FOLDS, committee_size=6, scoring="neg_log_loss"
    ).fit(X, Y)
    committee = search.best_estimator_
    assert isinstance(committee, CommitteeClassifier)
    alone = [clone(CLASSIFIER).set_params(**p).fit(X, Y) for p in search.committee_.members]
    expected = np.average(
        [member.predict_proba(X) for member in alone], axis=0, weights=search.committee_.weights
    )
    assert_allclose(search.predict_proba(X), expected, rtol=1e-10)
    assert_array_equal(search.classes_, [0, 1, 2])
    assert search.n_features_in_ == 4
    again = pickle.loads(pickle.dumps(search))
    assert_array_equal(again.predict(X), search.predict(X))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("estimator", "y"), [(CLASSIFIER, Y), (REGRESSOR, TARGETS)])
def test_best_estimator_passes_the_checks(estimator: Any, y: np.ndarray) -> None:
    grid = {"activation": ["relu", "tanh"], "max_iter": [60], "learning_rate_init": [0.02]}
    search = StackedGridSearchCV(estimator, grid, cv=3, committee_size=3).fit(X, y)
    committee = search.best_estimator_
    for member in committee.estimators:
        member.set_params(batch_size="auto")
    results = check_estimator(committee, on_fail=None, on_skip=None)
    assert [r for r in results if r["status"] not in ("passed", "skipped")] == []


def test_pipelines_with_different_steps() -> None:
    pipeline = make_pipeline(StandardScaler(), CLASSIFIER)
    grid = {
        "standardscaler__with_mean": [True, False],
        "mlpclassifier__activation": ["relu", "tanh"],
    }
    search = StackedGridSearchCV(
        pipeline, grid, cv=FOLDS, committee_size=6, scoring="neg_log_loss"
    ).fit(X, Y, mlpclassifier__sample_weight=np.ones(len(Y)))
    probabilities = out_of_fold(search, Y, FOLDS, "predict_proba")
    assert search.committee_.score == pytest.approx(-log_loss(Y, probabilities))
    assert search.predict(X).shape == Y.shape


def test_rows_that_no_fold_holds_out_are_left_out() -> None:
    cv = ShuffleSplit(2, test_size=0.2, random_state=0)
    rows = np.unique(np.concatenate([test for _, test in cv.split(X)]))
    search = StackedGridSearchCV(
        CLASSIFIER, {"alpha": [0.1]}, cv=cv, committee_size=3, scoring="neg_log_loss"
    ).fit(X, Y)
    said, counts = np.zeros((len(Y), 3)), np.zeros((len(Y), 1))
    for train, test in cv.split(X):
        member = clone(CLASSIFIER).set_params(alpha=0.1).fit(X[train], Y[train])
        said[test] += member.predict_proba(X[test])
        counts[test] += 1
    expected = -log_loss(Y[rows], (said / np.maximum(counts, 1))[rows])
    assert search.committee_.score == pytest.approx(expected)
    assert search.committee_.weights.tolist() == [1.0]


def test_several_metrics() -> None:
    scoring = ["accuracy", "neg_log_loss"]
    options = {"cv": FOLDS, "scoring": scoring, "committee_size": 4}
    search = StackedGridSearchCV(CLASSIFIER, GRID, refit="neg_log_loss", **options).fit(X, Y)
    single = StackedGridSearchCV(CLASSIFIER, GRID, **options | {"scoring": "neg_log_loss"}).fit(
        X, Y
    )
    assert search.committee_.score == single.committee_.score
    with pytest.raises(ValueError, match="committee_size=4 with several metrics needs the name"):
        StackedGridSearchCV(CLASSIFIER, GRID, refit=False, **options).fit(X, Y)


def by_hand(estimator: Any, X: np.ndarray, y: np.ndarray) -> dict[str, float]:
    return {"a": estimator.score(X, y), "b": -log_loss(y, estimator.predict_proba(X))}


def test_a_metric_of_ones_own() -> None:
    search = StackedGridSearchCV(
        CLASSIFIER, GRID, cv=FOLDS, scoring=by_hand, refit="b", committee_size=4
    ).fit(X, Y)
    probabilities = out_of_fold(search, Y, FOLDS, "predict_proba")
    assert search.committee_.score == pytest.approx(-log_loss(Y, probabilities))


def test_weights_count_in_the_score() -> None:
    weights = np.random.default_rng(0).uniform(size=len(Y))
    search = StackedGridSearchCV(
        CLASSIFIER, {"alpha": [0.1]}, cv=FOLDS, committee_size=1, scoring="neg_log_loss"
    ).fit(X, Y, sample_weight=weights)
    said = np.zeros((len(Y), 3))
    for train, test in FOLDS.split(X, Y):
        member = clone(CLASSIFIER).set_params(alpha=0.1)
        said[test] = member.fit(X[train], Y[train], weights[train]).predict_proba(X[test])
    expected = -log_loss(Y, said, sample_weight=weights)
    assert search.committee_.score == pytest.approx(expected)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:One or more of the")
def test_candidates_that_fail_or_give_no_probabilities_stay_out() -> None:
    grid = [{"loss": ["hinge", "log_loss"]}, {"learning_rate_init": [1e300]}]
    search = StackedGridSearchCV(CLASSIFIER, grid, cv=FOLDS, committee_size=5).fit(X, Y)
    assert search.committee_.members == [{"loss": "log_loss"}]
    with pytest.raises(ValueError, match="committee_size=5 finds no candidate"):
        StackedGridSearchCV(CLASSIFIER, {"loss": ["hinge"]}, committee_size=5).fit(X, Y)


def test_without_refit_there_is_a_committee_and_no_estimator() -> None:
    search = StackedGridSearchCV(CLASSIFIER, GRID, cv=FOLDS, committee_size=2, refit=False)
    search.fit(X, Y)
    assert hasattr(search, "committee_")
    assert not hasattr(search, "best_estimator_")


def test_no_committee_by_default() -> None:
    search = StackedGridSearchCV(CLASSIFIER, GRID, cv=FOLDS).fit(X, Y)
    assert isinstance(search.best_estimator_, MLPClassifier)
    assert not hasattr(search, "committee_")


def test_halving_takes_candidates_of_the_last_iteration() -> None:
    search = StackedHalvingGridSearchCV(CLASSIFIER, GRID, cv=FOLDS, factor=2, committee_size=4)
    search.fit(X, Y)
    last = search.cv_results_["iter"] == search.n_iterations_ - 1
    assert last[search.committee_.indices].all()


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_labels_in_columns(n_jobs: int | None) -> None:
    rows, labels = make_multilabel_classification(120, 6, n_classes=3, random_state=0)
    search = StackedRandomizedSearchCV(
        CLASSIFIER, GRID, n_iter=4, random_state=0, cv=3, committee_size=3, n_jobs=n_jobs
    ).fit(rows, labels)
    assert search.predict(rows).shape == labels.shape
    assert search.committee_.score > 0


def test_classes_that_a_training_fold_lacks() -> None:
    classes = np.where(np.arange(len(Y)) < 3, "rare", Y.astype(str))
    with pytest.warns(UserWarning, match="least populated class"):
        search = StackedGridSearchCV(CLASSIFIER, GRID, cv=5, committee_size=2).fit(X, classes)
    assert search.predict_proba(X).shape == (len(Y), 4)
    folds = [(np.arange(3, 150), np.arange(3)), (np.arange(0, 150, 2), np.arange(1, 150, 2))]
    search = StackedGridSearchCV(CLASSIFIER, GRID, cv=folds, committee_size=2).fit(X, classes)
    assert np.isfinite(search.committee_.score)


def test_greedy_selection_by_hand() -> None:
    targets = np.array([0.0, 1.0, 2.0, 3.0])
    predictions = np.array([targets + 2, targets - 1, targets + 5])
    choice = select_greedily(predictions, lambda p: -np.abs(p - targets).max(), 6)
    # -1 is best alone, then with +2 (0.5 off), then -1 again: (2 - 1 - 1) / 3 = 0.
    assert choice.picks == (1, 0, 1)
    assert choice.score == 0
    assert choice.members.tolist() == [0, 1]
    assert_allclose(choice.weights, [1 / 3, 2 / 3])


def test_every_step_of_the_selection_is_the_best_of_its_kind() -> None:
    rng = np.random.default_rng(0)
    targets = rng.normal(size=30)
    predictions = targets + rng.normal(size=(5, 30))

    def score(prediction: np.ndarray) -> float:
        return -float(np.mean((prediction - targets) ** 2))

    choice = select_greedily(predictions, score, 4)
    assert score(predictions[list(choice.picks)].mean(axis=0)) == pytest.approx(choice.score)
    every = combinations_with_replacement(range(5), len(choice.picks))
    best = max(score(predictions[list(picks)].mean(axis=0)) for picks in every)
    assert max(map(score, predictions)) <= choice.score <= best


BINARY = (Y > 0).astype(int)


@pytest.mark.parametrize(
    "y", [Y, BINARY, np.eye(3, dtype=int)[Y]], ids=["classes", "two", "labels"]
)
def test_decision_function(y: np.ndarray) -> None:
    search = StackedGridSearchCV(CLASSIFIER, GRID, cv=3, committee_size=3).fit(X, y)
    scores, probabilities = search.decision_function(X), search.predict_proba(X)
    if y is BINARY:
        assert_allclose(scores, np.log(probabilities[:, 1] / probabilities[:, 0]), rtol=1e-6)
        assert_array_equal(search.predict(X), scores > 0)
    elif y is Y:
        assert_allclose(scores, np.log(probabilities))
        assert_array_equal(search.predict(X), scores.argmax(axis=1))
    else:
        assert_allclose(scores, np.log(probabilities / (1 - probabilities)))
        assert_array_equal(search.predict(X), scores > 0)


def test_a_metric_of_decisions() -> None:
    by_decisions = make_scorer(roc_auc_score, response_method="decision_function")
    search = StackedGridSearchCV(CLASSIFIER, GRID, cv=FOLDS, committee_size=3, scoring=by_decisions)
    probabilities = out_of_fold(search.fit(X, BINARY), BINARY, FOLDS, "predict_proba")
    assert search.committee_.score == pytest.approx(roc_auc_score(BINARY, probabilities[:, 1]))


def by_epochs(estimator: Any, X: np.ndarray, y: np.ndarray) -> float:
    return estimator.score(X, y) - 1e-4 * estimator.n_iter_


@pytest.mark.parametrize(
    ("scoring", "refit"), [(by_epochs, True), ({"a": "accuracy", "b": by_epochs}, "b")]
)
@pytest.mark.parametrize(("estimator", "y"), [(CLASSIFIER, Y), (REGRESSOR, TARGETS)])
def test_scoring_by_more_than_predictions_is_refused_at_once(
    estimator: Any, y: np.ndarray, scoring: Any, refit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(JointFit, "train")
    scoring = scoring | {"a": "r2"} if estimator is REGRESSOR and refit == "b" else scoring
    search = StackedGridSearchCV(estimator, GRID, scoring=scoring, refit=refit, committee_size=3)
    with pytest.raises(ValueError, match=r"committee_size=3 needs a scoring .* 'n_iter_'"):
        search.fit(X, y)
