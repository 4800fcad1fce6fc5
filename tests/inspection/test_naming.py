"""What displays are given, and the names in their legends."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor as SklearnMLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.activations import ACTIVATIONS, ELU, LeakyReLU
from sknn_actloss.inspection._naming import by_name, label, networks, networks_by_name
from sknn_actloss.losses import LOSSES, Huber
from sknn_actloss.schedules import SCHEDULES, Cosine


def _hidden(z):
    return z


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("relu", "relu"),
        (LeakyReLU(), "LeakyReLU()"),
        (LeakyReLU(0.1), "LeakyReLU(negative_slope=0.1)"),
        (Cosine(warmup=5), "Cosine(warmup=5)"),
        (np.tanh, "tanh"),
        (_hidden, "hidden"),
        (np.float64(0.1), "0.1"),
        (None, "None"),
    ],
)
def test_labels_show_what_is_not_default(value, text):
    assert label(value) == text


@pytest.mark.parametrize("table", [ACTIVATIONS, SCHEDULES, *LOSSES.values()])
def test_default_components_are_named_by_their_class(table):
    for component in (make() for make in table.values()):
        assert label(component) == f"{type(component).__name__}()"


def test_one_thing_several_or_a_dict():
    elu = ELU()
    assert by_name("relu", None, "things") == {"relu": "relu"}
    assert by_name(["relu", elu], None, "things") == {"relu": "relu", "ELU()": elu}
    assert by_name((name for name in ["relu"]), None, "things") == {"relu": "relu"}
    assert by_name({"mine": elu}, None, "things") == {"mine": elu}
    assert by_name(elu, "mine", "things") == {"mine": elu}
    assert by_name(["relu", elu], ["a", "b"], "things") == {"a": "relu", "b": elu}


def test_repeated_names_are_numbered():
    assert list(by_name(["relu", "relu", "elu"], None, "things")) == ["relu (1)", "relu (2)", "elu"]


@pytest.mark.parametrize(
    ("things", "names", "message"),
    [
        ([], None, "things is empty"),
        ({}, None, "things is empty"),
        ({"a": 1}, ["b"], "both give names"),
        (["relu", "elu"], ["a"], "must be 2 different names"),
        (["relu", "elu"], ["a", "a"], "must be 2 different names"),
    ],
)
def test_names_that_do_not_fit(things, names, message):
    with pytest.raises(ValueError, match=message):
        by_name(things, names, "things")


def test_networks_are_named_by_their_differences():
    models = [MLPRegressor(loss=loss, alpha=alpha) for loss, alpha in [("huber", 0), (Huber(2), 1)]]
    assert list(networks_by_name(models, None)) == [
        "alpha=0, loss=huber",
        "alpha=1, loss=Huber(delta=2)",
    ]
    assert list(networks_by_name(models[0], None)) == ["MLPRegressor"]
    assert list(networks_by_name([MLPRegressor(), MLPRegressor()], None)) == [
        "MLPRegressor (1)",
        "MLPRegressor (2)",
    ]


def test_networks_of_two_packages_are_named_by_them():
    found = networks_by_name([MLPRegressor(), SklearnMLPRegressor(alpha=1.0)], None)
    assert list(found) == [
        "sknn_actloss MLPRegressor, alpha=0.0001",
        "sklearn MLPRegressor, alpha=1.0",
    ]


def test_networks_within_other_estimators():
    mlp = MLPRegressor()
    wrapped = TransformedTargetRegressor(mlp)
    pipeline = make_pipeline(StandardScaler(), wrapped)
    search = GridSearchCV(pipeline, {})
    assert all(found is mlp for found in networks([mlp, wrapped, pipeline, search]))


def test_fitted_networks_come_first():
    network = MLPRegressor((2,), "tanh", solver="lbfgs", random_state=0)
    search = GridSearchCV(network, {"alpha": [1.0]}, cv=2)
    X = np.linspace(0, 1, 8)[:, None]
    search.fit(X, X.ravel())
    assert networks([search]) == [search.best_estimator_]


@pytest.mark.parametrize(
    "estimator", [LinearRegression(), make_pipeline(StandardScaler()), "relu", None, MLPClassifier]
)
def test_other_estimators_are_refused(estimator):
    with pytest.raises(TypeError, match="must be an MLPClassifier or MLPRegressor"):
        networks([estimator])
