"""Minibatches: order, rows, weights, data types and memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.utils import shuffle

from sknn_actloss.core import as_rows
from sknn_actloss.training import Batches, Columns


def numbered(n_rows, dtype=np.float64):
    """Return rows whose every entry tells the number of the row."""
    return np.repeat(np.arange(n_rows, dtype=dtype)[:, None], 3, axis=1)


def steps(batches):
    """Go through the batches of an epoch."""
    for group in batches.groups():
        yield from group.batches


def arrays_of(batch):
    return batch.X.array, *batch[1:3]


def without_ones(X):
    assert_array_equal(X[:, 0], 1)
    return X[:, 1:]


def order(batches):
    """Return the numbers of the rows in the order of an epoch."""
    numbers = []
    for X, y, weight, *_ in steps(batches):
        X = X.table.toarray() if X.is_sparse else without_ones(X.array)
        assert_array_equal(X, np.broadcast_to(y[:, :1], X.shape))
        if weight is not None:
            assert_array_equal(weight, y[:, 0] + 1)
        numbers.extend(y[:, 0].astype(int).tolist())
    return numbers


def batches_of(n_rows, batch_size, container=np.asarray, rows=None, weighted=False):
    X = container(numbered(n_rows))
    y = numbered(n_rows)[:, :1]
    weight = np.arange(n_rows) + 1.0 if weighted else None
    return Batches(as_rows(X), Columns(y), weight, rows, batch_size)


CONTAINERS = {
    "dense": np.asarray,
    "fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "read_only": lambda X: np.frombuffer(X.tobytes()).reshape(X.shape),
    "csr": sparse.csr_array,
    "csr_matrix": sparse.csr_matrix,
}


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_an_epoch_visits_every_row_once(data):
    n_rows = data.draw(st.integers(1, 40))
    batch_size = data.draw(st.integers(1, n_rows))
    container = CONTAINERS[data.draw(st.sampled_from(sorted(CONTAINERS)))]
    subset = data.draw(st.none() | st.permutations(range(n_rows)).map(lambda p: p[: n_rows // 2]))
    if subset is not None and len(subset) < batch_size:
        subset = None
    rows = None if subset is None else np.array(subset, dtype=int)
    batches = batches_of(n_rows, batch_size, container, rows, data.draw(st.booleans()))
    expected = sorted(range(n_rows) if rows is None else subset)
    rng = np.random.RandomState(data.draw(st.integers(0, 99)))
    for _ in range(3):
        assert sorted(order(batches)) == expected
        batches.shuffle(rng)
    sizes = [len(batch.y) for batch in steps(batches)]
    assert sizes[:-1] == [batch_size] * (len(sizes) - 1)
    assert 0 < sizes[-1] <= batch_size
    assert len(sizes) == batches.n_batches
    assert sum(sizes) == batches.n_rows == len(expected)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_order_is_scikit_learns(container, weighted):
    batches = batches_of(23, 5, CONTAINERS[container], weighted=weighted)
    assert order(batches) == list(range(23))
    ours, theirs, expected = np.random.RandomState(3), np.random.RandomState(3), np.arange(23)
    for _ in range(4):
        batches.shuffle(ours)
        expected = shuffle(expected, random_state=theirs)
        assert order(batches) == expected.tolist()
        assert order(batches) == expected.tolist()


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_subset_keeps_its_order_until_it_is_shuffled(container):
    rows = np.array([7, 3, 11, 0, 5])
    batches = batches_of(12, 2, CONTAINERS[container], rows, weighted=True)
    assert order(batches) == rows.tolist()
    batches.shuffle(np.random.RandomState(0))
    assert order(batches) == shuffle(rows, random_state=np.random.RandomState(0)).tolist()
    assert_array_equal(rows, [7, 3, 11, 0, 5])
    assert batches.n_batches == 3
    assert batches.n_rows == 5


@pytest.mark.parametrize("rows", [None, np.array([1, 2, 5, 8, 10])], ids=["all", "subset"])
def test_weights_of_batches_are_rows_times_the_mean_weight(rows):
    batches = batches_of(11, 4, rows=rows, weighted=True)
    weights = np.arange(1.0, 12.0)[slice(None) if rows is None else rows]
    assert batches.total_weight == pytest.approx(weights.sum())
    for batch in steps(batches):
        assert batch.total_weight == pytest.approx(len(batch.y) * weights.mean())
        assert type(batch.total_weight) is float


def test_weights_of_one_are_rows():
    batches = batches_of(11, 4)
    assert batches.total_weight == 11
    assert [batch.total_weight for batch in steps(batches)] == [4, 4, 3]
    assert all(batch.sample_weight is None for batch in steps(batches))
    y = numbered(11)[:, :1]
    ones = Batches(as_rows(numbered(11)), Columns(y), np.ones(11), None, 4)
    assert [batch.total_weight for batch in steps(ones)] == [4, 4, 3]


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("container", ["dense", "fortran", "strided", "read_only"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, ">f8"])
def test_rows_are_cast_batch_by_batch(dtype, container, shuffled):
    X = CONTAINERS[container](numbered(23)).astype(dtype, copy=False)
    y = numbered(23, np.float32)[:, :1]
    batches = Batches(as_rows(X), Columns(y), np.arange(1.0, 24.0, dtype=np.float32), None, 5)
    if shuffled:
        batches.shuffle(np.random.RandomState(0))
    for batch in steps(batches):
        for array in (batch.X.array, *batch[1:3]):
            assert array.dtype == np.float32
            assert array.dtype.isnative
    assert sorted(order(batches)) == list(range(23))


@pytest.mark.parametrize("rows", [None, np.arange(90, 10, -1)], ids=["all", "subset"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rows_on_disk(tmp_path, dtype, rows):
    X = np.memmap(tmp_path / "X", dtype=np.float64, mode="w+", shape=(100, 3))
    X[:] = numbered(100)
    X.flush()
    X = np.memmap(tmp_path / "X", dtype=np.float64, mode="r", shape=(100, 3))
    batches = Batches(as_rows(X), Columns(numbered(100, dtype)[:, :1]), None, rows, 16)
    expected = list(range(100)) if rows is None else rows.tolist()
    assert order(batches) == expected
    batches.shuffle(np.random.RandomState(0))
    assert sorted(order(batches)) == sorted(expected)
    assert {batch.X.dtype for batch in steps(batches)} == {np.dtype(dtype)}


def peak_of_two_epochs(batches):
    batches.shuffle(np.random.RandomState(0))
    tracemalloc.start()
    try:
        for _ in steps(batches):
            pass
        batches.shuffle(np.random.RandomState(1))
        for _ in steps(batches):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("container", ["dense", "fortran", "strided", "csr"])
def test_rows_are_never_copied_as_a_whole(container, dtype):
    n_rows = 20_000
    X = CONTAINERS[container](np.ones((n_rows, 100), dtype))
    y = np.ones((n_rows, 1), np.float32 if container != "csr" else dtype)
    size = X.nbytes if container != "csr" else X.data.nbytes
    assert peak_of_two_epochs(Batches(as_rows(X), Columns(y), None, None, 200)) < size / 10


def test_groups_reuse_their_buffers():
    batches = batches_of(400, 10, weighted=True)
    batches.shuffle(np.random.RandomState(0))
    groups = [group.batches for group in batches.groups()]
    assert [len(group) for group in groups] == [16, 16, 8]
    for group in groups[1:]:
        for first, second in zip(groups[0], group, strict=False):
            for one, other in zip(arrays_of(first), arrays_of(second), strict=True):
                assert np.shares_memory(one, other)


@pytest.mark.parametrize("container", ["dense", "csr"])
def test_a_group_is_its_batches_side_by_side(container):
    batches = batches_of(100, 8, CONTAINERS[container], weighted=True)
    batches.shuffle(np.random.RandomState(0))
    for group in batches.groups():
        stop = 0
        for batch in group.batches:
            assert batch.rows == slice(stop, stop + len(batch.y))
            assert_array_equal(group.y[batch.rows], batch.y)
            assert_array_equal(group.sample_weight[batch.rows], batch.sample_weight)
            stop = batch.rows.stop
        assert stop == len(group.y) <= batches.group_size


def test_a_group_stays_small():
    wide, narrow = np.ones((64, 100_000), np.float32), np.ones((64, 2), np.float32)
    y = np.ones((64, 1), np.float32)
    assert Batches(as_rows(wide), Columns(y), None, None, 4).group_size == 4
    assert Batches(as_rows(narrow), Columns(y), None, None, 4).group_size == 64
