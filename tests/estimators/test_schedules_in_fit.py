"""The rates of a fit are those that the schedule simulates."""

import numpy as np
import pytest
from sklearn.datasets import make_regression
from sklearn.neural_network import MLPRegressor as Reference

from sknn_actloss import MLPRegressor
from sknn_actloss.schedules import SCHEDULES, Cosine, Linear, ReduceOnPlateau

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = make_regression(100, 5, noise=2.0, random_state=0)
Y = Y / Y.std()
RATE, N_STEPS = 0.01, 3


def model(schedule, **parameters):
    parameters = {"learning_rate_init": RATE, "batch_size": 40, "random_state": 0} | parameters
    return MLPRegressor(6, learning_rate=schedule, **parameters)


@pytest.mark.parametrize("solver", ["sgd", "adam", "lion"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_fit_records_what_the_schedule_simulates(name, solver):
    patience = {"tol": 0.05, "n_iter_no_change": 2}
    fitted = model(name, solver=solver, max_iter=15, **patience).fit(X, Y)
    simulated = SCHEDULES[name]().simulate(
        fitted.n_iter_,
        N_STEPS,
        n_samples=100,
        losses=fitted.loss_curve_,
        learning_rate_init=RATE,
        max_iter=15,
        **patience,
    )
    np.testing.assert_allclose(fitted.learning_rate_curve_, simulated, rtol=1e-12)


def test_reduce_on_plateau_follows_the_validation_score_under_early_stopping():
    schedule = ReduceOnPlateau(patience=1, threshold=0.01)
    fitted = model(schedule, early_stopping=True, max_iter=30, tol=0, batch_size=30).fit(X, Y)
    losses = -np.array(fitted.validation_scores_)
    simulated = schedule.simulate(
        fitted.n_iter_, N_STEPS, losses=losses, learning_rate_init=RATE, tol=0
    )
    np.testing.assert_allclose(fitted.learning_rate_curve_, simulated)
    assert len(set(fitted.learning_rate_curve_)) > 1


@pytest.mark.parametrize("schedule", [Linear(end=0.2), Cosine(end=0.2, warmup=2)], ids=repr)
def test_partial_fit_counts_on_and_then_holds_the_end(schedule):
    fitted = model(schedule, max_iter=4)
    for _ in range(8):
        fitted.partial_fit(X, Y)
    whole = schedule.simulate(8, N_STEPS, learning_rate_init=RATE, max_iter=4)
    np.testing.assert_allclose(fitted.learning_rate_curve_, whole)
    np.testing.assert_allclose(fitted.learning_rate_curve_[4:], 0.2 * RATE)


def test_a_number_is_a_constant_rate():
    by_number = MLPRegressor(6, learning_rate=0.02, max_iter=5, random_state=0).fit(X, Y)
    by_name = MLPRegressor(6, learning_rate_init=0.02, max_iter=5, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(by_number.coefs_[0], by_name.coefs_[0])
    assert by_number.learning_rate_curve_ == [0.02] * 5


def test_a_number_and_an_initial_rate_contradict_each_other():
    with pytest.raises(ValueError, match="both give a rate"):
        MLPRegressor(learning_rate=0.02, learning_rate_init=0.1).fit(X, Y)


def test_a_function_gives_the_factor_of_each_step():
    fitted = model(lambda step: 1 / (1 + step), max_iter=4).fit(X, Y)
    expected = [RATE / (N_STEPS * epoch) for epoch in (1, 2, 3, 4)]
    np.testing.assert_allclose(fitted.learning_rate_curve_, expected)


def test_adam_follows_the_schedule_that_scikit_learn_ignores():
    parameters = {"learning_rate": "invscaling", "max_iter": 10, "random_state": 0}
    ignored = Reference(hidden_layer_sizes=6, **parameters)
    constant = Reference(hidden_layer_sizes=6, max_iter=10, random_state=0)
    np.testing.assert_array_equal(ignored.fit(X, Y).predict(X), constant.fit(X, Y).predict(X))
    followed = MLPRegressor(6, **parameters).fit(X, Y)
    assert not np.allclose(followed.predict(X), ignored.predict(X))
    assert followed.learning_rate_curve_[1] == pytest.approx(0.001 / 101**0.5)
