"""What NumPy says of overflow and underflow does not reach the user, however NumPy is set."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknn_actloss import Committee, MLPClassifier, MLPRegressor
from sknn_actloss.activations import Logistic
from sknn_actloss.inspection import diagnose, find_learning_rate
from sknn_actloss.losses import LOSSES, Quantile
from sknn_actloss.model_selection import StackedGridSearchCV

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.RandomState(0).normal(scale=30, size=(60, 3))
UNIT = np.abs(X[:, 0] / 30 + 0.3 * X[:, 1] / 30) + 0.1
CLASSES = {"binary": X[:, 0] > 0, "multiclass": np.digitize(X[:, 0], [-20, 20]), "labels": X > 0}
SIZES = [1e308, 1e200, 1e150, 1e30, 1e-30, 1e-160, 1e-308, 0.0]


@pytest.fixture(autouse=True, params=["warn", "raise"])
def numpy_speaks(request):
    with np.errstate(all=request.param), warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


def quietly_sized(size):
    with np.errstate(all="ignore"):
        return np.minimum(UNIT * size, 1.7e308)


def refused(model, y):
    """Fit, and return why that was refused, if it was."""
    try:
        model.fit(X, y)
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("loss", [*LOSSES["regression"], Quantile((0.1, 0.5, 0.9))], ids=str)
def test_targets_of_any_size_are_learnt_or_refused(loss, size):
    y = quietly_sized(size)
    for own in ({}, {"solver": "lbfgs"}, {"dtype": "float32"}, {"n_members": 2}):
        model = MLPRegressor(4, max_iter=3, random_state=0, loss=loss, **own)
        refusal = refused(model, y)
        if refusal:
            assert refusal.startswith(("Solver produced non-finite", "y has", "loss='gamma'"))
        else:
            assert np.all(np.isfinite(model.predict(X)))
            if own.get("n_members"):
                assert not np.any(np.isnan(model.predict(X, return_std=True)[1]))


@pytest.mark.parametrize("size", [1e300, *SIZES[1:]])
@pytest.mark.parametrize("scaling", ["standard", "robust"])
@pytest.mark.parametrize("loss", ["squared_error", "gaussian_nll", Quantile((0.1, 0.5, 0.9))])
def test_scaled_targets_of_any_size_are_learnt(loss, scaling, size):
    y = quietly_sized(size) - quietly_sized(size / 2)
    for own in ({}, {"dtype": "float32", "early_stopping": True}, {"n_members": 2}):
        model = MLPRegressor(
            4, max_iter=3, random_state=0, loss=loss, target_scaling=scaling, **own
        ).fit(X / 30, y)
        assert model.loss_ < 20
        assert np.all(np.isfinite(model.predict(X)))


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("loss", LOSSES["classification"])
def test_classes(loss, kind):
    y = CLASSES[kind].astype(int)
    common = {"max_iter": 40, "learning_rate_init": 0.05, "random_state": 0, "loss": loss}
    for own in ({"dtype": "float32"}, {"solver": "lbfgs"}, {"n_members": 2, "dtype": "float32"}):
        model = MLPClassifier(8, **common, **own)
        refusal = refused(model, y)
        if refusal:
            assert refusal.startswith("Solver produced non-finite")
            continue
        for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
            if hasattr(model, method):
                assert not np.any(np.isnan(getattr(model, method)(X)))


@pytest.mark.parametrize("activation", ["gelu", "mish", "silu", "softplus", "celu", "logistic"])
def test_every_way_of_a_fit(activation):
    small = MLPRegressor(8, activation, max_iter=5, dtype="float32", random_state=0)
    y = X[:, 0]
    assert np.all(np.isfinite(small.fit(X * 50, y).predict(X * 50)))
    diagnose(small, X * 50, y)
    find_learning_rate(small, X * 50, y)
    small.partial_fit(X * 50, y).predict(X * 50)
    StackedGridSearchCV(small, {"alpha": [1, 2]}, cv=2).fit(X * 50, y).predict(X * 50)


def test_committees_that_leave_out_rows():
    folds = Committee(3, resample="folds", calibrate="temperature")
    common = {"max_iter": 40, "learning_rate_init": 0.05, "random_state": 0, "dtype": "float32"}
    y = CLASSES["multiclass"]
    model = MLPClassifier(8, n_members=folds, **common).fit(X, y)
    assert model.predict_set(X).shape == (60, 3)
    assert np.all(np.isfinite(model.predict_proba(X)))


def test_numbers_are_those_of_numpys_default():
    common = {"max_iter": 60, "learning_rate_init": 0.05, "random_state": 0, "dtype": "float32"}
    y = CLASSES["multiclass"]
    strict = MLPClassifier(8, "gelu", **common).fit(X, y)
    with np.errstate(over="warn", under="ignore", invalid="warn", divide="warn"):
        default = MLPClassifier(8, "gelu", **common).fit(X, y)
        expected = default.predict_proba(X)
    assert_array_equal(strict.predict_proba(X), expected)


@pytest.mark.parametrize("model", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_named(model, value):
    bad = np.array([[np.inf, 0, 0], [-np.inf, value, 0]] * 30)
    fitted = model(4, max_iter=2, random_state=0).fit(X, CLASSES["binary"])
    for refused in (lambda: fitted.predict(bad), lambda: model(4).fit(bad, CLASSES["binary"])):
        with pytest.raises(ValueError, match="Input X contains"):
            refused()


def test_a_range_test_without_a_finite_loss():
    huge = X * 1e306
    with pytest.raises(ValueError, match="Solver produced non-finite"):
        MLPRegressor(4, learning_rate_init="auto", random_state=0).fit(huge, X[:, 0] * 1e306)


def test_output_activations_of_committees():
    model = MLPClassifier(
        4, "identity", n_members=2, loss="squared_error", out_activation=Logistic(10.0), max_iter=2
    ).fit(X, CLASSES["labels"])
    model.coefs_[1][:] *= 1e306
    assert np.all(np.isfinite(model.decision_function(np.abs(X))))
