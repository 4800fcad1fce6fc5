"""L-BFGS reaches the optimum of convex problems, and remembers the best it has seen."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge, TweedieRegressor

from sknn_actloss.activations import ACTIVATIONS, Tanh, canonical_name
from sknn_actloss.core import Model, Network, as_rows, plain_layout
from sknn_actloss.losses import LogLoss, Poisson, SquaredError, Tweedie
from sknn_actloss.training import BestIterate, minimize

ALPHA = 2.0
CONTAINERS = pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
WEIGHTED = pytest.mark.parametrize("weighted", [False, True])


def rows(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, 4)) * [1.0, 2.0, 0.5, 1.0]
    return X, X @ rng.normal(size=(4, 3)) + rng.normal(size=(60, 3)), rng.exponential(size=60)


def objective_of(loss, kind, X, y, weights=None, hidden=(), alpha=ALPHA):
    output = ACTIVATIONS[loss.natural_output(kind)]()
    bound = loss.for_targets(kind, canonical_name(output))
    model = Model((Tanh(),) * len(hidden), output, bound, alpha)
    layout = plain_layout((X.shape[1], *hidden, y.shape[1]))
    network = Network(layout, [model], np.zeros((1, layout.n_params)), len(y))
    return BestIterate(network, as_rows(X), y, weights), layout


def run(objective, start, callback=lambda params, loss: False, **options):
    options = {"max_iter": 500, "max_fun": 15000, "tol": 1e-9, "max_corrections": 10, **options}
    return minimize(objective, start, callback=callback, **options)


def optimum(loss, kind, X, y, weights):
    """Return coefficients (n_outputs, n_features) and intercepts of a network without layers."""
    objective, layout = objective_of(loss, kind, X, y, weights)
    result = run(objective, np.zeros(layout.n_params))
    assert result.success
    assert result.fun == objective.loss
    flat = result.x[None]
    views = layout.views(flat)
    return views["coefs_", 0][0].T, views["intercepts_", 0][0, 0]


@WEIGHTED
@CONTAINERS
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_squared_error_gives_ridge_regression(n_outputs, container, weighted):
    X, y, weights = rows()
    y, weights = y[:, :n_outputs], weights if weighted else None
    coef, intercept = optimum(SquaredError(), "continuous", container(X), y, weights)
    expected = Ridge(ALPHA, solver="cholesky").fit(X, y, weights)
    assert_allclose(coef, np.atleast_2d(expected.coef_), atol=1e-4)
    assert_allclose(intercept, np.ravel(expected.intercept_), atol=1e-4)


def logistic_regression():
    return LogisticRegression(C=1 / ALPHA, tol=1e-8, max_iter=1000, solver="newton-cg")


@WEIGHTED
@CONTAINERS
def test_log_loss_of_two_classes_gives_logistic_regression(container, weighted):
    X, signal, weights = rows()
    y, weights = (signal[:, :1] > 0).astype(float), weights if weighted else None
    coef, intercept = optimum(LogLoss(), "binary", container(X), y, weights)
    expected = logistic_regression().fit(X, y[:, 0], weights)
    assert_allclose(coef, expected.coef_, atol=1e-4)
    assert_allclose(intercept, expected.intercept_, atol=1e-4)


@WEIGHTED
@CONTAINERS
def test_log_loss_of_several_classes_gives_multinomial_regression(container, weighted):
    X, signal, weights = rows()
    labels, weights = signal.argmax(axis=1), weights if weighted else None
    y = np.eye(3)[labels]
    coef, intercept = optimum(LogLoss(), "multiclass", container(X), y, weights)
    expected = logistic_regression().fit(X, labels, weights)
    assert_allclose(coef, expected.coef_, atol=1e-4)
    centred = expected.intercept_ - expected.intercept_.mean()
    assert_allclose(intercept - intercept.mean(), centred, atol=1e-4)


def test_log_loss_of_labels_gives_a_logistic_regression_each():
    X, signal, weights = rows()
    y = (signal > 0).astype(float)
    coef, intercept = optimum(LogLoss(), "multilabel", X, y, weights)
    for label in range(3):
        expected = logistic_regression().fit(X, y[:, label], weights)
        assert_allclose(coef[label], expected.coef_[0], atol=1e-4)
        assert_allclose(intercept[label], expected.intercept_[0], atol=1e-4)


@WEIGHTED
@pytest.mark.parametrize(
    ("loss", "peer"),
    [
        (Poisson(), PoissonRegressor(max_iter=1000, tol=1e-9)),
        (Tweedie(1.5), TweedieRegressor(power=1.5, link="log", max_iter=1000, tol=1e-9)),
        (Tweedie(2), TweedieRegressor(power=2, link="log", max_iter=1000, tol=1e-9)),
    ],
    ids=["poisson", "tweedie", "gamma"],
)
def test_deviances_give_generalised_linear_models(loss, peer, weighted):
    X, signal, weights = rows()
    y = np.random.default_rng(1).poisson(np.exp(0.3 * signal[:, :1])) + 1.0
    weights = weights if weighted else None
    coef, intercept = optimum(loss, "continuous", X, y, weights)
    peer.set_params(alpha=ALPHA / (weights.sum() if weighted else len(y)))
    peer.fit(X, y[:, 0], weights)
    assert_allclose(coef[0], peer.coef_, atol=1e-3)
    assert_allclose(intercept[0], peer.intercept_, atol=1e-3)


def regression(**options):
    X, y, weights = rows()
    objective, layout = objective_of(SquaredError(), "continuous", X, y, weights, **options)
    return objective, np.random.default_rng(2).normal(scale=0.5, size=layout.n_params)


def test_the_callback_sees_every_iterate():
    objective, start = regression(hidden=(5,))
    seen = []
    result = run(
        objective, start, lambda params, loss: seen.append((params.copy(), loss)), max_iter=40
    )
    assert len(seen) == result.nit > 5
    losses = [loss for _, loss in seen]
    assert losses == sorted(losses, reverse=True)
    for params, loss in seen[:5]:
        assert objective(params)[0] == pytest.approx(loss, rel=1e-13)
    assert_array_equal(seen[-1][0], result.x)


def test_the_callback_stops():
    objective, start = regression(hidden=(5,))
    seen = []

    def stop_at_the_fourth(params, loss):
        seen.append(params.copy())
        return len(seen) == 4

    result = run(objective, start, stop_at_the_fourth)
    assert len(seen) == 4
    assert not result.success
    assert_array_equal(result.x, seen[-1])


@pytest.mark.parametrize("option", ["max_iter", "max_fun"])
def test_limits_are_kept(option):
    objective, start = regression(hidden=(5,))
    result = run(objective, start, **{option: 3})
    assert not result.success
    assert result.nit <= 3
    if option == "max_fun":
        # Evaluations are counted after a line search.
        assert 3 <= result.nfev < 30


def test_a_larger_tolerance_ends_earlier():
    iterations = [run(*regression(hidden=(5,)), tol=tol).nit for tol in (1e-1, 1e-3)]
    assert iterations[0] < iterations[1]


def test_the_best_iterate_is_the_one_of_lowest_loss():
    objective, start = regression()
    assert objective.loss == np.inf
    assert objective.params is None
    points = [start * factor for factor in (1.0, 0.1, 0.5, 30.0)]
    losses = [objective(point)[0] for point in points]
    best = int(np.argmin(losses))
    assert objective.loss == min(losses)
    assert_array_equal(objective.params, points[best])
    points[best][:] = 0
    assert objective.params.any()


def test_a_loss_that_is_not_finite_is_never_the_best():
    objective, start = regression()
    with np.errstate(over="ignore", invalid="ignore"):
        for point in (start * np.nan, start * 1e200):
            assert not np.isfinite(objective(point)[0])
    assert objective.params is None
    loss, _ = objective(start)
    with np.errstate(over="ignore", invalid="ignore"):
        objective(start * np.nan)
    assert objective.loss == loss
    assert_array_equal(objective.params, start)


def test_gradients_do_not_share_memory():
    objective, start = regression()
    _, first = objective(start)
    copy = first.copy()
    objective(2 * start)
    assert_array_equal(first, copy)


def test_an_interruption_leaves_the_best_iterate():
    objective, start = regression(hidden=(5,))
    losses = []

    def interrupt(params, loss):
        losses.append(loss)
        if len(losses) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(objective, start, interrupt)
    assert objective.loss == pytest.approx(losses[-1])
    assert objective(objective.params)[0] == pytest.approx(losses[-1])


def test_total_weight_is_the_sum_of_weights():
    X, y, _ = rows()
    by_weight, layout = objective_of(SquaredError(), "continuous", X, y, np.full(60, 3.0))
    by_rows, _ = objective_of(SquaredError(), "continuous", X, y, alpha=ALPHA / 3)
    start = np.random.default_rng(3).normal(size=layout.n_params)
    assert by_weight(start)[0] == pytest.approx(by_rows(start)[0])
    assert_allclose(by_weight(start)[1], by_rows(start)[1], rtol=1e-12)
