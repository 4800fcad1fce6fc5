"""Predictions of fitted attributes, of single rows above all."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from sknn_actloss.activations import Identity, Logistic, Softmax, Tanh
from sknn_actloss.core import Model, as_rows, raw_outputs
from sknn_actloss.feature_scale import FeatureScale
from sknn_actloss.losses import SquaredError
from sknn_actloss.normalization import BatchNorm

SIZES = (3, 4, 4, 2)


def fitted(n_members=None, dtype=np.float64):
    """Return a model and fitted attributes."""
    model = Model(
        (Tanh(), Tanh()),
        Identity(),
        SquaredError(),
        normalization=BatchNorm(),
        skip_connections=True,
        feature_scale=FeatureScale(),
    )
    layout = model.layout(3, (4, 4), 2)
    shape = (layout.row_size,) if n_members is None else (n_members, layout.row_size)
    rows = np.random.default_rng(0).normal(size=shape) ** 2
    return model, layout.attributes(rows, np.dtype(dtype))


def expected_of(model, attributes, X, output=None):
    predictor = model.predictor(SIZES)
    views = predictor.layout.attribute_views(attributes)
    return raw_outputs(as_rows(X), predictor.layers, views, output=output)


def table(n_rows=6):
    return np.random.default_rng(1).normal(size=(n_rows, 3))


def assert_predicts(model, attributes, X, output=None):
    found = model.predictor(SIZES)(as_rows(X), attributes, output)
    assert_array_equal(found, expected_of(model, attributes, X, output))
    assert found.dtype == attributes["coefs_"][0].dtype


@pytest.mark.parametrize("output", [None, Softmax(), Logistic()], ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_members", [None, 3])
def test_any_number_of_rows_of_any_kind(n_members, dtype, output):
    model, attributes = fitted(n_members, dtype)
    for X in (table(), table()[:1], table()[1:2], sparse.csr_array(table()[:1])):
        for _ in range(2):
            assert_predicts(model, attributes, X, output)


def test_results_are_not_written_to_again():
    model, attributes = fitted()
    predictor, X = model.predictor(SIZES), table()
    first = predictor(as_rows(X[:1]), attributes)
    before = first.copy()
    predictor(as_rows(X[1:2]), attributes)
    assert_array_equal(first, before)


@pytest.mark.parametrize("name", ["coefs_", "intercepts_", "running_means_", "feature_scale_"])
def test_new_values_and_new_arrays(name):
    model, attributes = fitted()
    X, single = table()[:1], isinstance(attributes[name], np.ndarray)
    for _ in range(2):
        assert_predicts(model, attributes, X)
        array = attributes[name] if single else attributes[name][1]
        array += 0.1
        assert_predicts(model, attributes, X)
        if single:
            attributes[name] = array * 2
        else:
            attributes[name][1] = array * 2
        assert_predicts(model, attributes, X)


def test_attributes_of_two_networks_in_turn():
    model, first = fitted()
    second = {
        name: [2 * part for part in parts] if isinstance(parts, list) else 2 * parts
        for name, parts in first.items()
    }
    for attributes in (first, second, first):
        for output in (None, Logistic()):
            assert_predicts(model, attributes, table()[:1], output)


def test_threads_do_not_disturb_one_another():
    model, attributes = fitted()
    X, predictor = table(200), model.predictor(SIZES)
    expected = expected_of(model, attributes, X)
    rows = [as_rows(X[i : i + 1]) for i in range(len(X))]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            found = list(pool.map(lambda row: predictor(row, attributes), rows))
            np.testing.assert_allclose(np.concatenate(found, axis=1), expected, rtol=1e-12)


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]
)
def test_copies_of_a_model_remember_nothing(duplicate):
    model, attributes = fitted()
    assert_predicts(model, attributes, table()[:1])
    twin = duplicate(model)
    assert twin == model
    assert "_predictors" not in vars(twin)
    assert_predicts(twin, attributes, table()[:1])
    assert len(pickle.dumps(model)) == len(pickle.dumps(duplicate(model)))
