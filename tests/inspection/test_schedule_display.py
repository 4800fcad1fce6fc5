"""Curves of schedules against what fits record."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neural_network import MLPRegressor as SklearnMLPRegressor

from sknn_actloss import MLPRegressor
from sknn_actloss.inspection import ScheduleDisplay
from sknn_actloss.schedules import SCHEDULES, Cosine
from sknn_actloss.solvers import LBFGS

N_EPOCHS = 7
X = np.random.RandomState(0).normal(size=(50, 3))
Y = X[:, 0]


@pytest.mark.parametrize("name", list(SCHEDULES))
def test_rates_are_those_of_simulate(name):
    arguments = {"n_epochs": N_EPOCHS, "n_samples": 50, "losses": np.ones(N_EPOCHS)}
    display = ScheduleDisplay.from_schedules(name, steps_per_epoch=5, **arguments)
    expected = SCHEDULES[name]().simulate(steps_per_epoch=5, **arguments)
    assert_array_equal(display.rates[name], expected)
    (line,) = display.lines_
    assert_array_equal(line.get_xdata(), np.arange(1, N_EPOCHS + 1))
    assert_array_equal(line.get_ydata(), expected)


@pytest.mark.parametrize("learning_rate", ["linear", Cosine(warmup=2), "one_cycle", 0.01])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_rates_of_an_estimator_are_those_of_its_fit(learning_rate):
    estimator = MLPRegressor((3,), learning_rate=learning_rate, max_iter=N_EPOCHS, batch_size=8)
    display = ScheduleDisplay.from_estimator(estimator, n_samples=len(X))
    estimator.fit(X, Y)
    assert_allclose(display.rates["MLPRegressor"], estimator.learning_rate_curve_)


def test_estimators_side_by_side():
    models = [
        MLPRegressor(learning_rate="cosine", learning_rate_init=0.1),
        SklearnMLPRegressor(max_iter=30),
    ]
    display = ScheduleDisplay.from_estimator(models, names=["ours", "theirs"], n_samples=300)
    assert [len(rates) for rates in display.rates.values()] == [200, 30]
    assert display.ax_.get_yscale() == "log"
    display = ScheduleDisplay.from_estimator(models[0], n_epochs=20, steps_per_epoch=2)
    assert display.rates["MLPRegressor"][-1] > 0.09
    assert display.ax_.get_ylim()[0] == 0


def test_functions_and_dicts():
    display = ScheduleDisplay.from_schedules(
        {"half": lambda step: 0.5, "linear": "linear"},
        n_epochs=4,
        steps_per_epoch=1,
        learning_rate_init=1.0,
        scale="log",
    )
    assert_array_equal(display.rates["half"], np.full(4, 0.5))
    assert display.ax_.get_yscale() == "log"


@pytest.mark.parametrize(
    ("schedule", "message"),
    [("adaptive", "needs losses"), ("invscaling", "needs n_samples"), ("cosin", "cosine,")],
)
def test_what_simulate_needs(schedule, message):
    with pytest.raises(ValueError, match=message):
        ScheduleDisplay.from_schedules(schedule, n_epochs=3, steps_per_epoch=1)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"solver": "lbfgs"}, "lbfgs.* has no learning rate"),
        ({"solver": LBFGS()}, "has no learning rate"),
        ({"learning_rate_init": "auto"}, "is found by fit"),
        ({}, "Give n_samples, .* or steps_per_epoch"),
    ],
)
def test_estimators_without_rates(parameters, message):
    with pytest.raises(ValueError, match=message):
        ScheduleDisplay.from_estimator(MLPRegressor(**parameters))


def test_a_rate_that_fit_has_found():
    estimator = MLPRegressor(learning_rate_init="auto", max_iter=3)
    estimator.learning_rate_init_ = 0.25
    display = ScheduleDisplay.from_estimator(estimator, steps_per_epoch=1)
    assert_array_equal(display.rates["MLPRegressor"], np.full(3, 0.25))
