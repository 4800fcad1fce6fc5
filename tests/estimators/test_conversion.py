"""Networks from scikit-learn and back: they predict the same, and training goes on the same."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
import sklearn.neural_network as theirs
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from test_same_numbers import CLASSIFIER_KINDS, REGRESSOR_KINDS, data, fitted

import sknn_actloss as ours
from sknn_actloss import from_sklearn, to_sklearn
from sknn_actloss.losses import Quantile
from sknn_actloss.solvers import SGD, Adam

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PLATEAU = {"tol": 0.05, "n_iter_no_change": 2, "learning_rate_init": 0.05, "max_iter": 15}
SETTINGS = {
    "adam": {"beta_1": 0.8, "beta_2": 0.99, "max_iter": 5},
    "sgd": {"solver": "sgd", "max_iter": 5},
    "no momentum": {"solver": "sgd", "momentum": 0.5, "nesterovs_momentum": False, "max_iter": 5},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.3, "max_iter": 5},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", **PLATEAU},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.2, "max_iter": 6},
    "unshuffled": {"shuffle": False, "activation": "tanh", "batch_size": 40, "max_iter": 3},
    "two layers": {"hidden_layer_sizes": (7, 5), "activation": "logistic", "max_iter": 3},
    "no layers": {"hidden_layer_sizes": (), "max_iter": 3},
    "lbfgs": {"solver": "lbfgs", "max_iter": 5},
}
KINDS = (*CLASSIFIER_KINDS, *REGRESSOR_KINDS)
DIRECTIONS = {"from scikit-learn": (theirs, from_sklearn), "to scikit-learn": (ours, to_sklearn)}
every_way = pytest.mark.parametrize("way", DIRECTIONS)


def of_kind(module, kind, parameters, partial_fits=0, random_state=3):
    options = {"partial_fits": partial_fits} if partial_fits else {}
    parameters = {"random_state": random_state, **parameters}
    return fitted(module, kind, parameters, options)[0]


def goes_on(model, kind, n=2):
    X, y = data(kind)
    for step in range(n):
        rows = slice(30 * step, 30 * step + 80)
        model.partial_fit(X[rows], y[rows])
    return model


def assert_alike(one, other, kind, rtol=1e-7):
    X, _ = data(kind)
    assert_allclose(one.predict(X), other.predict(X), rtol=rtol, atol=1e-9)
    if kind in CLASSIFIER_KINDS:
        assert_allclose(one.predict_proba(X), other.predict_proba(X), rtol=rtol, atol=1e-9)
        assert_array_equal(one.classes_, other.classes_)
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(one, name), getattr(other, name), strict=True):
            assert_allclose(a, b, rtol=rtol, atol=1e-9)
            assert a.dtype == b.dtype
    for name in ("n_iter_", "t_", "n_outputs_", "n_layers_", "out_activation_", "n_features_in_"):
        assert getattr(one, name) == getattr(other, name)
    for name in ("loss_curve_", "validation_scores_", "best_validation_score_", "best_loss_"):
        # scikit-learn has no curve of L-BFGS.
        expected = getattr(other, name, None) if name in vars(one) else None
        if expected and (kind != "multioutput" or "loss" not in name):
            assert_allclose(getattr(one, name), expected, rtol=rtol)


@every_way
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_fitted_networks_are_the_same_and_partial_fit_goes_on(way, kind, setting):
    if (kind, setting) == ("multioutput", "lbfgs"):
        pytest.skip("scikit-learn's line search sees another loss")
    module, convert = DIRECTIONS[way]
    model = of_kind(module, kind, SETTINGS[setting])
    converted = convert(model)
    assert type(converted).__name__ == type(model).__name__
    assert type(converted) is not type(model)
    assert_alike(converted, model, kind)
    if setting in ("lbfgs", "early stopping"):
        return
    before = [array.copy() for array in converted.coefs_]
    expected = goes_on(model, kind)
    for array, kept in zip(converted.coefs_, before, strict=True):
        assert_array_equal(array, kept)
    assert_alike(goes_on(converted, kind), expected, kind)


@every_way
@pytest.mark.parametrize("setting", ["adam", "invscaling", "adaptive", "early stopping", "lbfgs"])
@pytest.mark.parametrize("kind", ["multiclass", "continuous"])
def test_warm_starts_go_on(way, kind, setting):
    module, convert = DIRECTIONS[way]
    model = of_kind(module, kind, SETTINGS[setting] | {"warm_start": True})
    converted = convert(model)
    X, y = data(kind)
    # L-BFGS amplifies the last digit.
    rtol = 1e-3 if setting == "lbfgs" else 1e-7
    assert_alike(converted.fit(X, y), model.fit(X, y), kind, rtol)


@every_way
@pytest.mark.parametrize("kind", ["binary", "multilabel", "counts"])
def test_calls_of_partial_fit_alone(way, kind):
    module, convert = DIRECTIONS[way]
    model = of_kind(module, kind, {"solver": "sgd", "learning_rate": "invscaling"}, 3)
    converted = convert(model)
    assert_alike(converted, model, kind)
    assert_alike(goes_on(converted, kind), goes_on(model, kind), kind)


@every_way
def test_streams_of_random_numbers_go_on_apart(way):
    module, convert = DIRECTIONS[way]
    stream = np.random.RandomState(5)
    model = of_kind(module, "binary", {"max_iter": 3}, random_state=stream)
    converted = convert(model)
    state = copy.deepcopy(stream.get_state()[1])
    after = goes_on(converted, "binary")
    assert_array_equal(stream.get_state()[1], state)
    assert_alike(after, goes_on(model, "binary"), "binary")


@every_way
def test_single_precision_and_names_of_features(way):
    module, convert = DIRECTIONS[way]
    X, y = data("binary")
    frame = pd.DataFrame(X.astype(np.float32), columns=[f"f{i}" for i in range(8)])
    model = module.MLPClassifier((5,), max_iter=3, random_state=0).fit(frame, y)
    converted = convert(model)
    assert converted.coefs_[0].dtype == np.float32
    assert_array_equal(converted.feature_names_in_, frame.columns)
    for one in (converted, model):
        one.partial_fit(frame, y)
    expected = model.predict_proba(frame)
    assert_allclose(converted.predict_proba(frame), expected, rtol=1e-3, atol=1e-4)


@every_way
@pytest.mark.parametrize("labels", [["no", "yes"], [False, True], [7, 9, 11], ["a"]])
def test_labels(way, labels):
    module, convert = DIRECTIONS[way]
    X, y = data("multiclass")
    y = np.array(labels)[(y // 10 - 1) % len(labels)]
    model = module.MLPClassifier((5,), max_iter=3, random_state=0).fit(X, y)
    assert_array_equal(convert(model).predict(X), model.predict(X))


def test_there_and_back():
    for kind in KINDS:
        model = of_kind(theirs, kind, SETTINGS["adam"])
        back = to_sklearn(from_sklearn(model))
        assert back.get_params() == model.get_params()
        assert_alike(back, model, kind, rtol=1e-12)
        assert_alike(goes_on(back, kind), goes_on(model, kind), kind)


def test_rates_are_those_of_the_fit():
    for setting in ("adam", "invscaling", "adaptive"):
        model = of_kind(theirs, "continuous", SETTINGS[setting])
        expected = of_kind(ours, "continuous", SETTINGS[setting])
        found = from_sklearn(model)
        assert_allclose(found.learning_rate_curve_, expected.learning_rate_curve_, rtol=1e-12)
        assert found.learning_rate_init_ == expected.learning_rate_init_


def test_losses_of_several_targets_are_sums_here():
    model = of_kind(theirs, "multioutput", SETTINGS["adam"])
    found = from_sklearn(model)
    assert_allclose(found.loss_curve_, 3 * np.array(model.loss_curve_))
    assert_allclose(to_sklearn(found).loss_curve_, model.loss_curve_)


# What scikit-learn has by other names, or not at all


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"solver": Adam(0.8, 0.99)}, {"solver": "adam", "beta_1": 0.8, "beta_2": 0.99}),
        ({"solver": SGD(0.5)}, {"solver": "sgd", "momentum": 0.5}),
        ({"learning_rate": 0.01}, {"learning_rate": "constant", "learning_rate_init": 0.01}),
        ({"loss": "cross_entropy"}, {}),
        ({"activation": ["tanh", "tanh"]}, {"activation": "tanh"}),
        ({"out_activation": "softmax"}, {}),
        ({"skip_connections": True}, {}),
    ],
)
def test_other_names(given, expected):
    X, y = data("multiclass")
    model = ours.MLPClassifier((5, 4), max_iter=3, random_state=0).set_params(**given).fit(X, y)
    converted = to_sklearn(model)
    assert expected.items() <= converted.get_params().items()
    for one in (model, converted):
        one.partial_fit(X, y)
    assert_allclose(converted.predict_proba(X), model.predict_proba(X), rtol=1e-7)


NETWORK_OBSTACLES = {
    "activation='gelu'": {"activation": "gelu"},
    r"activation=\['relu', 'tanh'\]": {"activation": ["relu", "tanh"]},
    "n_members=2": {"n_members": 2},
    "normalization='layer'": {"normalization": "layer"},
    "skip_connections=True": {"skip_connections": True},
    "loss=Quantile": {"loss": Quantile((0.1, 0.5, 0.9))},
    "output activation 'softplus' for continuous targets": {"out_activation": "softplus"},
}
TRAINING_OBSTACLES = {
    "normalization='batch'": {"normalization": "batch"},
    "feature_scale=True": {"feature_scale": True},
    "target_scaling='standard'": {"target_scaling": "standard"},
    "loss='huber'": {"loss": "huber"},
    "solver='lion'": {"solver": "lion"},
    r"solver=Adam\(.*amsgrad=True\)": {"solver": Adam(amsgrad=True)},
    "learning_rate='cosine' with solver='adam'": {"learning_rate": "cosine"},
    "learning_rate='invscaling' with solver='adam'": {"learning_rate": "invscaling"},
    "dropout=0.2": {"dropout": 0.2},
    "l1=0.1": {"l1": 0.1},
    "max_norm=1.0": {"max_norm": 1.0},
    "gradient_clip=1.0": {"gradient_clip": 1.0},
    "weight_decay=0.1": {"weight_decay": 0.1},
    "weight_averaging='ema'": {"weight_averaging": "ema"},
    "weight_init='he_normal'": {"weight_init": "he_normal"},
    "dtype='float32'": {"dtype": "float32"},
    "max_time=100": {"max_time": 100},
    "restore_best=True": {"restore_best": True},
    "early_stopping='auto'": {"early_stopping": "auto"},
    "validation_fraction=20": {"early_stopping": True, "validation_fraction": 20},
}


def regressor(parameters):
    X, y = data("multioutput")
    return ours.MLPRegressor((5, 5), max_iter=2, random_state=0).set_params(**parameters).fit(X, y)


@pytest.mark.parametrize("name", NETWORK_OBSTACLES)
def test_networks_that_scikit_learn_lacks(name):
    model = regressor(NETWORK_OBSTACLES[name])
    for predictions_only in (False, True):
        with pytest.raises(ValueError, match=f"scikit-learn's MLPRegressor has no {name}"):
            to_sklearn(model, predictions_only=predictions_only)


@pytest.mark.parametrize("name", TRAINING_OBSTACLES)
def test_trainings_that_scikit_learn_lacks(name):
    model = regressor(TRAINING_OBSTACLES[name])
    with pytest.raises(ValueError, match=f"scikit-learn's MLPRegressor has no {name}"):
        to_sklearn(model)
    X, _ = data("multioutput")
    converted = to_sklearn(model, predictions_only=True)
    tolerance = {"rtol": 1e-4, "atol": 1e-5} if "float32" in name else {"rtol": 1e-9}
    assert_allclose(converted.predict(X), model.predict(X), **tolerance)


def test_every_obstacle_is_named():
    model = regressor({"activation": "silu", "n_members": 2, "dropout": 0.1, "loss": "huber"})
    message = "activation='silu', n_members=2, dropout=0.1, loss='huber'"
    with pytest.raises(ValueError, match=message):
        to_sklearn(model)


def test_predictions_of_all_kinds():
    everything = {"normalization": "batch", "feature_scale": True, "learning_rate": "cosine"}
    for kind in KINDS:
        parameters = everything | {"max_iter": 3}
        if kind == "continuous":
            parameters |= {"target_scaling": "robust"}
        model = of_kind(ours, kind, parameters)
        converted, (X, _) = to_sklearn(model, predictions_only=True), data(kind)
        assert_allclose(converted.predict(X), model.predict(X), rtol=1e-8, atol=1e-10)
        if kind in CLASSIFIER_KINDS:
            assert_allclose(converted.predict_proba(X), model.predict_proba(X), rtol=1e-8)


def test_margins_have_no_counterpart():
    X, y = data("binary")
    model = ours.MLPClassifier((5,), loss="hinge", max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match="MLPClassifier has no loss='hinge'"):
        to_sklearn(model)


@every_way
def test_refusals(way):
    module, convert = DIRECTIONS[way]
    model = of_kind(module, "binary", {"max_iter": 2})
    for wrong in (make_pipeline(model), convert(model), None):
        with pytest.raises(TypeError, match="must be a fitted MLPClassifier or MLPRegressor of"):
            convert(wrong)
    with pytest.raises(NotFittedError):
        convert(module.MLPClassifier())
