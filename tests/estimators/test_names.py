"""Names of components: how they are listed, what is suggested, and aliases from elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import make_classification
from sklearn.metrics import (
    brier_score_loss,
    log_loss,
    mean_absolute_error,
    mean_gamma_deviance,
    mean_poisson_deviance,
    mean_squared_error,
    mean_squared_log_error,
    mean_tweedie_deviance,
)

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.activations import Logistic, Tanh
from sknn_actloss.inspection import find_learning_rate
from sknn_actloss.losses import LOSSES, Tweedie
from sknn_actloss.model_selection import StackedGridSearchCV
from sknn_actloss.solvers import LBFGS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, CLASSES = make_classification(60, 5, random_state=0)
NUMBERS = X[:, 0] - X[:, 1]


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (MLPClassifier(loss="crossentropy"), r"\{'binary_crossentropy', .*Did you mean 'cross_en"),
        (MLPRegressor(loss="MSE"), "Did you mean 'mse'"),
        (MLPRegressor(activation="rleu"), r"among \{'celu', 'elu', .*Did you mean 'relu'"),
        (MLPRegressor(activation=["rleu"]), "Did you mean 'relu'"),
        (MLPRegressor(learning_rate="cosin"), "Did you mean 'cosine'"),
        (MLPRegressor(weight_init="Glorot-Normal"), "Did you mean 'glorot_normal'"),
        (MLPRegressor(monitor="los"), "Did you mean 'loss'"),
        (MLPRegressor(monitor="neg_mean_square_error"), "Did you mean 'neg_mean_squared_error'"),
        (MLPRegressor(solver="relu"), "Did you mean activation='relu'"),
        (
            MLPRegressor("squared_error"),
            "It is the first parameter. Did you mean loss='squared_error'",
        ),
        (MLPRegressor("adam"), "It is the first parameter. Did you mean solver='adam'"),
        (MLPRegressor(alpha=10**400), "The 'alpha' parameter"),
        (MLPRegressor(learning_rate_init=10**400), "The 'learning_rate_init' parameter"),
    ],
    ids=str,
)
def test_what_may_have_been_meant(estimator, message):
    with pytest.raises((ValueError, TypeError), match=message):
        estimator.fit(X, CLASSES)


@pytest.mark.parametrize("value", ["xyzzy", 3, None])
def test_where_nothing_is_near_nothing_is_suggested(value):
    with pytest.raises(ValueError, match="The 'solver' parameter") as caught:
        MLPRegressor(solver=value).fit(X, NUMBERS)
    assert "Did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    ("task", "alias", "name"),
    [
        ("regression", "mean_squared_error", "squared_error"),
        ("regression", "mean_absolute_error", "absolute_error"),
        ("regression", "mean_absolute_percentage_error", "absolute_percentage_error"),
        ("regression", "mean_squared_logarithmic_error", "squared_log_error"),
        ("regression", "mean_squared_log_error", "squared_log_error"),
        ("classification", "mean_squared_error", "squared_error"),
        ("classification", "binary_crossentropy", "log_loss"),
        ("classification", "categorical_crossentropy", "log_loss"),
        ("classification", "sparse_categorical_crossentropy", "log_loss"),
        ("classification", "hinge_loss", "hinge"),
    ],
)
def test_long_names_are_aliases(task, alias, name):
    kind, y = (MLPRegressor, np.abs(NUMBERS)) if task == "regression" else (MLPClassifier, CLASSES)
    assert LOSSES[task][alias] is LOSSES[task][name]
    own, expected = (
        kind((3,), loss=loss, max_iter=3, random_state=0).fit(X, y) for loss in (alias, name)
    )
    assert own.loss_curve_ == expected.loss_curve_


METRICS = {
    "squared_error": mean_squared_error,
    "absolute_error": mean_absolute_error,
    "squared_log_error": mean_squared_log_error,
    "poisson": mean_poisson_deviance,
    "gamma": mean_gamma_deviance,
    "tweedie": lambda y, p, **w: mean_tweedie_deviance(y, p, power=1.5, **w),
}


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("n_targets", [1, 3])
def test_losses_of_numbers_report_what_metrics_say(name, n_targets):
    rng = np.random.default_rng(0)
    y, p = rng.uniform(0.5, 3, (2, 20, n_targets))
    weight = rng.uniform(0.1, 2, 20)
    found = LOSSES["regression"][name]().report(y, p, weight)
    columns = zip(y.T, p.T, strict=True)
    expected = np.mean([METRICS[name](*pair, sample_weight=weight) for pair in columns])
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("power", [0, 1, 2, 3])
def test_special_powers_report_their_deviance(power):
    y, p = np.random.default_rng(0).uniform(0.5, 3, (2, 20))
    expected = mean_tweedie_deviance(y, p, power=power)
    assert Tweedie(power).report(y, p) == pytest.approx(expected)


def test_losses_of_classes_report_what_metrics_say():
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, 30), rng.uniform(size=30)
    losses = {name: make() for name, make in LOSSES["classification"].items()}
    assert losses["squared_error"].report(y, p) == pytest.approx(brier_score_loss(y, p))
    assert losses["log_loss"].report(y, p) == pytest.approx(log_loss(y, p))
    several = rng.dirichlet(np.ones(3), 30)
    classes = rng.integers(0, 3, 30)
    found = losses["log_loss"].report(np.eye(3)[classes], several)
    assert found == pytest.approx(log_loss(classes, several))
    labels, chances = rng.integers(0, 2, (30, 3)), rng.uniform(size=(30, 3))
    found = losses["log_loss"].report(labels, chances, target_kind="multilabel")
    pairs = zip(labels.T, chances.T, strict=True)
    assert found == pytest.approx(np.mean([log_loss(*pair) for pair in pairs]))


@pytest.mark.parametrize("solver", ["lbfgs", LBFGS()])
def test_lbfgs_has_no_rate_to_find(solver):
    with pytest.raises(ValueError, match=r"has no learning rate to find.*such as 'adam'"):
        find_learning_rate(MLPClassifier((5,), solver=solver), X, CLASSES)


@pytest.mark.parametrize("kind", [Logistic, Tanh])
def test_slopes_train_in_stacks_as_alone(kind):
    network = MLPClassifier((4,), activation=kind(), max_iter=5, random_state=0)
    grid = {"activation__slope": [0.5, 1.0, 3.0], "out_activation": ["auto", Logistic(2.0)]}
    search = StackedGridSearchCV(network, grid, cv=2, scoring="neg_log_loss", refit=False)
    results = search.fit(X, CLASSES).cv_results_
    half = np.arange(60) % 2 == 0
    assert np.isfinite(results["mean_test_score"]).all()
    assert len(set(results["mean_test_score"])) == 6
    for params, first in zip(results["params"], results["split0_test_score"], strict=True):
        model = MLPClassifier((4,), activation=kind(), max_iter=5, random_state=0)
        train, test = next(iter(search._checked_cv_orig.split(X, CLASSES)))
        model.set_params(**params).fit(X[train], CLASSES[train])
        found = -log_loss(CLASSES[test], model.predict_proba(X[test]))
        assert found == pytest.approx(first, rel=1e-9)
        assert_array_equal(model.predict(X[half]), model.decision_function(X[half]) > 0)


def test_a_slope_of_one_changes_nothing():
    settings = {"max_iter": 5, "random_state": 0}
    plain, named = (
        MLPClassifier((4,), activation=activation, **settings).fit(X, CLASSES)
        for activation in ("tanh", Tanh(slope=1))
    )
    assert plain.loss_curve_ == named.loss_curve_
    with pytest.raises(ValueError, match="slope"):
        MLPClassifier(activation=Tanh(slope=0)).fit(X, CLASSES)
