"""Where numbers or signatures differ from scikit-learn on purpose, they differ as documented.

Weights, schedules, divergence, L-BFGS and several outputs have tests of their own beside this.
"""

import inspect

import numpy as np
import pytest
import sklearn.neural_network as reference
from sklearn.datasets import make_classification, make_regression

import sknn_actloss as ours

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, CLASSES = make_classification(80, 5, random_state=0)
X_NUMBERS, NUMBERS = make_regression(80, 5, noise=1.0, random_state=0)
NUMBERS = NUMBERS / NUMBERS.std()


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_signatures_hold_all_of_scikit_learns_parameters_with_their_defaults(name):
    theirs = inspect.signature(getattr(reference, name)).parameters
    own = inspect.signature(getattr(ours, name)).parameters
    assert {key: own[key].default for key in theirs} == {key: theirs[key].default for key in theirs}
    positional = [key for key in own if own[key].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    assert positional == ["hidden_layer_sizes", "activation"]
    assert own["loss"].kind is inspect.Parameter.KEYWORD_ONLY
    methods = {key for key in dir(getattr(reference, name)) if not key.startswith("_")}
    assert methods <= set(dir(getattr(ours, name)))


def test_fitted_attributes_hold_all_of_scikit_learns():
    for solver in ("adam", "lbfgs"):
        theirs = reference.MLPClassifier(5, solver=solver, max_iter=3).fit(X, CLASSES)
        own = ours.MLPClassifier(5, solver=solver, max_iter=3).fit(X, CLASSES)
        public = {key for key in vars(theirs) if key.endswith("_") and not key.startswith("_")}
        assert public <= set(vars(own))


def test_the_log_loss_is_not_clipped():
    rows, classes = np.array([[1.0], [-1.0]]), np.array([0, 1])
    parameters = {"hidden_layer_sizes": 1, "activation": "identity", "solver": "sgd"}
    parameters |= {"max_iter": 1, "learning_rate_init": 1e-9, "random_state": 0, "alpha": 0}
    parameters |= {"warm_start": True}
    losses = []
    for module in (reference, ours):
        model = module.MLPClassifier(**parameters).fit(rows, classes)
        model.coefs_ = [np.array([[1.0]]), np.array([[500.0]])]
        model.intercepts_ = [np.zeros(1), np.zeros(1)]
        losses.append(model.fit(rows, classes).loss_)
    assert losses[0] == pytest.approx(-np.log(np.finfo(float).eps))
    assert losses[1] == pytest.approx(500.0)


def test_predictions_have_the_data_type_of_the_weights():
    single = X_NUMBERS.astype(np.float32)
    theirs = reference.MLPRegressor(hidden_layer_sizes=5, max_iter=3).fit(single, NUMBERS)
    own = ours.MLPRegressor(5, max_iter=3).fit(single, NUMBERS)
    assert theirs.predict(X_NUMBERS).dtype == np.float64
    assert own.predict(X_NUMBERS).dtype == np.float32


def test_partial_fit_follows_changed_parameters():
    steps = {}
    for module in (reference, ours):
        model = module.MLPRegressor(hidden_layer_sizes=5, solver="sgd", momentum=0, random_state=0)
        model.partial_fit(X_NUMBERS, NUMBERS).set_params(learning_rate_init=1e-12)
        before = model.coefs_[0].copy()
        model.partial_fit(X_NUMBERS, NUMBERS)
        steps[module] = np.abs(model.coefs_[0] - before).max()
    assert steps[reference] > 1e-5
    assert steps[ours] < 1e-9


def test_another_solver_in_partial_fit_starts_anew():
    model = ours.MLPRegressor(5, random_state=0).partial_fit(X_NUMBERS, NUMBERS)
    model.set_params(solver="sgd").partial_fit(X_NUMBERS, NUMBERS)
    model.set_params(solver="amsgrad").partial_fit(X_NUMBERS, NUMBERS)
    assert np.isfinite(model.loss_)


def test_invscaling_counts_rows_by_their_weight():
    parameters = {"solver": "sgd", "learning_rate": "invscaling", "max_iter": 3, "random_state": 0}
    model = ours.MLPRegressor(5, **parameters).fit(X_NUMBERS, NUMBERS, np.full(80, 2.0))
    expected = [0.001 / (160 * epoch + 1) ** 0.5 for epoch in range(3)]
    np.testing.assert_allclose(model.learning_rate_curve_, expected)
    assert model.t_ == 240


def test_curves_of_lbfgs():
    model = ours.MLPRegressor(5, solver="lbfgs", max_iter=7, random_state=0)
    model.fit(X_NUMBERS, NUMBERS)
    assert len(model.loss_curve_) == model.n_iter_ == 7
    assert model.loss_ == model.best_loss_ == pytest.approx(min(model.loss_curve_))
    assert not hasattr(model, "learning_rate_curve_")
