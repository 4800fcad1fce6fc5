"""A fit warns once of targets on another scale and of networks that are worse than a constant."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.inspection import diagnose

RNG = np.random.RandomState(0)
X = RNG.standard_normal((150, 4))
T = X[:, 0] + 0.5 * X[:, 1]
ADVICE = "Set target_scaling='standard', or put a TransformedTargetRegressor"


def message_of(model, X, y):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    assert {warning.category for warning in caught} <= {ConvergenceWarning}
    assert len(caught) <= 1
    return str(caught[0].message) if caught else ""


FAR = {
    "offset": (T + 1e3, "Targets lie far from zero: a mean of"),
    "tiny": (T * 1e-3, "Targets are far from unit scale"),
    "minute": (T * 1e-6, "Targets are far from unit scale"),
    "huge": (T * 1e6, "Targets are far from unit scale"),
    "columns": (np.c_[T * 1e4, T * 1e4], "Targets are far from unit scale"),
}


@pytest.mark.parametrize("parameters", [{}, {"early_stopping": True}, {"dtype": "float32"}])
@pytest.mark.parametrize("name", FAR)
def test_targets_on_another_scale(name, parameters):
    y, text = FAR[name]
    model = MLPRegressor((10,), random_state=0, max_iter=60, **parameters)
    message = message_of(model, X, y)
    assert text in message
    assert ADVICE in message
    found = {finding.kind: finding.message for finding in diagnose(model, X, y).findings}
    assert found["target_scales"] in message
    model.set_params(target_scaling="standard")
    assert "Targets" not in message_of(model, X, y)


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile", "gaussian_nll"])
def test_targets_on_another_scale_by_loss(loss):
    model = MLPRegressor((10,), loss=loss, max_iter=50, random_state=0)
    assert ADVICE in message_of(model, X, T * 1e6)


def test_targets_that_were_learnt_all_the_same_are_fine():
    rows, y = load_diabetes(return_X_y=True)
    model = MLPRegressor((10,), solver="lbfgs", alpha=100, max_iter=9000, random_state=0)
    assert model.set_params(loss="huber").fit(scale(rows), y).score(scale(rows), y) > 0.3
    assert message_of(model, scale(rows), y) == ""


def test_counts_have_their_own_scale():
    y = RNG.poisson(np.exp(5 + 0.5 * X[:, 0])).astype(float)
    assert "Targets" not in message_of(MLPRegressor((10,), loss="poisson", max_iter=30), X, y)


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_worse_than_a_constant(estimator):
    noise = np.random.RandomState(1)
    y = 5 + noise.standard_normal(150) if estimator is MLPRegressor else np.arange(150) % 50 // 49
    model = estimator((10,), "tanh", learning_rate_init=0.9, max_iter=30, random_state=0)
    model.set_params(batch_size=10, tol=0)
    message = message_of(model, X, y)
    assert "The network is worse than a constant: its loss on the training rows is" in message
    assert "Lower learning_rate_init (it is 0.9)" in message
    (finding,) = (f for f in diagnose(model, X, y).findings if f.kind == "worse_than_constant")
    assert finding.message.replace("rows given", "training rows") in message


def test_a_loss_that_was_still_falling_asks_for_epochs():
    model = MLPRegressor((10,), "tanh", learning_rate_init=1e-4, max_iter=12, random_state=0)
    y = T + 3
    message = message_of(model, X, y)
    assert message.startswith("Stochastic Optimizer: Maximum iterations (12) reached")
    assert message.endswith("Raise max_iter (it is 12).")
    assert message_of(model.set_params(learning_rate="cosine"), X, y) == ""


@pytest.mark.parametrize("loss", ["log_loss", "focal", "squared_error", "hinge", "exponential"])
@pytest.mark.parametrize("y", [T > 1, (T > 0).astype(int) + (T > 1)], ids=["two", "three"])
def test_classifiers_that_learn_are_silent(y, loss):
    weights = {"class_weight": "balanced"}
    for parameters in ({}, weights, {"alpha": 10.0}, {"dropout": 0.3}, {"solver": "lbfgs"}):
        if parameters == {"solver": "lbfgs"} and loss in ("hinge", "exponential"):
            continue
        model = MLPClassifier((10,), loss=loss, learning_rate_init=0.01, max_iter=30)
        message = message_of(model.set_params(random_state=0, **parameters), X, y)
        assert "constant" not in message
        assert "worse" not in message


def test_noise_that_cannot_be_learnt_is_no_reason():
    y = RNG.standard_cauchy(150)
    model = MLPRegressor((5,), loss="absolute_error", alpha=10.0, random_state=0, max_iter=100)
    assert "constant" not in message_of(model, X, y)
