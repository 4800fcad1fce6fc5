"""Output activations other than the loss's own: which go with it, and what they give."""

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_multilabel_classification

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.activations import ACTIVATIONS, LeakyReLU, Logistic, Softplus
from sknn_actloss.losses import LOSSES, FunctionLoss

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, CLASSES = make_classification(80, 6, n_informative=4, n_classes=3, random_state=0)
LABELS = make_multilabel_classification(80, 6, n_classes=3, random_state=0)[1]
TARGETS = {"binary": CLASSES > 0, "multiclass": CLASSES, "multilabel": LABELS}
SHARES = np.random.RandomState(0).dirichlet(np.ones(3), 80)


def model(estimator, **parameters):
    return estimator(8, **{"max_iter": 5, "random_state": 0} | parameters)


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("loss", LOSSES["classification"])
def test_decisions_of_every_pair_are_predictions_or_the_pair_is_refused(loss, kind):
    y = TARGETS[kind]
    for output, make in ACTIVATIONS.items():
        fitted = model(MLPClassifier, loss=loss, out_activation=output)
        domain = LOSSES["classification"][loss]().for_targets(kind, output).prediction_domain
        if not make().range.within(domain) or (output == "softmax" and kind == "binary"):
            with pytest.raises(ValueError, match=r"does not go with loss=.* Use out_activation="):
                fitted.fit(X, y)
            assert not hasattr(fitted, "coefs_")
            continue
        predicted = fitted.fit(X, y).predict(X)
        scores = fitted.decision_function(X)
        if kind == "multiclass":
            np.testing.assert_array_equal(scores.argmax(axis=1), predicted)
        else:
            np.testing.assert_array_equal(scores > 0, predicted)
        if hasattr(fitted, "predict_proba") and kind != "multilabel":
            np.testing.assert_allclose(fitted.predict_proba(X).sum(axis=1), 1)


def test_bounded_margins_learn():
    fitted = model(
        MLPClassifier, loss="hinge", out_activation="tanh", max_iter=200, learning_rate_init=0.02
    )
    assert fitted.fit(X, CLASSES > 0).score(X, CLASSES > 0) > 0.8


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize(
    "loss",
    ["squared_error", FunctionLoss(lambda y, p: -y * np.log(p))],
    ids=["squared_error", "function"],
)
def test_softmax_outputs_are_shares(loss, solver):
    parameters = {"out_activation": "softmax", "loss": loss, "solver": solver}
    fitted = model(MLPRegressor, max_iter=200, learning_rate_init=0.02, **parameters)
    predicted = fitted.fit(X, SHARES).predict(X)
    np.testing.assert_allclose(predicted.sum(axis=1), 1)
    assert fitted.out_activation_ == "softmax"
    assert fitted.score(X, SHARES) > 0.2
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]


def test_softmax_of_one_output_is_refused():
    for estimator, y in ((MLPRegressor, SHARES[:, 0]), (MLPClassifier, CLASSES > 0)):
        with pytest.raises(ValueError, match="needs at least two outputs"):
            model(estimator, out_activation="softmax").fit(X, y)


@pytest.mark.parametrize("output", [Softplus(beta=3.0), LeakyReLU(0.3), Logistic(), np.sin])
def test_predictions_are_the_output_activation_of_the_last_layer(output):
    fitted = model(MLPRegressor, out_activation=output).fit(X, SHARES[:, 0])
    hidden = np.maximum(X @ fitted.coefs_[0] + fitted.intercepts_[0], 0)
    raw = (hidden @ fitted.coefs_[1] + fitted.intercepts_[1]).ravel()
    np.testing.assert_allclose(fitted.predict(X), output(raw))


def test_a_natural_output_given_by_name_changes_no_number():
    for kind, y in TARGETS.items():
        for loss, make in LOSSES["classification"].items():
            natural = make().natural_output(kind)
            by_name = model(MLPClassifier, loss=loss, out_activation=natural).fit(X, y)
            by_auto = model(MLPClassifier, loss=loss).fit(X, y)
            np.testing.assert_array_equal(by_name.coefs_[0], by_auto.coefs_[0])
            assert by_name.out_activation_ == by_auto.out_activation_ == natural


@pytest.mark.parametrize(("loss", "output"), [("poisson", "softplus"), ("gamma", "squareplus")])
def test_deviances_go_through_other_positive_outputs(loss, output):
    y = SHARES[:, 0] + 0.1
    fitted = model(MLPRegressor, loss=loss, out_activation=output, max_iter=100)
    predicted = fitted.fit(X, y).predict(X)
    assert predicted.min() > 0
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]
