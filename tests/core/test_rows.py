"""Rows of X, dense and CSR, do the same."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sknn_actloss._calls import run
from sknn_actloss.core import CSRRows, DenseRows, as_rows

CONTAINERS = {
    "dense": np.asarray,
    "fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "csr": sparse.csr_array,
    "csr_matrix": sparse.csr_matrix,
}
every_container = pytest.mark.parametrize("container", CONTAINERS)
SOME = {
    "slice": slice(2, 7),
    "none": slice(0, 0),
    "indices": np.array([5, 0, 11, 5]),
    "one": np.array([7]),
}


def table():
    rng = np.random.default_rng(0)
    return rng.normal(size=(12, 4)) * (rng.random((12, 4)) < 0.5)


def rows_of(container):
    return as_rows(CONTAINERS[container](table()))


def values(rows):
    return rows.table.toarray() if rows.is_sparse else rows.features


@every_container
def test_shape_and_kind(container):
    rows = rows_of(container)
    assert (rows.n_rows, rows.n_features, rows.dtype) == (12, 4, np.float64)
    assert rows.row_bytes == 32
    assert isinstance(rows, CSRRows if "csr" in container else DenseRows)
    assert rows.is_sparse == ("csr" in container) != rows.has_parts
    assert not rows.has_ones
    assert as_rows(rows) is rows


@every_container
@pytest.mark.parametrize("n_members", [1, 3])
def test_products(container, n_members):
    X, rng = table(), np.random.default_rng(1)
    weights, delta = rng.normal(size=(n_members, 4, 5)), rng.normal(size=(n_members, 12, 5))
    z, gradient = np.empty_like(delta), np.empty_like(weights)
    rows = rows_of(container)
    run([*rows.product(weights, z), *rows.gradient(delta, gradient)])
    assert_allclose(z, X @ weights, rtol=1e-13, atol=1e-15)
    assert_allclose(gradient, X.T @ delta, rtol=1e-13, atol=1e-15)


@every_container
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("some", SOME)
def test_blocks_and_gathered_rows(container, some, dtype):
    rows, expected = rows_of(container), table()[SOME[some]].astype(dtype)
    block, buffer = rows.block(SOME[some], dtype), rows.buffer(len(expected), dtype)
    run(rows.gather(np.arange(rows.n_rows)[SOME[some]], buffer))
    for found in (block, buffer):
        assert found.dtype == dtype
        assert found.n_rows == len(expected)
        assert_array_equal(values(found), expected)
    assert buffer.has_ones != rows.is_sparse


def test_a_block_is_a_view_where_it_can_be():
    rows = as_rows(table())
    assert np.shares_memory(rows.block(slice(2, 7), np.float64).array, rows.array)


def test_a_buffer_has_parts_and_a_column_of_ones():
    buffer = as_rows(table()).buffer(6, np.float64)
    run(as_rows(table()).gather(np.arange(6), buffer))
    part = buffer.part(slice(2, 5))
    assert part.has_ones
    assert part.n_features == 4
    assert np.shares_memory(part.array, buffer.array)
    assert_array_equal(part.array[:, 0], np.ones(3))
    assert_array_equal(part.bare().array, table()[2:5])


def test_sparse_rows_have_no_parts():
    with pytest.raises(TypeError, match="holds a single batch"):
        as_rows(sparse.csr_array(table())).part(slice(0, 2))


@every_container
def test_squares_and_columns(container):
    X, rows = table(), rows_of(container)
    assert_allclose(rows.row_squares(), np.square(X).sum(axis=1))
    found = rows.columns()
    assert_allclose(found.mean, X.mean(axis=0))
    assert_allclose(found.variance, X.var(axis=0))
    assert_array_equal(found.low, X.min(axis=0))
    assert_array_equal(found.high, X.max(axis=0))


def test_single_precision_is_measured_in_double():
    rows = as_rows(table().astype(np.float32))
    assert rows.row_squares().dtype == np.float64
    assert {column.dtype for column in rows.columns()} == {np.dtype(np.float64)}
