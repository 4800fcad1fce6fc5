"""``Monitor(metric, training=True)``: scores of training rows, which change nothing else."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import accuracy_score, get_scorer, make_scorer, mean_absolute_error

from sknn_actloss import Checkpoint, Committee, MLPClassifier, MLPRegressor, Monitor
from sknn_actloss.model_selection import StackedGridSearchCV

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.RandomState(1)
X = RNG.normal(size=(60, 4))
Y = X @ [1.0, -2.0, 0.5, 0.0] + 0.1 * RNG.normal(size=60)
NAMES = np.where(Y > 0, "up", "down")
WEIGHTS = RNG.uniform(0.2, 2.0, size=60)


def make(kind=MLPRegressor, metric="r2", **parameters):
    parameters = {"max_iter": 5, "random_state": 0, **parameters}
    return kind((5,), monitor=Monitor(metric, training=True), **parameters)


def same_weights(first, second):
    pairs = zip(first.coefs_ + first.intercepts_, second.coefs_ + second.intercepts_, strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(
    "metric", ["r2", "score", "loss", "neg_mean_absolute_error", make_scorer(mean_absolute_error)]
)
@pytest.mark.parametrize("parameters", [{}, {"solver": "lbfgs"}, {"weight_averaging": "ema"}])
def test_the_last_score_is_that_of_the_fitted_network(metric, parameters):
    model = make(metric=metric, alpha=0.0, **parameters).fit(X, Y)
    scorer = {"score": "r2", "loss": "neg_mean_squared_error"}.get(metric, metric)
    scorer = get_scorer(scorer) if isinstance(scorer, str) else scorer
    expected = scorer(model, X, Y) / (2 if metric == "loss" else 1)
    assert_allclose(model.score_curve_[-1], expected)
    assert len(model.score_curve_) == len(model.loss_curve_)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"solver": "lbfgs"},
        {"early_stopping": True},
        {"n_members": 3},
        {"n_members": Committee(2, resample="folds")},
        {"dropout": 0.2, "batch_size": 7},
    ],
    ids=str,
)
def test_training_goes_the_same_way(parameters):
    scored = make(metric="score", **parameters).fit(X, Y, WEIGHTS)
    plain = clone(scored).set_params(monitor="score").fit(X, Y, WEIGHTS)
    assert same_weights(scored, plain)
    assert scored.loss_curve_ == plain.loss_curve_
    assert scored.validation_scores_ == plain.validation_scores_
    assert not hasattr(plain, "score_curve_")


def test_weights_count_and_rows_set_aside_do_not():
    model = make(MLPClassifier, "accuracy").fit(X, NAMES, sample_weight=WEIGHTS)
    expected = accuracy_score(NAMES, model.predict(X), sample_weight=WEIGHTS)
    assert_allclose(model.score_curve_[-1], expected)
    rows, others = np.arange(40), np.arange(40, 60)
    model = make(early_stopping=True, validation_fraction=[(rows, others)], restore_best=False)
    model.fit(X, Y)
    assert_allclose(model.score_curve_[-1], model.score(X[rows], Y[rows]))
    assert_allclose(model.validation_scores_[-1], model.score(X[others], Y[others]))


def test_a_committee_has_the_mean_of_its_members():
    model = make(n_members=3).fit(X, Y)
    curves = [member.score_curve_ for member in model.members_]
    assert_allclose(model.score_curve_, np.mean(curves, axis=0))
    assert_allclose([curve[-1] for curve in curves], [m.score(X, Y) for m in model.members_])


def test_members_are_scored_on_the_rows_that_they_have_drawn():
    model = make(n_members=Committee(2, resample="folds")).fit(X, Y)
    learnt = ~np.isnan(model.oof_prediction_)
    assert learnt.all()
    for member in model.members_:
        whole = member.score(X, Y)
        assert abs(member.score_curve_[np.argmax(member.validation_scores_)] - whole) > 1e-6


def test_candidates_of_a_stacked_search_have_their_own():
    grid = {"alpha": [0.0, 1.0], "monitor__training": [True, False]}
    search = StackedGridSearchCV(make(metric="score"), grid, cv=2).fit(X, Y)
    network = MLPRegressor((5,), max_iter=5, random_state=0)
    plain = StackedGridSearchCV(network, {"alpha": grid["alpha"]}, cv=2).fit(X, Y)
    scores = search.cv_results_["mean_test_score"].reshape(2, 2)
    assert_array_equal(scores[:, 0], scores[:, 1])
    assert_allclose(scores[:, 0], plain.cv_results_["mean_test_score"])
    assert len(search.best_estimator_.score_curve_) == 5


def test_nested_parameters_of_a_name():
    model = MLPRegressor(monitor="r2").set_params(monitor__training=True)
    assert model.monitor == Monitor("r2", training=True)


def test_a_checkpoint_goes_on_with_the_curve(tmp_path):
    whole = make(max_iter=6).fit(X, Y)
    stopped = make(max_iter=6, checkpoint=Checkpoint(tmp_path, every_epochs=2))

    calls = []

    def scorer(estimator, X, y):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return estimator.score(X, y)

    stopped.set_params(monitor=Monitor(scorer, training=True))
    with pytest.warns(UserWarning, match="interrupted"):
        stopped.fit(X, Y)
    stopped.fit(X, Y)
    assert_allclose(stopped.score_curve_, whole.score_curve_)
    assert same_weights(stopped, whole)


def test_partial_fit_and_warm_starts_continue_the_curve():
    model = make(n_members=2)
    for _ in range(3):
        model.partial_fit(X, Y)
    assert len(model.score_curve_) == 3
    assert_allclose(model.score_curve_[-1], np.mean([m.score(X, Y) for m in model.members_]))
    model.set_params(monitor=Monitor("neg_mean_squared_error", training=True)).partial_fit(X, Y)
    assert len(model.score_curve_) == 1
    assert len(model.loss_curve_) == 4
    model.set_params(monitor="score").partial_fit(X, Y)
    assert not hasattr(model, "score_curve_")
    model = make(warm_start=True).fit(X, Y).fit(X, Y)
    assert len(model.score_curve_) == len(model.loss_curve_) == 10


def test_a_scorer_that_fails_ends_the_fit_and_leaves_no_trace():
    model = make(metric="r2").fit(X, Y)
    before = pickle.dumps(model)

    def broken(estimator, X, y):
        raise RuntimeError("the scorer is broken")

    model.set_params(monitor=Monitor(broken, training=True))
    for solver in ("adam", "lbfgs"):
        with pytest.raises(RuntimeError, match="the scorer is broken"):
            model.set_params(solver=solver).fit(X, Y)
    model.set_params(monitor=Monitor("r2", training=True), solver="adam")
    assert pickle.dumps(model) == before


@pytest.mark.parametrize(
    ("monitor", "message"),
    [
        (Monitor("sine", training=True), "monitor='sine' is not known"),
        (Monitor("neg_log_loss", training=True), "needs predict_proba"),
        (Monitor("r2", training="yes"), "training"),
        (Monitor(3), "metric"),
        (Monitor("r2"), r"monitor='r2' needs validation rows.*Monitor\('r2', training=True\)"),
    ],
)
def test_bad_monitors(monitor, message):
    with pytest.raises(ValueError, match=message):
        MLPRegressor((3,), max_iter=2, monitor=monitor).fit(X, Y)
