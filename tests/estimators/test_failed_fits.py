"""A fit that raises leaves the estimator as it was before the call."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.preprocessing import scale

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.activations import Activation
from sknn_actloss.model_selection import CommitteeClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, CLASSES = load_iris(return_X_y=True)
X = scale(X)
NUMBERS = X[:, 0] + X[:, 1] ** 2


class Explosive(Activation):
    """Is finite for a while."""

    n_calls = 0

    def forward(self, z, out):
        Explosive.n_calls += 1
        np.copyto(out, z if Explosive.n_calls < 8 else np.nan)

    def backward(self, z, a, grad):
        pass


def estimator(kind, **parameters):
    settings = {"hidden_layer_sizes": 5, "max_iter": 3, "random_state": 0, "batch_size": 30}
    return kind(**settings | parameters)


def targets(kind):
    return CLASSES if kind is MLPClassifier else NUMBERS


def state(fitted):
    """Return all attributes, as bits."""
    parameters = fitted.get_params(deep=False)
    left = {n: v for n, v in vars(fitted).items() if n not in parameters and n != "_workspace"}
    return {name: pickle.dumps(value) for name, value in sorted(left.items())}


def assert_untouched(fitted, fail, error=Exception, **changes):
    """Change parameters, let a call fail, and compare all attributes and predictions."""
    before, parameters = state(fitted), fitted.get_params(deep=False)
    predicted = fitted.predict(X) if hasattr(fitted, "coefs_") else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(error):
            fail(fitted.set_params(**changes))
    assert state(fitted) == before
    fitted.set_params(**parameters)
    if predicted is not None:
        np.testing.assert_array_equal(fitted.predict(X), predicted)


DIVERGENCE = {
    "refit": {},
    "warm start": {"warm_start": True},
    "lbfgs": {"solver": "lbfgs"},
    "warm lbfgs": {"solver": "lbfgs", "warm_start": True},
    "committee": {"n_members": 2},
    "averaged": {"weight_averaging": "ema", "normalization": "batch"},
}
BOTH = pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])


@BOTH
@pytest.mark.parametrize("name", DIVERGENCE)
def test_a_refit_that_raises_in_its_first_epoch(kind, name):
    settings = DIVERGENCE[name]
    y = targets(kind)
    fitted = estimator(kind, **settings).fit(X, y)

    def fail(model):
        Explosive.n_calls = 100  # not even the first output is finite
        model.fit(X, y)
        raise ValueError("a warm start keeps its weights and warns")

    if settings.get("warm_start"):
        Explosive.n_calls = 100
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted.set_params(activation=Explosive()).fit(X, y)
        fitted.set_params(activation="relu")
        kept = clone(fitted).fit(X, y)
        np.testing.assert_array_equal(fitted.coefs_[0], kept.coefs_[0])
        return
    assert_untouched(fitted, fail, ValueError, activation=Explosive())


class Failing(Activation):
    """Raises in the third step."""

    n_calls = 0

    def forward(self, z, out):
        Failing.n_calls += z.shape[1] == 30
        if Failing.n_calls > 2:
            raise RuntimeError("of the user")
        np.tanh(z, out)

    def backward(self, z, a, grad):
        grad *= 1 - a * a


def fail_by_function(model):
    Failing.n_calls = 0
    y = targets(MLPClassifier if isinstance(model, MLPClassifier) else MLPRegressor)
    model.set_params(activation=Failing()).fit(X, y)


def fail_by_function_in_partial_fit(model):
    Failing.n_calls = 0
    y = targets(MLPClassifier if isinstance(model, MLPClassifier) else MLPRegressor)
    model.set_params(activation=Failing()).partial_fit(X, y)


def scorer(model, X, y):
    raise RuntimeError("of the scorer")


FAILURES = {
    "rows": lambda model: model.fit(X[:, :3] * np.nan, CLASSES > 0),
    "fewer features, then targets": lambda model: model.fit(X[:, :3], CLASSES[:10]),
    "weights": lambda model: model.fit(X, CLASSES > 0, sample_weight=-np.ones(150)),
    "parameter": lambda model: model.set_params(alpha=-1.0).fit(X[:, :2], CLASSES > 0),
    "other classes and a scorer": lambda model: model.set_params(
        monitor=scorer, early_stopping=True
    ).fit(X[:, :2], CLASSES > 0),
    "validation rows": lambda model: model.fit(X[:, :2], CLASSES > 0, X_val=X, y_val=CLASSES > 0),
    "function": fail_by_function,
    "function of partial_fit": fail_by_function_in_partial_fit,
}


@BOTH
@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("n_members", [1, 2])
def test_a_refit_that_fails_anywhere(kind, n_members, warm_start):
    settings = {"n_members": n_members, "warm_start": warm_start}
    for name, fail in FAILURES.items():
        fitted = estimator(kind, **settings).fit(X, targets(kind))
        try:
            assert_untouched(fitted, fail)
        except BaseException as error:
            error.add_note(f"This is about {name!r}.")
            raise


@BOTH
def test_a_first_fit_that_fails_leaves_nothing(kind):
    for name, fail in FAILURES.items():
        if "partial_fit" in name:
            continue
        model = estimator(kind)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(Exception):  # noqa: B017, PT011
                fail(model)
        assert state(model) == {}, name


def test_a_first_partial_fit_with_a_class_forgotten():
    model = estimator(MLPClassifier)
    with pytest.raises(ValueError, match="classes not in"):
        model.partial_fit(X, CLASSES, classes=[0, 1])
    assert state(model) == {}
    model.partial_fit(X, CLASSES, classes=[0, 1, 2])
    assert model.classes_.tolist() == [0, 1, 2]


def test_what_is_remembered_for_partial_fit_is_not_moved_by_a_call_that_fails():
    settings = {"dropout": 0.3, "learning_rate": "cosine", "weight_averaging": "ema"}
    model = estimator(MLPClassifier, **settings).fit(X, CLASSES)
    twin = copy.deepcopy(model)
    assert_untouched(model, fail_by_function_in_partial_fit, RuntimeError)
    model.set_params(random_state=3).partial_fit(X, CLASSES)
    twin.set_params(random_state=3).partial_fit(X, CLASSES)
    np.testing.assert_array_equal(model.coefs_[0], twin.coefs_[0])
    assert model._optimizer.rate == twin._optimizer.rate


def test_members_of_a_committee_of_estimators():
    model = CommitteeClassifier([estimator(MLPClassifier), estimator(MLPClassifier)])
    model.fit(X, CLASSES)
    predicted = model.predict_proba(X)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(X * np.nan, CLASSES)
    np.testing.assert_array_equal(model.predict_proba(X), predicted)
    assert model.n_features_in_ == 4
