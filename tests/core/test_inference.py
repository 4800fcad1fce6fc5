"""Raw outputs in blocks of rows equal those of one pass, in little memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sknn_actloss.activations import (
    ACTIVATIONS,
    ELU,
    HIDDEN_ACTIVATIONS,
    Identity,
    LeakyReLU,
    ReLU,
    Tanh,
)
from sknn_actloss.core import Model, as_rows, inference, layers_of, plain_layout, raw_outputs
from sknn_actloss.losses import SquaredError

CONTAINERS = {
    "dense": np.asarray,
    "fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "csr": sparse.csr_array,
    "csr_matrix": sparse.csr_matrix,
}


def networks(sizes, activations, dtype=np.float64, seed=0, **options):
    """Return layers and parameters of as many members as there are tuples."""
    layout, rng = plain_layout(sizes), np.random.default_rng(seed)
    params = rng.normal(scale=0.5, size=(len(activations), layout.n_params)).astype(dtype)
    models = [Model(layers, Identity(), SquaredError(), **options) for layers in activations]
    return layers_of(models, sizes, np.dtype(dtype)), layout.views(params)


def reference(X, params, activations):
    """Return the outputs member by member and layer by layer, in float64."""
    results = []
    for member, layers in enumerate(activations):
        parts = zip(params.of("coefs_"), params.of("intercepts_"), strict=True)
        a = np.asarray(X, dtype=np.float64)
        for layer, (weight, bias) in enumerate(parts):
            a = a @ weight[member].astype(np.float64) + bias[member]
            if layer < len(layers):
                a = layers[layer](a)
        results.append(a)
    return np.array(results)


def mixed(depth):
    """Return three members whose layers differ in type or hyperparameters."""
    return [
        (ELU(0.5), ReLU(), Tanh())[:depth],
        (ELU(1.5), Tanh(), Tanh())[:depth],
        (LeakyReLU(0.1), ReLU(), ReLU())[:depth],
    ]


@pytest.mark.parametrize("block_bytes", [1, 100, 1000, 2000, 1 << 20])
@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_blocks_of_any_size_give_the_same(monkeypatch, depth, container, block_bytes):
    monkeypatch.setattr(inference, "BLOCK_BYTES", block_bytes)
    X = np.random.default_rng(1).normal(size=(53, 4))
    activations = mixed(depth)
    layers, params = networks((4, *(7, 5, 6)[:depth], 3), activations)
    raw = raw_outputs(as_rows(CONTAINERS[container](X)), layers, params)
    assert raw.shape == (3, 53, 3)
    assert_allclose(raw, reference(X, params, activations), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS)
def test_every_activation(activation):
    X = np.random.default_rng(2).normal(size=(11, 4))
    activations = [(ACTIVATIONS[activation](),) * 2] * 2
    layers, params = networks((4, 6, 5, 1), activations)
    raw = raw_outputs(as_rows(X), layers, params)
    assert_allclose(raw, reference(X, params, activations), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("weight_dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("container", ["dense", "csr"])
@pytest.mark.parametrize("depth", [0, 2])
def test_outputs_have_the_data_type_of_the_weights(depth, container, dtype, weight_dtype):
    X = np.random.default_rng(3).normal(size=(20, 4)).astype(dtype)
    activations = mixed(depth)
    layers, params = networks((4, *(6, 5)[:depth], 2), activations, weight_dtype)
    raw = raw_outputs(as_rows(CONTAINERS[container](X)), layers, params)
    assert raw.dtype == weight_dtype
    expected = reference(X, params, activations)
    rtol = 1e-11 if weight_dtype == np.float64 else 1e-4
    assert_allclose(raw, expected, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("container", ["dense", "csr"])
def test_rows_are_left_as_they_are(container):
    X = CONTAINERS[container](np.random.default_rng(4).normal(size=(20, 4)))
    values = X if container == "dense" else X.data
    before = values.copy()
    values.flags.writeable = False
    raw_outputs(as_rows(X), *networks((4, 3, 2), mixed(1)))
    assert_array_equal(values, before)


def test_one_row():
    X = np.random.default_rng(5).normal(size=(30, 4))
    layers, params = networks((4, 6, 5, 2), mixed(2))
    together = raw_outputs(as_rows(X), layers, params)
    for i, row in enumerate(X):
        alone = raw_outputs(as_rows(row[None]), layers, params)
        assert_allclose(alone[:, 0], together[:, i], rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("container", ["dense", "csr"])
@pytest.mark.parametrize("width", [20, 100])
def test_memory_beyond_the_result_is_small(monkeypatch, container, width):
    monkeypatch.setattr(inference, "BLOCK_BYTES", 1 << 16)
    X = CONTAINERS[container](np.random.default_rng(6).normal(size=(5000, 10)))
    layers, params = networks((10, width, width, 2), [(ReLU(), ReLU())] * 2)
    raw_outputs(as_rows(X[:10]), layers, params)
    tracemalloc.start()
    try:
        raw = raw_outputs(as_rows(X), layers, params)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - raw.nbytes < 6 * inference.BLOCK_BYTES


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_some_rows_in_any_order(container, dtype):
    X = CONTAINERS[container](np.random.default_rng(1).normal(size=(53, 4)))
    layers, params = networks((4, 6, 5, 2), mixed(2), dtype)
    rows = np.array([7, 52, 0, 7])
    found = raw_outputs(as_rows(X), layers, params, rows)
    assert found.dtype == dtype
    assert_allclose(found, raw_outputs(as_rows(X), layers, params)[:, rows], rtol=1e-5)


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("output", ["softmax", "logistic", "exp"])
def test_predictions_are_activated_outputs(monkeypatch, output, n_outputs):
    monkeypatch.setattr(inference, "BLOCK_BYTES", 1000)
    X = np.random.default_rng(1).normal(size=(53, 4))
    network = networks((4, 6, n_outputs), mixed(1))
    activation = ACTIVATIONS[output]()
    found = raw_outputs(as_rows(X), *network, output=activation)
    assert_allclose(found, activation(raw_outputs(as_rows(X), *network)), rtol=1e-14)


@pytest.mark.parametrize("container", CONTAINERS)
def test_outputs_of_hidden_layers_lead_to_raw_outputs(container):
    layers, params = networks((4, 5, 5, 5, 2), [(Tanh(), ReLU(), ELU())] * 2, skip_connections=True)
    rows, X = np.array([6, 0, 3]), np.random.default_rng(1).normal(size=(8, 4))
    X = CONTAINERS[container](X)
    hidden = list(inference.hidden_outputs(as_rows(X), layers, params, rows))
    assert_array_equal(*hidden[0])
    for (outputs, passed), (_, below) in zip(hidden[1:], hidden, strict=False):
        assert_allclose(passed, outputs + below)
    raw = hidden[-1][1] @ params["coefs_", 3] + params["intercepts_", 3]
    assert_allclose(raw, raw_outputs(as_rows(X), layers, params, rows))
