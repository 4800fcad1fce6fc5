"""Training that diverges or is interrupted keeps what it has, and never NaN."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import make_regression
from sklearn.exceptions import ConvergenceWarning

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.solvers import SOLVERS
from sknn_actloss.training import BestIterate

X, Y = make_regression(120, 6, noise=2.0, random_state=0)
Y = Y / Y.std()
STOCHASTIC = [name for name in SOLVERS if name != "lbfgs"]
#: Rates at which a good network of one hidden layer is lost within an epoch or a few.
RATES = dict.fromkeys(STOCHASTIC, 1e200)


def weights(model):
    return np.concatenate([part.ravel() for part in model.coefs_ + model.intercepts_])


def good(**parameters):
    parameters = {"max_iter": 5, "batch_size": 20, "random_state": 0} | parameters
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return MLPRegressor(8, "identity", **parameters).fit(X, Y)


def assert_finite(model):
    assert np.isfinite(weights(model)).all()
    assert np.isfinite(model.loss_curve_).all()
    assert np.isfinite(model.loss_)
    for value in model._optimizer.state.values():
        assert np.isfinite(value).all()


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", STOCHASTIC)
def test_divergence_in_the_first_epoch_raises(solver, early_stopping):
    model = MLPRegressor(
        8, "identity", solver=solver, learning_rate_init=RATES[solver], batch_size=20,
        early_stopping=early_stopping, random_state=0,
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"^Solver produced non-finite parameter weights\. The"):
        model.fit(X, Y)
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_a_warm_start_that_diverges_keeps_the_earlier_weights(solver):
    model = good(solver=solver, warm_start=True)
    before = weights(model)
    model.set_params(learning_rate_init=RATES[solver])
    with pytest.warns(
        ConvergenceWarning, match=r"diverged in epoch 1 at a learning rate of 1e\+200"
    ):
        model.fit(X, Y)
    np.testing.assert_array_equal(weights(model), before)
    assert_finite(model)


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_partial_fit_that_diverges_keeps_the_earlier_weights_and_can_go_on(solver):
    model = good(solver=solver)
    before = weights(model)
    model.set_params(learning_rate_init=RATES[solver])
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model.partial_fit(X, Y)
    np.testing.assert_array_equal(weights(model), before)
    assert_finite(model)
    model.set_params(learning_rate_init=0.001).partial_fit(X, Y)
    assert_finite(model)
    assert not np.array_equal(weights(model), before)


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_divergence_later_keeps_the_best_weights(estimator, early_stopping):
    def explodes(step):
        return 1.0 if step < 20 else 1e200

    y = Y if estimator is MLPRegressor else Y > 0
    model = estimator(
        8, "identity", learning_rate=explodes, batch_size=20, random_state=0,
        early_stopping=early_stopping,
    )  # fmt: skip
    with pytest.warns(ConvergenceWarning, match="diverged in epoch 4"):
        model.fit(X, y)
    assert_finite(model)
    assert model.n_iter_ == len(model.loss_curve_) == len(model.learning_rate_curve_) == 3
    model.predict(X)


def test_inputs_too_large_for_lbfgs_raise():
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        MLPRegressor(5, solver="lbfgs", random_state=0).fit(X * 1e300, Y)


def interrupted(step):
    if step == 50:
        raise KeyboardInterrupt
    return 1.0


@pytest.mark.parametrize("early_stopping", [False, True])
def test_interruption_keeps_the_weights_so_far(early_stopping):
    model = MLPRegressor(
        8, learning_rate=interrupted, batch_size=20, random_state=0, early_stopping=early_stopping
    )
    with pytest.warns(UserWarning, match=r"Training interrupted by user\."):
        model.fit(X, Y)
    assert 0 < model.n_iter_ == len(model.loss_curve_) < 200
    assert np.isfinite(model.predict(X)).all()


def test_interruption_of_lbfgs_keeps_the_best_weights(monkeypatch):
    evaluate, calls = BestIterate.__call__, []

    def interrupting(objective, params):
        calls.append(params)
        if len(calls) == 10:
            raise KeyboardInterrupt
        return evaluate(objective, params)

    monkeypatch.setattr(BestIterate, "__call__", interrupting)
    model = MLPRegressor(8, solver="lbfgs", random_state=0)
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(X, Y)
    assert 0 < model.n_iter_ < 10
    assert model.score(X, Y) > 0
