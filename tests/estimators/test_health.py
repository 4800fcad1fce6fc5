"""A fit warns once where a layer died or the loss never fell, and is silent otherwise."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.activations import HIDDEN_ACTIVATIONS, resolve_activation
from sknn_actloss.estimators import reopen
from sknn_actloss.estimators._warnings import can_die, dead_layers, never_fell
from sknn_actloss.model_selection import StackedGridSearchCV

X, y = load_iris(return_X_y=True)
X = scale(X)
DIES = {"sizes": (10, 10), "solver": "sgd", "learning_rate_init": 100.0, "batch_size": 30}
NEVER_FALLS = {"sizes": (10,), "activation": "tanh", "solver": "sgd", "learning_rate_init": 30.0}


def classifier(sizes=(10,), **parameters):
    return MLPClassifier(sizes, **{"random_state": 0, **parameters})


def messages(fit, *args, **kwargs):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(*args, **kwargs)
    assert {warning.category for warning in caught} <= {ConvergenceWarning}
    return [str(warning.message) for warning in caught]


def dying(**parameters):
    """Return a network whose units are dead already, and which goes on from there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = classifier(warm_start=True, max_iter=5, **parameters).fit(X, y)
    model.intercepts_[0][:] = -1e3
    return model


# Dead layers


def test_a_dead_layer_is_named_with_remedies():
    (message,) = messages(classifier(max_iter=300, **DIES).fit, X, y)
    assert "All units of hidden layer 2 are dead" in message
    assert "Lower learning_rate_init (it is 100)" in message
    assert "activation='leaky_relu'" in message
    assert "StandardScaler" in message
    assert "Maximum iterations" not in message


def test_one_warning_for_dead_units_and_the_end_of_epochs():
    (message,) = messages(classifier(max_iter=5, **DIES).fit, X, y)
    assert "Maximum iterations (5) reached" in message
    assert "dead" in message


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("parameters", [{}, {"dtype": "float32"}, {"early_stopping": True}])
def test_all_training_rows_are_looked_at(parameters, container):
    model = dying(**parameters)
    rows = np.tile(X, (5, 1))
    assert "hidden layer 1 are dead" in messages(model.fit, container(rows), np.tile(y, 5))[0]
    # One row in the middle of a block that keeps a unit alive.
    rows[377] *= 1e8
    _, fit = reopen(model, container(rows), np.tile(y, 5))
    (member,) = fit.members
    member.state.params = fit.run.params[0]
    assert dead_layers(member, fit.run.task) == []


def test_lbfgs_warns_once():
    (message,) = messages(dying(solver="lbfgs").set_params(max_iter=1).fit, X, y)
    assert "failed to converge" in message
    assert "hidden layer 1 are dead" in message
    assert "learning_rate" not in message
    (message,) = messages(dying(solver="lbfgs").set_params(max_iter=500).fit, X, y)
    assert message.startswith("All units of hidden layer 1 are dead")


def test_a_committee_warns_once():
    committee = classifier(max_iter=5, n_members=3, **DIES)
    assert len(messages(committee.fit, X, y)) == 1


def test_searches_warn_of_each_fit():
    search = StackedGridSearchCV(classifier(max_iter=5, **DIES), {"alpha": [0.0, 0.1]}, cv=2)
    found = messages(search.fit, X, y)
    assert len(found) == 5
    assert all("dead" in message for message in found)


@pytest.mark.parametrize("name", HIDDEN_ACTIVATIONS)
def test_which_activations_can_die(name):
    flat = {"relu", "relu6", "hard_silu", "hard_sigmoid"}
    assert can_die(resolve_activation(name)) == (name in flat)
    assert can_die(resolve_activation(lambda z: np.where(z > 0, z, 0)))


# A loss that never fell


def test_a_loss_that_never_fell_is_named_with_remedies():
    (message,) = messages(classifier(max_iter=300, **NEVER_FALLS).fit, X, y)
    assert message.startswith("The loss never fell below")
    assert "Lower learning_rate_init (it is 30)" in message


def test_a_loss_that_hardly_moved_asks_for_a_higher_rate():
    model = classifier(solver="sgd", learning_rate_init=1e-300)
    (message,) = messages(model.fit, X, y)
    assert "raise learning_rate_init (it is 1e-300)" in message


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([1.0] * 10, True),
        ([1.0] * 9, False),
        ([1.0] * 9 + [0.9], False),
        ([1.0] + [2.0] * 20, True),
        ([1.0] + [1 - 1e-9] * 20, True),
        ([0.0] * 20, False),
        ([], False),
    ],
)
def test_when_a_loss_never_fell(losses, expected):
    assert never_fell(losses) == expected


# Silence


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic"])
def test_healthy_fits_are_silent(activation, solver):
    for load in (load_iris, load_breast_cancer):
        rows, targets = load(return_X_y=True)
        model = classifier((20,), activation=activation, solver=solver, max_iter=30, tol=1e-3)
        for message in messages(model.fit, scale(rows), targets):
            assert "dead" not in message
            assert "never fell" not in message


def test_healthy_regressions_are_silent():
    rows, targets = load_diabetes(return_X_y=True)
    for parameters in ({}, {"early_stopping": True}, {"loss": "absolute_error"}):
        model = MLPRegressor((20,), max_iter=30, random_state=0, **parameters)
        for message in messages(model.fit, scale(rows), targets):
            assert "dead" not in message
            assert "never fell" not in message


def test_what_had_nothing_to_learn_is_silent():
    constant = MLPRegressor((5,), "tanh", solver="sgd", learning_rate_init=1e-300, random_state=0)
    assert messages(constant.fit, X, np.ones(len(X))) == []
    perfect = MLPRegressor((5,), "identity", alpha=0, tol=0, n_iter_no_change=20, random_state=0)
    assert messages(perfect.fit, np.zeros_like(X), np.zeros(len(X)))[1:] == []


def test_partial_fit_is_silent():
    model = classifier(**NEVER_FALLS)
    for _ in range(15):
        assert messages(model.partial_fit, X, y, classes=[0, 1, 2]) == []


def test_a_warm_start_has_nothing_to_fall_from():
    model = classifier(warm_start=True, max_iter=400, tol=1e-3)
    messages(model.fit, X, y)
    model.set_params(learning_rate_init=1e-300)
    assert messages(model.fit, X, y) == []


def test_a_divergence_has_its_own_warning():
    model = MLPRegressor((10,), "identity", solver="sgd", learning_rate_init=1.0, random_state=0)
    rows = np.vstack([X, X])
    try:
        found = messages(model.fit, rows, np.tile(y, 2))
    except ValueError:
        return
    assert all("dead" not in message for message in found)
