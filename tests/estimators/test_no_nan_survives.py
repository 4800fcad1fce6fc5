"""Whatever the solver, the loss or the way of fitting, no fitted estimator holds a NaN."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import ConvergenceWarning

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.losses import LOSSES, Quantile
from sknn_actloss.solvers import SOLVERS

X, CLASSES = make_classification(60, 6, n_informative=4, n_classes=3, random_state=0)
NUMBERS = make_regression(60, 6, noise=2.0, random_state=0)[1]
NUMBERS = np.abs(NUMBERS / NUMBERS.std()) + 0.1
STOCHASTIC = [name for name, solver in SOLVERS.items() if name != "lbfgs"]
ESTIMATORS = {"classification": MLPClassifier, "regression": MLPRegressor}
ROUNDS = 3  # steps of an epoch


def model(task, **parameters):
    parameters = {"max_iter": 6, "batch_size": 20, "random_state": 0} | parameters
    return ESTIMATORS[task](5, "identity", **parameters)


def targets(task):
    return CLASSES if task == "classification" else NUMBERS


def explodes_after(n_epochs):
    def factor(step):
        return 1.0 if step < ROUNDS * n_epochs else 1e200

    return factor


def state_of(fitted):
    parts = fitted.coefs_ + fitted.intercepts_
    return np.concatenate([part.ravel() for part in parts])


def assert_sound(fitted):
    assert np.isfinite(state_of(fitted)).all()
    assert np.isfinite([fitted.loss_, *fitted.loss_curve_]).all()
    assert np.isfinite(fitted.learning_rate_curve_).all()
    for value in fitted._optimizer.state.values():
        assert not np.isnan(value).any()


def error_of_fit(fitted, y):
    try:
        fitted.fit(X, y)
    except ValueError as error:
        return str(error)
    return ""


@pytest.fixture
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("task", "loss"),
    [
        *((task, loss) for task in LOSSES for loss in LOSSES[task]),
        ("regression", Quantile((0.1, 0.5, 0.9))),
    ],
)
def test_any_loss_at_any_rate_ends_with_finite_weights_or_an_error(task, loss, dtype):
    for rate in (1.0, 1e10, 1e30, 1e200):
        for early_stopping in (False, True):
            fitted = model(
                task, loss=loss, dtype=dtype, learning_rate_init=rate, early_stopping=early_stopping
            )
            message = error_of_fit(fitted, targets(task))
            if message:
                assert message.startswith("Solver produced non-finite parameter weights. The input")
                assert f"The learning rate was {rate:g}. Lower learning_rate_init." in message
                assert not hasattr(fitted, "coefs_")
            else:
                assert_sound(fitted)


@pytest.mark.parametrize("solver", STOCHASTIC)
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("task", ESTIMATORS)
def test_a_divergence_late_in_a_fit_keeps_the_best_epoch(task, early_stopping, solver):
    n_epochs = 2
    parameters = {"solver": solver, "early_stopping": early_stopping}
    parameters["batch_size"] = 18 if early_stopping else 20
    fitted = model(task, learning_rate=explodes_after(n_epochs), **parameters)
    with pytest.warns(
        ConvergenceWarning, match=r"in epoch 3 at a learning rate of 1e\+197: .*Lower"
    ):
        fitted.fit(X, targets(task))
    assert fitted.n_iter_ == len(fitted.loss_curve_) == n_epochs
    assert_sound(fitted)
    best = model(task, **parameters)
    curve = fitted.validation_scores_ if early_stopping else [-loss for loss in fitted.loss_curve_]
    best.set_params(max_iter=int(np.nanargmax(curve)) + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        best.fit(X, targets(task))
    np.testing.assert_array_equal(state_of(fitted), state_of(best))


@pytest.mark.parametrize("solver", STOCHASTIC)
@pytest.mark.parametrize("way", ["warm_start", "early_stopping", "partial_fit"])
@pytest.mark.parametrize("task", ESTIMATORS)
def test_a_divergence_after_a_good_fit_keeps_its_weights(task, way, solver):
    fitted = model(
        task, solver=solver, warm_start=way != "partial_fit", early_stopping=way == "early_stopping"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted.fit(X, targets(task))
    before, curve = state_of(fitted), list(fitted.loss_curve_)
    fitted.set_params(learning_rate_init=1e200)
    with pytest.warns(
        ConvergenceWarning, match=r"diverged in epoch 1 at a learning rate of 1e\+200"
    ):
        getattr(fitted, "partial_fit" if way == "partial_fit" else "fit")(X, targets(task))
    np.testing.assert_array_equal(state_of(fitted), before)
    assert fitted.loss_curve_ == curve
    assert fitted.n_iter_ == 0
    assert_sound(fitted)
    fitted.set_params(learning_rate_init=0.001, early_stopping=False).partial_fit(X, targets(task))
    assert_sound(fitted)
    assert not np.array_equal(state_of(fitted), before)


@pytest.mark.parametrize("task", ESTIMATORS)
def test_the_first_call_of_partial_fit_raises_as_fit_does(task):
    fitted = model(task, learning_rate_init=1e200)
    classes = {"classes": [0, 1, 2]} if task == "classification" else {}
    with pytest.raises(
        ValueError, match=r"^Solver produced non-finite parameter weights\. The input"
    ):
        fitted.partial_fit(X, targets(task), **classes)
    assert not hasattr(fitted, "coefs_")
    fitted.set_params(learning_rate_init=0.001).partial_fit(X, targets(task), **classes)
    assert_sound(fitted)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("task", ESTIMATORS)
def test_a_fit_anew_that_diverges_raises_and_a_better_one_follows(task):
    fitted = model(task).fit(X, targets(task))
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        fitted.set_params(learning_rate_init=1e200).fit(X, targets(task))
    assert np.isfinite(state_of(fitted)).all()
    assert_sound(fitted.set_params(learning_rate_init=0.001).fit(X, targets(task)))


def test_huge_targets_raise():
    for dtype, size in (("float32", 1e38), ("float64", 5e307)):
        with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
            model("regression", loss="huber", dtype=dtype).fit(X, NUMBERS * size)


@pytest.mark.parametrize("task", ESTIMATORS)
def test_lbfgs_raises_without_and_warns_with_earlier_weights(task):
    fitted = model(task, solver="lbfgs", warm_start=True)
    huge = X * 1e300
    with pytest.raises(ValueError, match=r"^Solver produced non-finite .*Scale the inputs"):
        fitted.fit(huge, targets(task))
    assert not hasattr(fitted, "coefs_")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted.fit(X, targets(task))
    before = state_of(fitted)
    with pytest.warns(ConvergenceWarning, match="not finite after 0 iteration"):
        fitted.fit(huge, targets(task))
    np.testing.assert_array_equal(state_of(fitted), before)
    assert np.isfinite(fitted.loss_)
    assert fitted.n_iter_ == 0
