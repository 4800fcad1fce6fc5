"""Ctrl-C ends a fit wherever it strikes, with the weights so far."""

import builtins

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_regression

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.losses import FunctionLoss
from sknn_actloss.solvers import SGD, SOLVERS

X, CLASSES = make_classification(100, 6, n_informative=4, n_classes=3, random_state=0)
NUMBERS = make_regression(100, 6, noise=2.0, random_state=0)[1]
NUMBERS = NUMBERS / NUMBERS.std()
INTERRUPTED = r"^Training interrupted by user\.$"
STOCHASTIC = [name for name in SOLVERS if name != "lbfgs"]


class Interrupt:
    """Raises in a call after so many harmless ones."""

    def __init__(self, n_calls):
        self.n_calls = n_calls

    def __call__(self, *args, **kwargs):
        self.n_calls -= 1
        if self.n_calls < 0:
            raise KeyboardInterrupt


def model(n_epochs=100, **parameters):
    parameters = {"batch_size": 20, "random_state": 0, "tol": 0.0} | parameters
    return MLPRegressor(6, max_iter=n_epochs, **parameters)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", STOCHASTIC)
@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_between_epochs_the_weights_are_those_of_the_last_one(estimator, solver, monkeypatch):
    parameters = {"solver": solver, "batch_size": 20, "random_state": 0}
    y = CLASSES if estimator is MLPClassifier else NUMBERS
    expected = estimator(6, max_iter=4, **parameters).fit(X, y)
    monkeypatch.setattr(builtins, "print", Interrupt(3))
    fitted = estimator(6, verbose=True, **parameters)
    with pytest.warns(UserWarning, match=INTERRUPTED):
        fitted.fit(X, y)
    for a, b in zip(fitted.coefs_, expected.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)
    assert fitted.loss_curve_ == expected.loss_curve_
    assert fitted.n_iter_ == 4
    fitted.set_params(verbose=False).partial_fit(X, y)
    np.testing.assert_array_equal(fitted.coefs_[0], expected.partial_fit(X, y).coefs_[0])


def test_within_an_epoch_the_steps_so_far_are_kept(monkeypatch):
    interrupt, bind = Interrupt(13), SGD.bind

    def interrupted(self, *args):
        step = bind(self, *args)
        return lambda rate: (interrupt(), step(rate))

    monkeypatch.setattr(SGD, "bind", interrupted)
    with pytest.warns(UserWarning, match=INTERRUPTED):
        fitted = model(solver="sgd").fit(X, NUMBERS)
    assert fitted.n_iter_ == len(fitted.loss_curve_) == 2
    assert fitted.t_ == 200
    assert np.isfinite(fitted.predict(X)).all()


def test_in_the_first_step_the_initial_weights_are_kept():
    def squares(y, p):
        return (p - y) ** 2

    def slopes(y, p):
        if p.shape[0] == 20:
            raise KeyboardInterrupt
        return 2 * (p - y)

    with pytest.warns(UserWarning, match=INTERRUPTED):
        fitted = model(loss=FunctionLoss(squares, slopes)).fit(X, NUMBERS)
    bound = np.sqrt(6 / 12)
    expected = np.random.RandomState(0).uniform(-bound, bound, (6, 6))
    np.testing.assert_array_equal(fitted.coefs_[0], expected)
    assert fitted.n_iter_ == 0


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_early_stopping_keeps_the_best_weights(monkeypatch):
    parameters = {"early_stopping": True, "learning_rate_init": 0.5}
    parameters |= {"n_iter_no_change": 100}
    whole = model(12, **parameters).fit(X, NUMBERS)
    n_best = int(np.argmax(whole.validation_scores_)) + 1
    assert n_best < 12
    monkeypatch.setattr(builtins, "print", Interrupt(3 * 12 - 1))
    with pytest.warns(UserWarning, match=INTERRUPTED):
        fitted = model(verbose=True, **parameters).fit(X, NUMBERS)
    assert fitted.validation_scores_ == whole.validation_scores_
    assert fitted.best_validation_score_ == whole.best_validation_score_
    np.testing.assert_array_equal(fitted.coefs_[0], whole.coefs_[0])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_lbfgs_keeps_the_best_weights_it_has_seen(estimator, monkeypatch):
    y = CLASSES if estimator is MLPClassifier else NUMBERS
    whole = estimator(6, solver="lbfgs", max_iter=5, random_state=0).fit(X, y)
    monkeypatch.setattr(builtins, "print", Interrupt(4))
    fitted = estimator(6, solver="lbfgs", verbose=True, random_state=0)
    with pytest.warns(UserWarning, match=INTERRUPTED):
        fitted.fit(X, y)
    assert fitted.n_iter_ == 5
    assert fitted.loss_curve_ == whole.loss_curve_
    assert fitted.best_loss_ <= fitted.loss_ == whole.loss_
    np.testing.assert_array_equal(fitted.predict(X), whole.predict(X))


def test_lbfgs_before_its_first_evaluation_keeps_the_initial_weights(monkeypatch):
    monkeypatch.setattr("sknn_actloss.training.BestIterate.__call__", Interrupt(0))
    with pytest.warns(UserWarning, match=INTERRUPTED):
        fitted = model(solver="lbfgs").fit(X, NUMBERS)
    assert fitted.n_iter_ == 0
    assert fitted.loss_ == np.inf
    assert np.isfinite(fitted.predict(X)).all()


def test_a_partial_fit_may_be_interrupted_as_well(monkeypatch):
    fitted = model(2).partial_fit(X, NUMBERS)
    before = fitted.coefs_[0].copy()
    monkeypatch.setattr("sknn_actloss.solvers.Adam.bind", lambda *_: Interrupt(0))
    with pytest.warns(UserWarning, match=INTERRUPTED):
        fitted.partial_fit(X, NUMBERS)
    np.testing.assert_array_equal(fitted.coefs_[0], before)
    assert len(fitted.loss_curve_) == 1
