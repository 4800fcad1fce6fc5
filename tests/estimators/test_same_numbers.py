"""With scikit-learn's parameters, the same seed gives scikit-learn's numbers."""

from functools import cache

import numpy as np
import pytest
import sklearn.neural_network as reference
from scipy import sparse
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression

import sknn_actloss as ours

N_EPOCHS = 20


@cache
def data(kind):
    if kind in ("binary", "multiclass"):
        X, y = make_classification(
            n_samples=150,
            n_features=8,
            n_informative=6,
            n_classes=2 if kind == "binary" else 4,
            random_state=1,
        )
        y = 10 * y + 10
    elif kind == "multilabel":
        X, y = make_multilabel_classification(n_samples=150, n_features=8, random_state=1)
        X = X / X.std(axis=0)
    else:
        n_targets = 3 if kind == "multioutput" else 1
        X, y = make_regression(
            n_samples=150, n_features=8, n_targets=n_targets, noise=5.0, random_state=1
        )
        y = y / y.std(axis=0)
        if kind == "counts":
            y = np.random.RandomState(0).poisson(np.exp(0.5 * y))
    return X, y


CLASSIFIER_KINDS = ("binary", "multiclass", "multilabel")
REGRESSOR_KINDS = ("continuous", "multioutput", "counts")


def cases():
    """Yield (id, kind, parameters, options) over a covering selection of settings."""
    kinds = (*CLASSIFIER_KINDS, *REGRESSOR_KINDS)
    activations = ("identity", "logistic", "tanh", "relu")
    for number, kind in enumerate(kinds):
        for shift, activation in enumerate(activations):
            solver = ("adam", "sgd", "lbfgs")[(number + shift) % 3]
            # scikit-learn's line search sees the mean over outputs with the gradient of the sum.
            solver = "adam" if (kind, solver) == ("multioutput", "lbfgs") else solver
            yield kind, {"activation": activation, "solver": solver}, {}
        for rate in ("constant", "invscaling", "adaptive"):
            parameters = {"solver": "sgd", "learning_rate": rate, "learning_rate_init": 0.02}
            yield kind, parameters, {}
        yield kind, {"solver": "sgd", "nesterovs_momentum": False, "momentum": 0.5}, {}
        yield kind, {"early_stopping": True, "validation_fraction": 0.2}, {}
        yield kind, {"early_stopping": True, "solver": "sgd", "learning_rate": "adaptive"}, {}
        yield kind, {"batch_size": 32, "hidden_layer_sizes": (7, 5), "alpha": 0.5}, {}
        yield kind, {"batch_size": 40, "shuffle": False, "activation": "tanh"}, {}
        yield kind, {"warm_start": True}, {"fits": 2}
        yield kind, {"warm_start": True, "early_stopping": True, "solver": "sgd"}, {"fits": 2}
        warm = {"warm_start": True, "solver": "sgd", "learning_rate": "invscaling"}
        yield kind, warm, {"fits": 2}
        yield kind, {}, {"partial_fits": 5}
        sgd = {"solver": "sgd", "learning_rate": "invscaling", "batch_size": 50}
        yield kind, sgd, {"partial_fits": 5}
        yield kind, {}, {"fits": 1, "partial_fits": 3}
        yield kind, {}, {"container": sparse.csr_array}
        if kind != "multioutput":
            yield kind, {"solver": "lbfgs"}, {"container": sparse.csc_array}
        yield kind, {"batch_size": 32}, {"dtype": np.float32}
        yield kind, {"solver": "sgd", "learning_rate_init": 0.01}, {"dtype": np.float32}
    for rate in ("invscaling", "adaptive"):
        plateau = {"solver": "sgd", "learning_rate": rate, "tol": 1e-2, "n_iter_no_change": 2}
        yield "binary", {**plateau, "max_iter": 60}, {}
        yield "continuous", {**plateau, "max_iter": 60}, {}
    yield "binary", {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-4}, {}
    yield "multiclass", {"max_iter": 200, "tol": 1e-2, "n_iter_no_change": 3}, {}


def fitted(module, kind, parameters, options):
    is_classifier = kind in CLASSIFIER_KINDS
    parameters = {"max_iter": N_EPOCHS, "random_state": 3, **parameters}
    parameters.setdefault("hidden_layer_sizes", (10,))
    if kind == "counts":
        parameters["loss"] = "poisson"
    model = (module.MLPClassifier if is_classifier else module.MLPRegressor)(**parameters)
    X, y = data(kind)
    X = options.get("container", np.asarray)(X.astype(options.get("dtype", np.float64)))
    partial_fits = options.get("partial_fits", 0)
    for _ in range(options.get("fits", 0 if partial_fits else 1)):
        model.fit(X, y)
    for step in range(partial_fits):
        classes = {}
        if is_classifier and step == 0:
            classes = {"classes": np.unique(y) if y.ndim == 1 else np.arange(y.shape[1])}
        rows = slice(10 * step, 10 * step + 100)
        model.partial_fit(X[rows], y[rows], **classes)
    return model, X


CASES = list(cases())


def test_the_table_is_long_enough():
    assert len(CASES) >= 60


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("kind", "parameters", "options"), CASES)
def test_same_numbers(kind, parameters, options):
    expected, X = fitted(reference, kind, parameters, options)
    model, _ = fitted(ours, kind, parameters, options)
    single = options.get("dtype") is np.float32

    def assert_same(actual, desired):
        desired = np.asarray(desired, dtype=np.float64)
        if single:
            np.testing.assert_allclose(actual, desired, rtol=0, atol=1e-3 * np.abs(desired).max())
        else:
            np.testing.assert_allclose(actual, desired, rtol=1e-6, atol=1e-9)

    for actual, desired in zip(
        model.coefs_ + model.intercepts_, expected.coefs_ + expected.intercepts_, strict=True
    ):
        assert actual.dtype == desired.dtype
        assert_same(actual, desired)
    assert model.n_iter_ == expected.n_iter_
    assert model.t_ == expected.t_
    assert model.out_activation_ == expected.out_activation_
    if hasattr(expected, "loss_curve_") and kind != "multioutput":
        assert_same(model.loss_curve_, expected.loss_curve_)
        assert_same(model.loss_, expected.loss_)
    if getattr(expected, "validation_scores_", None) is not None:
        assert_same(model.validation_scores_, expected.validation_scores_)
    if kind in CLASSIFIER_KINDS:
        np.testing.assert_array_equal(model.predict(X), expected.predict(X))
        assert_same(model.predict_proba(X), expected.predict_proba(X))
    else:
        assert_same(model.predict(X), expected.predict(X))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_reported_loss_of_several_outputs_is_a_sum_where_scikit_learn_takes_the_mean(solver):
    parameters = {"alpha": 0.0, "solver": solver}
    expected, _ = fitted(reference, "multioutput", parameters, {})
    model, _ = fitted(ours, "multioutput", parameters, {})
    if solver == "lbfgs":
        # The line search of scikit-learn goes by the mean, so that the steps differ as well.
        np.testing.assert_allclose(model.loss_, 3 * expected.loss_, rtol=0.1)
    else:
        np.testing.assert_allclose(model.loss_curve_, 3 * np.array(expected.loss_curve_), rtol=1e-6)
