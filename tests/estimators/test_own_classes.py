"""A user's own component is one class, with fields or without."""

import copy
import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.activations import Activation, ReLU
from sknn_actloss.initializers import Initializer
from sknn_actloss.losses import LogLoss, Loss
from sknn_actloss.schedules import Schedule
from sknn_actloss.solvers import StochasticSolver

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, CLASSES = make_classification(80, 6, n_informative=4, n_classes=3, random_state=0)
NUMBERS = X @ np.linspace(-1, 1, 6) + 0.1 * np.cos(9 * X[:, 0])


class Squares(Loss):
    """A loss for classes and numbers without any field."""

    tasks = frozenset({"classification", "regression"})

    def value(self, y, raw):
        return np.sum((raw - y) ** 2, axis=-1)

    def gradient(self, y, raw, out):
        np.subtract(raw, y, out=out)
        out *= 2


class Gaussian(Loss):
    """A mean and the logarithm of a deviation for each target."""

    outputs_per_target = 2

    def value(self, y, raw):
        mean, log_deviation = np.split(raw, 2, axis=-1)
        return np.sum(log_deviation + ((y - mean) * np.exp(-log_deviation)) ** 2 / 2, axis=-1)

    def gradient(self, y, raw, out):
        mean, log_deviation = np.split(raw, 2, axis=-1)
        error = (mean - y) * np.exp(-2 * log_deviation)
        out[...] = np.concatenate([error, 1 - error * (mean - y)], axis=-1)


class PointGaussian(Gaussian):
    """Says which of its outputs is the prediction, and what the variance is."""

    def point(self, prediction):
        return np.split(prediction, 2, axis=-1)[0]

    def variance(self, prediction):
        return np.exp(2 * np.split(prediction, 2, axis=-1)[1])


class Cube(Activation):
    """An activation without any field."""

    reads_input = True

    def forward(self, z, out):
        np.multiply(z * z, 0.1 * z, out=out)

    def backward(self, z, a, grad):
        grad *= 0.3 * z * z


class Zigzag(Schedule):
    """A schedule without any field."""

    def rate(self, progress, learning_rate_init):
        return learning_rate_init / (1 + progress.epoch % 2)


@dataclass(repr=False)
class Momentumless(StochasticSolver):
    """A solver with one field."""

    scale: float = 1.0

    def init_state(self, params):
        return {"step": 0}

    def update(self, params, gradient, rate, state):
        state["step"] += 1
        params -= self.scale * rate * gradient


class Ones(Initializer):
    """An initializer without any field."""

    def draw(self, random_state, fan_in, fan_out, activation):
        return np.full((fan_in, fan_out), 0.1), np.zeros(fan_out)


OWN = {
    "loss": Squares(),
    "activation": Cube(),
    "learning_rate": Zigzag(),
    "solver": Momentumless(),
    "weight_init": Ones(),
}


def model(estimator, **parameters):
    return estimator(5, **{"max_iter": 4, "random_state": 0} | parameters)


def targets(estimator):
    return CLASSES if estimator is MLPClassifier else NUMBERS


@pytest.mark.parametrize("parameter", OWN)
@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_fit_clone_pickle_and_print(estimator, parameter):
    y = targets(estimator)
    fitted = model(estimator, **{parameter: OWN[parameter]}).fit(X, y)
    assert f"{parameter}={type(OWN[parameter]).__name__}(" in repr(fitted)
    for again in (
        clone(fitted).fit(X, y),
        pickle.loads(pickle.dumps(fitted)),
        copy.deepcopy(fitted),
    ):
        assert getattr(again, parameter) == OWN[parameter]
        np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
    search = GridSearchCV(model(estimator), {parameter: [OWN[parameter]]}, cv=2).fit(X, y)
    assert getattr(search.best_estimator_, parameter) == OWN[parameter]


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_all_at_once(estimator):
    fitted = model(estimator, **OWN).fit(X, targets(estimator))
    assert fitted.learning_rate_curve_ == [0.001, 0.0005, 0.001, 0.0005]
    assert fitted._optimizer.state == {"step": 4}
    search = GridSearchCV(model(estimator, **OWN), {"solver__scale": [0.0, 9.0]}, cv=2)
    search.fit(X, targets(estimator))
    assert search.best_estimator_.solver.scale == search.best_params_["solver__scale"]


def test_own_loss_is_scikit_learns_at_twice_the_rate():
    own = model(MLPRegressor, loss=Squares(), solver="sgd", alpha=0.0).fit(X, NUMBERS)
    twice = model(MLPRegressor, solver="sgd", alpha=0.0, learning_rate_init=0.002).fit(X, NUMBERS)
    np.testing.assert_allclose(own.coefs_[0], twice.coefs_[0], rtol=1e-6)


@pytest.mark.parametrize("y", [CLASSES, CLASSES > 0], ids=["multiclass", "binary"])
def test_own_loss_of_classes_decides_halfway_between_zero_and_one(y):
    fitted = model(MLPClassifier, loss=Squares(), max_iter=200, learning_rate_init=0.01).fit(X, y)
    assert fitted.score(X, y) > 0.8
    assert not hasattr(fitted, "predict_proba")
    scores = fitted.decision_function(X)
    by_score = scores.argmax(axis=1) if scores.ndim == 2 else scores > 0
    np.testing.assert_array_equal(fitted.predict(X), by_score)


def test_subclasses_of_built_in_components():
    class Gentle(LogLoss):
        pass

    class Rectifier(ReLU):
        pass

    plain = model(MLPClassifier).fit(X, CLASSES)
    derived = model(MLPClassifier, loss=Gentle(), activation=Rectifier()).fit(X, CLASSES)
    np.testing.assert_array_equal(derived.predict_proba(X), plain.predict_proba(X))


def test_a_loss_with_several_outputs_for_each_target():
    fitted = model(MLPRegressor, loss=Gaussian(), max_iter=300, learning_rate_init=0.01)
    fitted.fit(X, NUMBERS)
    assert fitted.n_outputs_ == 2
    mean, log_deviation = fitted.predict(X).T
    assert np.corrcoef(mean, NUMBERS)[0, 1] > 0.5
    assert np.isfinite(log_deviation).all()
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]


@pytest.mark.parametrize("y", [NUMBERS, np.column_stack([NUMBERS, -NUMBERS])], ids=["1", "2"])
def test_a_loss_may_say_what_the_prediction_and_its_variance_are(y):
    parameters = {"max_iter": 300, "learning_rate_init": 0.01, "n_iter_no_change": 50}
    parameters |= {"early_stopping": True}
    fitted = model(MLPRegressor, loss=PointGaussian(), **parameters).fit(X, y)
    mean, std = fitted.predict(X, return_std=True)
    assert mean.shape == std.shape == y.shape
    np.testing.assert_array_equal(fitted.predict(X), mean)
    assert np.corrcoef(mean.T[0] if y.ndim == 2 else mean, NUMBERS)[0, 1] > 0.5
    assert max(fitted.validation_scores_) == fitted.best_validation_score_ < 1


@pytest.mark.parametrize("parameter", OWN)
def test_classes_in_place_of_instances_are_refused(parameter):
    kind = type(OWN[parameter])
    with pytest.raises((ValueError, TypeError), match=f"{parameter}.*{kind.__name__}"):
        model(MLPRegressor, **{parameter: kind}).fit(X, NUMBERS)
