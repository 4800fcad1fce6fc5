"""Estimators as transformers: what the units of hidden layers put out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPClassifier, MLPRegressor, TabularClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X = np.random.RandomState(0).normal(size=(60, 3))
Y = (X[:, 0] + X[:, 1] > 0).astype(int) + (X[:, 2] > 0)
SETTINGS = {
    "plain": {},
    "skips": {"hidden_layer_sizes": (5, 5), "skip_connections": True},
    "normalised": {"normalization": "batch", "activation": "silu"},
    "scaled": {"feature_scale": True},
    "dropout": {"dropout": 0.2},
    "float32": {"dtype": "float32"},
}


def network(kind=MLPClassifier, **parameters):
    parameters = {"hidden_layer_sizes": (6, 4), "max_iter": 3, "random_state": 0} | parameters
    return kind(**parameters).fit(X, Y)


@pytest.mark.parametrize("name", SETTINGS)
def test_the_last_layer_leads_to_the_outputs(name):
    model = network(**SETTINGS[name])
    raw = model.transform(X) @ model.coefs_[-1] + model.intercepts_[-1]
    assert_allclose(raw, model.decision_function(X), rtol=1e-5, atol=1e-6)
    assert model.transform(X).dtype == model.coefs_[0].dtype


def test_any_layer():
    model = network(hidden_layer_sizes=(6, 4, 5))
    first = np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0)
    second = np.maximum(first @ model.coefs_[1] + model.intercepts_[1], 0)
    for index, expected in ((0, first), (-3, first), (1, second), (np.int64(-2), second)):
        assert_allclose(model.transform(X, hidden_layer=index), expected, rtol=1e-10)
    assert_array_equal(model.transform(X), model.transform(X, hidden_layer=2))


@pytest.mark.parametrize("layer", [2, -3, 0.5, "last", None])
def test_no_such_layer(layer):
    with pytest.raises(ValueError, match=r"is not an integer from -2 to 1.*2 hidden layer"):
        network().transform(X, hidden_layer=layer)


def test_members_of_a_committee_come_one_after_another():
    model = network(MLPRegressor, n_members=3)
    expected = np.hstack([member.transform(X) for member in model.members_])
    assert_allclose(model.transform(X), expected, rtol=1e-12)
    assert len(model.get_feature_names_out()) == 12


def test_many_rows_sparse_rows_and_a_single_one():
    model = network()
    rows = np.random.RandomState(1).normal(size=(9000, 3))
    outputs = model.transform(rows)
    assert_allclose(outputs[:1], model.transform(rows[:1]), rtol=1e-12)
    assert_allclose(outputs[8990:], model.transform(rows[8990:]), rtol=1e-12)
    assert_allclose(model.transform(sparse.csr_array(rows)), outputs, rtol=1e-10)


@pytest.mark.parametrize("container", ["pandas", "polars"])
@pytest.mark.parametrize("layer", [0, 1])
def test_frames_have_names(container, layer):
    pytest.importorskip(container)
    model = network().set_output(transform=container)
    frame = model.transform(X, hidden_layer=layer)
    names = [f"mlpclassifier{index}" for index in range((6, 4)[layer])]
    assert list(frame.columns) == names
    assert model.get_feature_names_out(hidden_layer=layer).tolist() == names
    assert_array_equal(frame.to_numpy(), network().transform(X, hidden_layer=layer))
    assert isinstance(clone(model).fit_transform(X, Y), type(frame))


def test_frames_keep_their_index():
    frame = pd.DataFrame(X, columns=["a", "b", "c"], index=range(100, 160))
    model = MLPClassifier((4,), max_iter=2).fit(frame, Y).set_output(transform="pandas")
    assert_array_equal(model.transform(frame).index, frame.index)


def test_steps_of_pipelines():
    scaler, network = StandardScaler(), MLPClassifier((8,), max_iter=30, random_state=0)
    stacked = make_pipeline(scaler, network, LogisticRegression()).fit(X, Y)
    assert stacked.score(X, Y) > 0.8
    last = make_pipeline(scaler, network).fit(X, Y)
    assert last.predict(X).shape == (60,)
    assert_array_equal(last.transform(X), last[-1].transform(last[0].transform(X)))
    assert len(last.get_feature_names_out()) == 8
    search = GridSearchCV(last, {"mlpclassifier__alpha": [0.1]}, cv=2).fit(X, Y)
    assert search.transform(X).shape == (60, 8)
    union = make_union(StandardScaler(), MLPClassifier((2,), max_iter=2))
    assert union.fit_transform(X, Y).shape == (60, 5)


def test_without_hidden_layers_there_is_no_transform():
    model = MLPRegressor(())
    assert not hasattr(model, "transform")
    assert not hasattr(model, "fit_transform")
    with pytest.raises(AttributeError, match="transform"):
        model.fit(X, Y).transform(X)
    # What counts is what was fitted.
    model = MLPRegressor((2,), max_iter=2).fit(X, Y).set_params(hidden_layer_sizes=())
    assert model.transform(X).shape == (60, 2)


def test_refusals():
    with pytest.raises(NotFittedError):
        MLPClassifier().transform(X)
    with pytest.raises(ValueError, match="2 features"):
        network().transform(X[:, :2])


def test_tables():
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(d=np.where(Y > 0, "yes", "no"))
    model = TabularClassifier(network=MLPClassifier((6, 4), max_iter=3), random_state=0)
    outputs = model.fit(frame, Y).transform(frame, hidden_layer=0)
    expected = model.network_.transform(model.encoder_.transform(frame), hidden_layer=0)
    assert_array_equal(outputs, expected)
    assert model.get_feature_names_out()[0] == "tabularclassifier0"
    assert list(model.set_output(transform="pandas").transform(frame)) == [
        f"tabularclassifier{index}" for index in range(4)
    ]
    assert not hasattr(TabularClassifier(network=MLPClassifier(())), "transform")
