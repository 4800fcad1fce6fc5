"""Halving searches against scikit-learn's, which train every survivor from its start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import loguniform
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.datasets import load_iris, make_regression
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    KFold,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.estimators import JointFit
from sknn_actloss.model_selection import (
    StackedHalvingGridSearchCV,
    StackedHalvingRandomSearchCV,
)
from sknn_actloss.model_selection._halving import iterations

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning"),
    pytest.mark.filterwarnings("ignore:One or more of the"),
]

X, Y = load_iris(return_X_y=True)
TARGETS = make_regression(150, 4, noise=5, random_state=0)[1] / 50
GRID = {"activation": ["relu", "tanh"], "learning_rate_init": [0.003, 0.01, 0.1], "alpha": [0, 1]}
CLASSIFIER = MLPClassifier((6,), max_iter=18, batch_size=30, random_state=0, n_iter_no_change=4)
REGRESSOR = MLPRegressor((6,), max_iter=18, batch_size=30, random_state=0)


def assert_same_search(actual: Any, expected: Any) -> None:
    assert list(actual.cv_results_) == list(expected.cv_results_)
    for name, values in expected.cv_results_.items():
        if "time" in name:
            continue
        if "score" in name:
            assert_allclose(actual.cv_results_[name], values, rtol=1e-6)
        else:
            assert_array_equal(actual.cv_results_[name], values)
    for name, value in vars(expected).items():
        if name.endswith("_"):
            assert name in vars(actual)
            if name.startswith(("best_i", "best_p", "n_", "max_", "min_")):
                assert getattr(actual, name) == value
    assert_allclose(actual.best_score_, expected.best_score_, rtol=1e-6)
    assert_allclose(actual.predict(X), expected.predict(X), rtol=1e-6)


def fit_both(
    estimator: Any, grid: Any, y: np.ndarray, jobs: Sequence[int | None] = (None,), **options: Any
) -> None:
    resource = "mlpclassifier__max_iter" if hasattr(estimator, "steps") else "max_iter"
    budget = options.pop("max_resources", 18)
    options = {"cv": 3, "factor": 2, "random_state": 0} | options
    expected = HalvingGridSearchCV(
        estimator, grid, resource=resource, max_resources=budget, **options
    )
    expected.fit(X, y)
    for n_jobs in jobs:
        actual = StackedHalvingGridSearchCV(
            estimator, grid, max_resources=budget, n_jobs=n_jobs, **options
        )
        assert_same_search(actual.fit(X, y), expected)


@pytest.mark.parametrize(
    "options",
    [
        {"jobs": (None, 2)},
        {"factor": 3},
        {"min_resources": 2},
        {"min_resources": 4, "aggressive_elimination": True},
        {"min_resources": "smallest", "max_resources": 7},
        {"return_train_score": False, "scoring": "neg_log_loss"},
        {"cv": KFold(4, shuffle=True, random_state=1)},
        {"factor": 1.5},
    ],
    ids=str,
)
def test_survivors_end_where_training_from_the_start_ends(options: dict[str, Any]) -> None:
    fit_both(CLASSIFIER, GRID, Y, **options)


SETTINGS = {
    "early_stopping": (MLPClassifier(**CLASSIFIER.get_params() | {"early_stopping": True}), GRID),
    "sgd": (MLPClassifier(**CLASSIFIER.get_params() | {"solver": "sgd"}), GRID),
    "solvers": (CLASSIFIER, {"solver": ["adam", "lbfgs", "sgd"], "alpha": [0, 1, 2]}),
    "shapes": (CLASSIFIER, {"hidden_layer_sizes": [(4,), (5, 3)], "batch_size": [20, 50]}),
    "adaptive": (CLASSIFIER, {"learning_rate": ["adaptive", "invscaling"], "alpha": [0, 1]}),
    "no shuffling": (MLPClassifier(**CLASSIFIER.get_params() | {"shuffle": False}), GRID),
    "a failure": (CLASSIFIER, {"learning_rate_init": [0.01, 1e300, 0.1], "alpha": [0, 1]}),
    "pipeline": (
        make_pipeline(StandardScaler(), CLASSIFIER),
        {
            "standardscaler": [StandardScaler(), MinMaxScaler(), "passthrough"],
            "mlpclassifier__alpha": [0, 1],
        },
    ),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(name: str) -> None:
    fit_both(*SETTINGS[name], Y, jobs=(None, 2))


def test_regression() -> None:
    fit_both(REGRESSOR, GRID, TARGETS)


@pytest.mark.parametrize("options", [{}, {"n_candidates": 9, "min_resources": "exhaust"}], ids=str)
def test_random_candidates(options: dict[str, Any]) -> None:
    space = {"alpha": loguniform(1e-5, 1), "activation": ["relu", "tanh"]}
    options = {"cv": 3, "random_state": 3, "factor": 3} | options
    expected = HalvingRandomSearchCV(
        CLASSIFIER, space, resource="max_iter", max_resources=18, **options
    )
    actual = StackedHalvingRandomSearchCV(CLASSIFIER, space, **options)
    assert_same_search(actual.fit(X, Y), expected.fit(X, Y))


def test_candidates_that_are_equal() -> None:
    space = {"alpha": [0.1, 0.1, 0.1], "activation": ["relu", "relu", "tanh"]}
    fit_both(CLASSIFIER, space, Y)


@pytest.mark.parametrize("schedule", ["cosine", "linear", "one_cycle"])
def test_schedules_see_the_horizon_of_the_last_iteration(schedule: str) -> None:
    estimator = MLPClassifier(**CLASSIFIER.get_params() | {"learning_rate": schedule})
    grid = {"alpha": [0.0, 0.1, 1.0], "activation": ["relu", "tanh"]}
    search = StackedHalvingGridSearchCV(estimator, grid, cv=3, factor=2, min_resources=4)
    search.fit(X, Y)
    assert search.n_resources_ == [4, 8, 16]
    last = search.cv_results_["iter"] == 2
    full = GridSearchCV(
        estimator,
        [
            {name: [value] for name, value in params.items()}
            for params in np.array(search.cv_results_["params"])[last]
        ],
        cv=3,
    ).fit(X, Y)
    scores = search.cv_results_["mean_test_score"][last]
    assert_allclose(scores, full.cv_results_["mean_test_score"], rtol=1e-6)
    assert search.best_score_ == full.best_score_


def test_every_epoch_is_trained_once(monkeypatch: pytest.MonkeyPatch) -> None:
    epochs = []
    train = JointFit.train

    def counting(
        self: JointFit, observer: Any = None, until: int | None = None, file: Any = None
    ) -> None:
        before = self.n_epochs
        train(self, observer, until, file)
        epochs.append((len(self.estimators), before, until))

    monkeypatch.setattr(JointFit, "train", counting)
    StackedHalvingGridSearchCV(CLASSIFIER, GRID, cv=2, factor=2, min_resources=3).fit(X, Y)
    stacks = [(12, 0, 3), (6, 3, 6), (3, 6, 12)]
    assert epochs == [stack for stack in stacks for _ in range(2)]


def test_folds_may_be_random() -> None:
    search = StackedHalvingGridSearchCV(CLASSIFIER, GRID, cv=KFold(3, shuffle=True))
    assert search.fit(X, Y).n_splits_ == 3


@pytest.mark.parametrize("resource", ["max_iter", "mlpclassifier__max_iter"])
def test_the_resource_of_a_pipeline(resource: str) -> None:
    pipeline = make_pipeline(StandardScaler(), CLASSIFIER)
    search = StackedHalvingGridSearchCV(
        pipeline, {"mlpclassifier__alpha": [0, 0.1, 1]}, resource=resource, cv=3
    ).fit(X, Y)
    assert search.max_resources_ == 18
    assert search.best_params_["mlpclassifier__max_iter"] == 18
    assert search.best_estimator_[-1].max_iter == 18


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resource": "n_samples"}, "resource='n_samples' is not supported.*HalvingGridSearchCV"),
        ({"resource": "alpha"}, "resource='alpha' is not supported"),
        ({"min_resources": 20}, "min_resources_=20 is greater than max_resources_=18"),
        ({"param_grid": {"max_iter": [1, 2]}}, "max_iter as the resource"),
        ({"scoring": ["accuracy"]}, "scoring"),
        ({"factor": 0}, "factor"),
    ],
    ids=str,
)
def test_bad_settings(options: dict[str, Any], message: str) -> None:
    options = {"param_grid": {"alpha": [0, 1]}} | options
    with pytest.raises(ValueError, match=message):
        StackedHalvingGridSearchCV(CLASSIFIER, **options).fit(X, Y)


def test_bad_settings_of_random_candidates() -> None:
    search = StackedHalvingRandomSearchCV(
        CLASSIFIER, {"alpha": [0, 1]}, n_candidates="exhaust", min_resources="exhaust"
    )
    with pytest.raises(ValueError, match="cannot be both set to 'exhaust'"):
        search.fit(X, Y)


class Patient(TransformerMixin, BaseEstimator):
    """A step that gets nowhere in a single iteration."""

    def __init__(self, max_iter: int = 1) -> None:
        self.max_iter = max_iter

    def fit(self, X: np.ndarray, y: Any = None) -> Patient:
        self.is_fitted_ = True
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        return X if self.max_iter > 1 else 0 * X


@pytest.mark.parametrize("order", [[1, 3], [3, 1]])
def test_candidates_that_differ_in_max_iter_of_a_step(order: list[int]) -> None:
    grid = {"patient__max_iter": order, "mlpclassifier__alpha": [0, 1, 5]}
    fit_both(make_pipeline(Patient(), CLASSIFIER), grid, Y)


@pytest.mark.parametrize("factor", [2, 3, 5, 9, 10, 1.5])
def test_iterations_of_exact_powers(factor: float) -> None:
    for power in range(1, 12):
        assert iterations(factor**power, factor) == power + 1
        assert iterations(factor**power * (1 - 1e-9), factor) == power


def test_no_iteration_is_lost_to_rounding() -> None:
    search = StackedHalvingGridSearchCV(
        MLPClassifier((2,), max_iter=243, random_state=0),
        {"alpha": np.linspace(0, 1, 243)},
        cv=[(np.arange(0, 150, 3), np.arange(1, 150, 3))],
        factor=3,
        refit=False,
    ).fit(X, Y)
    assert search.n_candidates_ == [243, 81, 27, 9, 3, 1]
    assert search.n_resources_ == [1, 3, 9, 27, 81, 243]
    assert search.n_remaining_candidates_ == 1
