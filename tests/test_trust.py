"""Files of skops: what they may consist of, and that they give the estimator back."""

from __future__ import annotations

import importlib
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import (
    Checkpoint,
    Committee,
    MLPClassifier,
    MLPRegressor,
    TabularClassifier,
    TabularRegressor,
)
from sknn_actloss._pickling import Stamped
from sknn_actloss.activations import HIDDEN_ACTIVATIONS
from sknn_actloss.averaging import AVERAGES
from sknn_actloss.dropout import FallingDropout
from sknn_actloss.initializers import INITIALIZERS
from sknn_actloss.losses import LOSSES, FunctionLoss, Quantile
from sknn_actloss.model_selection import CommitteeRegressor
from sknn_actloss.normalization import NORMALIZATIONS
from sknn_actloss.schedules import SCHEDULES
from sknn_actloss.solvers import SOLVERS
from sknn_actloss.trust import TRUSTED_TYPES

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Training has:UserWarning"),
]
X = np.random.RandomState(0).normal(size=(30, 3))
Y = np.exp(X[:, 0])
CLASSES = {
    "binary": np.where(Y > 1, "a", "b"),
    "multiclass": np.digitize(Y, [0.5, 2]),
    "multilabel": (X > 0).astype(int),
}
SMALL = {"hidden_layer_sizes": (3, 3), "max_iter": 2, "random_state": 0}
REGRESSIONS = [
    *({"activation": name} for name in HIDDEN_ACTIVATIONS),
    *({"loss": name} for name in (*LOSSES["regression"], Quantile((0.1, 0.5, 0.9)))),
    *({"learning_rate": name} for name in SCHEDULES),
    *({"solver": name} for name in SOLVERS),
    *({"weight_init": kind()} for kind in INITIALIZERS.values()),
    *({"normalization": name} for name in NORMALIZATIONS),
    *({"weight_averaging": name} for name in AVERAGES),
    {"feature_scale": True, "skip_connections": True, "dropout": FallingDropout(0.1)},
    {"n_members": 2, "target_scaling": "robust", "out_activation": "identity"},
    {"n_members": Committee(3, resample="folds")},
    {"early_stopping": True, "validation_fraction": 0.3},
    {"dtype": "float32"},
]


def loaded(estimator):
    """Return what comes back from a file, nothing but the list trusted."""
    skops = pytest.importorskip("skops.io", reason="skops is no dependency of the tests")
    data = skops.dumps(estimator)
    assert set(skops.get_untrusted_types(data=data)) <= set(TRUSTED_TYPES)
    return skops.loads(data, trusted=TRUSTED_TYPES)


@pytest.mark.parametrize("parameters", REGRESSIONS, ids=str)
def test_every_component_of_a_regression(parameters):
    model = MLPRegressor(**SMALL | parameters).fit(X, Y)
    found = loaded(model)
    np.testing.assert_array_equal(found.predict(X), model.predict(X))
    assert found.get_params().keys() == model.get_params().keys()


def test_streams_of_random_numbers():
    model = MLPRegressor(**SMALL | {"random_state": np.random.RandomState(0)}).fit(X, Y)
    found = loaded(model)
    for one in (found, model):
        one.partial_fit(X, Y)
    np.testing.assert_array_equal(found.coefs_[0], model.coefs_[0])


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("loss", LOSSES["classification"])
def test_every_loss_of_classes(loss, kind):
    model = MLPClassifier(**SMALL, loss=loss).fit(X, CLASSES[kind])
    found = loaded(model)
    np.testing.assert_array_equal(found.decision_function(X), model.decision_function(X))
    np.testing.assert_array_equal(found.predict(X), model.predict(X))
    # Training goes on from there.
    for one in (found, model):
        one.partial_fit(X, CLASSES[kind])
    np.testing.assert_array_equal(found.coefs_[0], model.coefs_[0])


def test_tables_pipelines_and_committees():
    frame = pd.DataFrame(X.copy(), columns=["a", "b", "c"])
    frame["kind"], frame["name"] = CLASSES["binary"], [f"n{index % 9}" for index in range(30)]
    frame["day"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(30), "D")
    frame.loc[3, "a"] = np.nan
    regressor = TabularRegressor(random_state=0)
    small = {"network__max_iter": 2, "network__n_members": 2, "encoder__max_categories": 4}
    classifier = TabularClassifier(network=MLPClassifier(**SMALL))
    for model, y in ((regressor.set_params(**small), Y), (classifier, CLASSES["multiclass"])):
        found = loaded(model.fit(frame, y))
        np.testing.assert_array_equal(found.predict(frame), model.predict(frame))
    network = MLPRegressor(**SMALL)
    committee = CommitteeRegressor([network, network])
    for model in (make_pipeline(StandardScaler(), network), committee):
        found = loaded(model.fit(X, Y))
        np.testing.assert_array_equal(found.predict(X), model.predict(X))


def half_squares(y, p):
    return (y - p) ** 2 / 2


@pytest.mark.parametrize(
    ("parameters", "name"),
    [({"loss": FunctionLoss(half_squares)}, "half_squares"), ({"checkpoint": None}, "Checkpoint")],
)
def test_what_is_not_trusted(parameters, name, tmp_path):
    skops = pytest.importorskip("skops.io", reason="skops is no dependency of the tests")
    own = {"checkpoint": Checkpoint(tmp_path)} if "checkpoint" in parameters else parameters
    data = skops.dumps(MLPRegressor(**SMALL | own).fit(X, Y))
    left = set(skops.get_untrusted_types(data=data)) - set(TRUSTED_TYPES)
    assert any(name in kind for kind in left)


def test_types_exist_and_run_nothing_when_they_are_loaded():
    harmless = (None, Stamped.__setstate__, BaseEstimator.__setstate__)
    assert sorted(set(TRUSTED_TYPES)) == TRUSTED_TYPES
    for name in TRUSTED_TYPES:
        module, _, kind = name.rpartition(".")
        kind = getattr(importlib.import_module(module), kind)
        if kind is not np.dtype:
            assert kind.__reduce__ is object.__reduce__, name
            assert getattr(kind, "__setstate__", None) in harmless, name


def test_pickles_have_no_more_than_what_is_needed():
    model = MLPRegressor(**SMALL).fit(X, Y)
    assert vars(pickle.loads(pickle.dumps(model._layout))) == {"slots": model._layout.slots}
