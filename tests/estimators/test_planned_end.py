"""A schedule that has come to the end it planned is no reason for a warning."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from sknn_actloss import MLPRegressor
from sknn_actloss.schedules import SCHEDULES, Linear, OneCycle, Polynomial

X = np.random.default_rng(0).standard_normal((60, 3))
Y = X[:, 0]
SETTINGS = {"hidden_layer_sizes": (5,), "max_iter": 8, "random_state": 0}


@pytest.mark.parametrize(
    "schedule",
    ["linear", "cosine", "polynomial", "one_cycle", Linear(end=0.1), Polynomial(2), OneCycle()],
    ids=str,
)
@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"n_members": 2}], ids=str)
def test_no_warning_at_the_planned_end(schedule, settings):
    with warnings.catch_warnings(action="error"):
        model = MLPRegressor(**SETTINGS, **settings, learning_rate=schedule).fit(X, Y)
    assert model.n_iter_ == 8


@pytest.mark.parametrize("schedule", ["constant", "invscaling", "adaptive", "step", Linear(end=1)])
def test_others_have_not_converged(schedule):
    with pytest.warns(ConvergenceWarning, match="hasn't converged yet"):
        MLPRegressor(**SETTINGS, learning_rate=schedule).fit(X, Y)


def test_what_is_wrong_with_a_network_is_said_all_the_same():
    model = MLPRegressor(**SETTINGS, learning_rate="cosine", warm_start=True).fit(X, Y)
    model.intercepts_[0][:] = -1e3
    with pytest.warns(ConvergenceWarning, match="hidden layer 1 are dead") as caught:
        model.fit(X, Y)
    assert "hasn't converged" not in str(caught[0].message)


def test_only_schedules_with_a_horizon_end_there():
    ending = {name for name, make in SCHEDULES.items() if make().ends_at_horizon}
    assert {"linear", "cosine", "polynomial", "one_cycle"} <= ending
    assert not ending & {"constant", "invscaling", "adaptive", "exponential", "step"}
