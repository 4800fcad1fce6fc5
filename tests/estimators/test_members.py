"""Committees: several networks of one estimator."""

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.estimators import _attributes
from sknn_actloss.losses import FunctionLoss, Quantile
from sknn_actloss.model_selection import StackedGridSearchCV

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (8,), "batch_size": 30, "max_iter": 6, "random_state": 0}
X, BINARY = make_classification(100, 5, n_informative=4, n_redundant=0, random_state=0)
CLASSES = make_classification(100, 5, n_informative=4, n_classes=3, n_redundant=0, random_state=0)[
    1
]
LABELS = make_multilabel_classification(100, 5, random_state=0)[1]
NUMBERS = make_regression(100, 5, n_targets=2, random_state=0)[1] / 100
TARGETS = {"binary": BINARY, "multiclass": CLASSES + 5, "multilabel": LABELS}
LOSSES = ["log_loss", "squared_error", "exponential", "focal"]


def committee(estimator=MLPClassifier, n_members=3, **changes):
    return estimator(**{**BASE, "n_members": n_members, **changes})


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("kind", TARGETS)
def test_probabilities_are_averaged(kind, loss):
    y = TARGETS[kind]
    model = committee(loss=loss).fit(X, y)
    assert len(model.members_) == 3
    probabilities = model.predict_proba(X)
    expected = np.mean([member.predict_proba(X) for member in model.members_], axis=0)
    assert_allclose(probabilities, expected, rtol=1e-12)
    if kind == "multilabel":
        assert_array_equal(model.predict(X), probabilities > 0.5)
    else:
        assert_array_equal(model.predict(X), model.classes_[probabilities.argmax(axis=1)])


@pytest.mark.parametrize("loss", [*LOSSES, "hinge"])
@pytest.mark.parametrize("kind", TARGETS)
def test_decisions_agree_with_predictions(kind, loss):
    model = committee(loss=loss).fit(X, TARGETS[kind])
    scores, classes = model.decision_function(X), model.predict(X)
    if kind == "multiclass":
        assert_array_equal(model.classes_[scores.argmax(axis=1)], classes)
    elif kind == "binary":
        assert_array_equal(model.classes_[(scores > 0).astype(int)], classes)
    else:
        assert_array_equal(scores > 0, classes)


def test_outputs_without_probabilities_are_averaged():
    model = committee(loss="hinge").fit(X, BINARY)
    expected = np.mean([member.decision_function(X) for member in model.members_], axis=0)
    assert_allclose(model.decision_function(X), expected, rtol=1e-12)


@pytest.mark.parametrize("y", [NUMBERS, NUMBERS[:, 0]], ids=["several", "one"])
def test_predictions_are_averaged(y):
    model = committee(MLPRegressor).fit(X, y)
    expected = np.mean([member.predict(X) for member in model.members_], axis=0)
    assert_allclose(model.predict(X), expected, rtol=1e-12)
    assert model.predict(X).shape == y.shape


def test_members_start_from_different_weights_and_the_first_from_those_of_a_single_one():
    settings = {"shuffle": False, "tol": 0.0, "n_iter_no_change": 99}
    model = committee(**settings).fit(X, CLASSES)
    single = committee(n_members=1, **settings).fit(X, CLASSES)
    assert not hasattr(single, "members_")
    for together, alone in zip(model.members_[0].coefs_, single.coefs_, strict=True):
        assert_allclose(together, alone, rtol=1e-10)
    first, second, third = (member.coefs_[0] for member in model.members_)
    assert np.abs(first - second).min() > 0
    assert np.abs(second - third).min() > 0


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"early_stopping": True, "max_iter": 40},
        {"normalization": "batch", "dropout": 0.2, "weight_averaging": "ema"},
        {"tol": 0.02, "n_iter_no_change": 1, "max_iter": 40},
    ],
    ids=str,
)
def test_attributes_are_those_of_the_members(options):
    model = committee(**options).fit(X, CLASSES)
    for number, member in enumerate(model.members_):
        assert member.n_members == 1
        for name in ("coefs_", "intercepts_"):
            for all_of, one in zip(getattr(model, name), getattr(member, name), strict=True):
                assert all_of.shape == (3, *one.shape)
                assert np.shares_memory(all_of, one)
                assert_array_equal(all_of[number], one)
    assert model.n_iter_ == max(member.n_iter_ for member in model.members_)
    assert model.loss_ == pytest.approx(np.mean([member.loss_ for member in model.members_]))
    curves = [member.loss_curve_ for member in model.members_]
    assert len(model.loss_curve_) == model.n_iter_
    assert model.loss_curve_[0] == pytest.approx(np.mean([curve[0] for curve in curves]))
    assert model.loss_curve_[-1] == pytest.approx(np.mean([curve[-1] for curve in curves]))
    has_scores = model.validation_scores_ is not None
    assert has_scores == options.get("early_stopping", False)


def test_the_same_seed_gives_the_same_numbers():
    first, second = (committee(dropout=0.2).fit(X, CLASSES) for _ in range(2))
    assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    other = committee(dropout=0.2, random_state=1).fit(X, CLASSES)
    assert np.abs(first.predict_proba(X) - other.predict_proba(X)).max() > 1e-3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_data_kinds_and_copies(container, dtype):
    data = container(X.astype(dtype))
    model = committee(normalization="layer").fit(data, CLASSES, np.arange(100.0))
    assert {array.dtype for array in model.coefs_} == {np.dtype(dtype)}
    copied = pickle.loads(pickle.dumps(model))
    assert_array_equal(copied.predict_proba(data), model.predict_proba(data))
    assert clone(model).n_members == 3


def test_calls_of_partial_fit_go_on_where_fit_would():
    settings = {"shuffle": False, "tol": 0.0, "n_iter_no_change": 99, "normalization": "batch"}
    whole = committee(**settings).fit(X, CLASSES)
    parts = committee(**settings)
    for _ in range(BASE["max_iter"]):
        parts.partial_fit(X, CLASSES, classes=np.unique(CLASSES))
    assert_allclose(parts.predict_proba(X), whole.predict_proba(X), rtol=1e-10)
    assert parts.t_ == whole.t_
    assert_allclose(parts.loss_curve_, whole.loss_curve_, rtol=1e-12)


def test_a_warm_start_goes_on_from_all_members():
    model = committee(warm_start=True, max_iter=3).fit(X, CLASSES)
    before = [member.coefs_[0].copy() for member in model.members_]
    model.set_params(learning_rate_init=1e-9).fit(X, CLASSES)
    assert len(model.loss_curve_) == 6
    for member, weights in zip(model.members_, before, strict=True):
        assert_allclose(member.coefs_[0], weights, atol=1e-6)
        assert member.learning_rate_init == 1e-9


def test_a_warm_start_needs_as_many_members():
    model = committee(warm_start=True).fit(X, CLASSES).set_params(n_members=2)
    with pytest.raises(ValueError, match=r"n_members=2.*warm_start=False"):
        model.fit(X, CLASSES)


def test_a_new_fit_leaves_no_trace_of_an_earlier_one():
    model = committee().fit(X, CLASSES)
    model.set_params(n_members=1).fit(X, CLASSES)
    assert not hasattr(model, "members_")
    expected = committee(n_members=1).fit(X, CLASSES).predict_proba(X)
    assert_array_equal(model.predict_proba(X), expected)
    model.set_params(n_members=3).fit(X, CLASSES)
    assert_array_equal(model.predict_proba(X), committee().fit(X, CLASSES).predict_proba(X))


def test_one_warning_for_all_members():
    with pytest.warns(ConvergenceWarning) as caught:
        committee().fit(X, CLASSES)
    assert len(caught) == 1


def test_progress_of_each_member_is_printed(capsys):
    committee(verbose=True, max_iter=2).fit(X, CLASSES)
    assert capsys.readouterr().out.count("Iteration 2, loss = ") == 3


def test_lbfgs_takes_no_members():
    with pytest.raises(ValueError, match=r"n_members=3.*Set n_members=1"):
        committee(solver="lbfgs").fit(X, CLASSES)


def test_members_in_a_search():
    grid = {"n_members": [1, 3], "alpha": [0.0, 1.0]}
    searches = [
        search(committee(), grid, cv=2).fit(X, CLASSES)
        for search in (GridSearchCV, StackedGridSearchCV)
    ]
    scores = [search.cv_results_["mean_test_score"] for search in searches]
    assert_allclose(*scores, rtol=1e-12)


def test_several_heads_are_better_than_one():
    data, y = make_classification(600, 10, n_informative=6, n_classes=3, flip_y=0.1, random_state=1)
    settings = {"max_iter": 60, "learning_rate_init": 0.01}
    model = committee(n_members=8, **settings).fit(data[:300], y[:300])
    scores = [member.score(data[300:], y[300:]) for member in model.members_]
    assert model.score(data[300:], y[300:]) > np.mean(scores)


# Standard deviations and quantiles


@pytest.mark.parametrize("y", [NUMBERS, NUMBERS[:, 0]], ids=["several", "one"])
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "gaussian_nll"])
def test_variances_within_and_between_members_add_up(loss, y):
    model = committee(MLPRegressor, loss=loss, max_iter=20).fit(X, y)
    mean, std = model.predict(X, return_std=True)
    assert_allclose(mean, model.predict(X), rtol=1e-12)
    means = [member.predict(X) for member in model.members_]
    variance = np.var(means, axis=0)
    if loss == "gaussian_nll":
        deviations = [member.predict(X, return_std=True)[1] for member in model.members_]
        variance = variance + np.mean(np.square(deviations), axis=0)
    assert std.shape == y.shape
    assert_allclose(std, np.sqrt(variance), rtol=1e-9)


def test_a_single_network_without_variance_has_no_standard_deviation():
    model = committee(MLPRegressor, n_members=1).fit(X, NUMBERS)
    with pytest.raises(ValueError, match=r"gaussian_nll.*n_members > 1"):
        model.predict(X, return_std=True)


def test_quantiles_are_averaged():
    model = committee(MLPRegressor, loss=Quantile((0.9, 0.5, 0.1))).fit(X, NUMBERS[:, 0])
    expected = np.mean([member.predict_quantiles(X) for member in model.members_], axis=0)
    quantiles = model.predict_quantiles(X)
    assert_allclose(quantiles, expected, rtol=1e-12)
    assert (np.diff(quantiles) >= 0).all()
    assert_allclose(model.predict(X), quantiles[:, 1], rtol=1e-12)


# What others see of a committee


@pytest.mark.parametrize("settings", [{}, {"weight_averaging": "ema", "normalization": "batch"}])
@pytest.mark.parametrize("n_members", [1, 3])
def test_callbacks_see_what_predictions_use(n_members, settings):
    callback = pytest.importorskip("sklearn.callback")
    monitor = callback.ScoringMonitor(scoring="r2")
    model = committee(MLPRegressor, n_members, **settings).set_callbacks(monitor)
    model.fit(X, NUMBERS[:, 0])
    scores = monitor.get_logs().data_as_pandas["r2"].dropna()
    assert scores.iloc[-1] == pytest.approx(model.score(X, NUMBERS[:, 0]), rel=1e-9)


def test_a_scorer_sees_no_members_of_an_earlier_fit():
    model = committee(MLPRegressor).fit(X, NUMBERS[:, 0])
    single = {"n_members": 1, "early_stopping": True, "monitor": "r2"}
    model.set_params(**single).fit(X, NUMBERS[:, 0])
    fresh = committee(MLPRegressor, **single).fit(X, NUMBERS[:, 0])
    assert model.validation_scores_ == fresh.validation_scores_


def test_one_warning_for_members_that_end_in_different_ways():
    model = committee(MLPRegressor, 4, solver="sgd", learning_rate_init=0.3, max_iter=15)
    with pytest.warns(ConvergenceWarning) as caught:
        model.fit(X, 4 * NUMBERS[:, 0])
    assert len(caught) == 1


def test_a_rate_that_was_found_is_the_rate_given():
    found = committee(learning_rate_init="auto").fit(X, CLASSES)
    given = committee(learning_rate_init=found.learning_rate_init_).fit(X, CLASSES)
    assert_array_equal(found.predict_proba(X), given.predict_proba(X))
    assert {member.learning_rate_init_ for member in found.members_} == {found.learning_rate_init_}


@pytest.mark.parametrize("first", ["partial_fit", "fit"])
def test_curves_of_many_calls_are_those_of_their_members(first: str, monkeypatch: Any) -> None:
    X = np.random.default_rng(0).standard_normal((30, 3))
    model = MLPRegressor((3,), n_members=3, max_iter=30, tol=1e-2, n_iter_no_change=2)
    with warnings.catch_warnings(action="ignore"):
        getattr(model.set_params(random_state=0), first)(X, X[:, 0])
    averaged = set()
    mean = _attributes._mean_curve

    def noting(curves: Any) -> Any:
        averaged.update(len(curve) for curve in curves if curve is not None)
        return mean(curves)

    monkeypatch.setattr(_attributes, "_mean_curve", noting)
    for _ in range(20):
        model.partial_fit(X, X[:, 0])
    curves = [member.loss_curve_ for member in model.members_]
    assert model.loss_curve_ == mean(curves)
    if first == "partial_fit":
        assert averaged == {1}


def bounded(y, p):
    return np.log1p((y - p) ** 2)


def test_decisions_agree_with_predictions_where_networks_contradict_each_other():
    model = committee(hidden_layer_sizes=(), loss=FunctionLoss(bounded)).fit(X, BINARY)
    model.coefs_[0][:] = 0
    # Outputs are averaged, not raw outputs: 0, 0.73 and 0.73 are less than half in the mean.
    model.intercepts_[0][:] = np.array([[-50.0], [1.0], [1.0]])
    assert_array_equal(model.predict(X), model.classes_[[0] * 100])
    assert np.all(model.decision_function(X) < 0)
    model.intercepts_[0][:] = np.array([[-50.0], [5.0], [5.0]])
    assert_array_equal(model.predict(X), model.classes_[[1] * 100])
    assert np.all(model.decision_function(X) > 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", TARGETS)
def test_decisions_are_finite_where_probabilities_are_rounded(kind, dtype):
    model = committee(hidden_layer_sizes=(), dtype=dtype).fit(X, TARGETS[kind])
    for coef in model.coefs_:
        coef *= 1e6
    assert np.isin(model.predict_proba(X), [0, 1]).any()
    assert np.all(np.isfinite(model.decision_function(X)))


def test_curves_of_numbers_whose_sum_is_none():
    largest = np.finfo(float).max
    found = _attributes._mean_curve([[largest, 1.0, np.nan], [largest, 3.0, 1.0]])
    assert_array_equal(found, [largest, 2.0, np.nan])
