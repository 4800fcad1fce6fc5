"""The rows of X, dense or CSR, behind one interface: products, batches, blocks, columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import cycle
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from scipy import sparse
from sklearn.utils.sparsefuncs import mean_variance_axis

from sknn_actloss import kernels
from sknn_actloss._calls import Call, run
from sknn_actloss._numeric import transposed
from sknn_actloss.core.dropout import Dropout

#: Rows of a table by a range, or by their indices.
Index = slice | np.ndarray


class Columns(NamedTuple):
    """Where the columns of a table lie, in double precision.

    Attributes
    ----------
    mean, variance, low, high : ndarray of shape (n_features,)
    """

    mean: np.ndarray
    variance: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Rows(ABC):
    """Rows that networks take in.

    Attributes
    ----------
    is_sparse : bool
        Whether most entries are zeros that are not stored.
    has_parts : bool
        Whether rows of a buffer have views of their own, so that it can hold several batches.
    has_ones : bool
        Whether a column of ones stands in front of the features.
    n_rows, n_features : int
        The column of ones is not among the features.
    dtype : dtype
    row_bytes : int
        Bytes of one row; of a sparse one as if all entries were stored.
    """

    is_sparse: ClassVar[bool]
    has_parts: ClassVar[bool]
    has_ones: bool = False
    n_rows: int
    n_features: int
    dtype: np.dtype

    @property
    def row_bytes(self) -> int:
        """Bytes of one row; of a sparse one as if all entries were stored."""
        return self.dtype.itemsize * self.n_features

    @abstractmethod
    def product(self, weights: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls that multiply the rows by the weights of each member.

        Parameters
        ----------
        weights : ndarray of shape (n_members, n_inputs, units)
            With biases in front where the rows begin with ones.
        out : ndarray of shape (n_members, n_rows, units)
        """

    @abstractmethod
    def gradient(self, delta: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls that multiply the transposed rows by derivatives.

        Parameters
        ----------
        delta : ndarray of shape (n_members, n_rows, units)
            Derivative with respect to the product.
        out : ndarray of shape (n_members, n_inputs, units)
            Receives the derivative with respect to the weights.
        """

    @abstractmethod
    def block(self, rows: Index, dtype: np.dtype) -> Self:
        """Return some of the rows in a data type, a view where it can be one."""

    @abstractmethod
    def buffer(self, n_rows: int, dtype: np.dtype) -> Self:
        """Return room for rows like these, with a column of ones in front if dense."""

    @abstractmethod
    def gather(self, rows: np.ndarray, out: Any) -> list[Call]:
        """Return the calls that write some of the rows to a buffer.

        They make no copy of the table as a whole.

        Parameters
        ----------
        rows : ndarray of int of shape (n_rows,)
            Where the rows are; read when the calls are made.
        out : Rows
            What :meth:`buffer` returned.
        """

    @abstractmethod
    def part(self, rows: slice) -> Self:
        """Return a view of some rows of a buffer, where it has parts."""

    @abstractmethod
    def bare(self) -> Self:
        """Return the rows without their column of ones."""

    @abstractmethod
    def copies(self, n_masks: int) -> Self:
        """Return room for what as many masks leave of the rows."""

    @abstractmethod
    def drop_calls(self, dropout: Dropout, out: Any) -> list[Call]:
        """Return the calls that leave out features, given room made by :meth:`copies`."""

    @abstractmethod
    def is_same(self, other: Rows) -> bool:
        """Whether other rows are the very same in memory."""

    @abstractmethod
    def row_squares(self) -> np.ndarray:
        """Return the squared norm of the features of each row (n_rows,), in double precision."""

    @abstractmethod
    def columns(self) -> Columns:
        """Return where the features lie."""

    @abstractmethod
    def entries(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the feature and the value of each entry that is stored."""

    @abstractmethod
    def csr(self) -> sparse.csr_array:
        """Return a copy of the features as a table of what is not zero."""


class DenseRows(Rows):
    """Rows of an array.

    Parameters
    ----------
    array : ndarray of shape (n_rows, n_inputs) or (n_masks, n_rows, n_inputs)
        With an axis for masks or members in front where they take in other rows.
    has_ones : bool, default=False
        Whether the first column holds ones, so that a single product takes the biases in.
    """

    is_sparse = False
    has_parts = True

    def __init__(self, array: np.ndarray, has_ones: bool = False) -> None:
        self.array, self.has_ones, self.dtype = array, has_ones, array.dtype
        self.n_rows, self.n_features = array.shape[-2], array.shape[-1] - has_ones

    @property
    def features(self) -> np.ndarray:
        """The columns behind the ones."""
        return self.array[..., 1:] if self.has_ones else self.array

    def product(self, weights: np.ndarray, out: np.ndarray) -> list[Call]:
        return kernels.product(self.array, weights, out)

    def gradient(self, delta: np.ndarray, out: np.ndarray) -> list[Call]:
        return kernels.product(transposed(self.array), delta, out)

    def block(self, rows: Index, dtype: np.dtype) -> DenseRows:
        if isinstance(rows, slice):
            if rows.stop - rows.start == self.n_rows and dtype == self.dtype:
                return self
            return DenseRows(self.array[rows].astype(dtype, copy=False), self.has_ones)
        out = np.empty((len(rows), self.array.shape[1]), dtype)
        run(kernels.gather(self.array, rows, out))
        return DenseRows(out, self.has_ones)

    def buffer(self, n_rows: int, dtype: np.dtype) -> DenseRows:
        return DenseRows(np.ones((n_rows, 1 + self.n_features), dtype), has_ones=True)

    def gather(self, rows: np.ndarray, out: DenseRows) -> list[Call]:
        return kernels.gather(self.features, rows, out.features)

    def part(self, rows: slice) -> DenseRows:
        return DenseRows(self.array[rows], self.has_ones)

    def bare(self) -> DenseRows:
        return DenseRows(self.features) if self.has_ones else self

    def copies(self, n_masks: int) -> DenseRows:
        return DenseRows(np.ones((n_masks, *self.array.shape), self.dtype), self.has_ones)

    def drop_calls(self, dropout: Dropout, out: DenseRows) -> list[Call]:
        mask = dropout.mask[:, : self.n_rows]
        multiply = np.multiply, (self.features, mask, out.features)
        return [*dropout.draw_calls(self.n_rows), multiply]

    def is_same(self, other: Rows) -> bool:
        return isinstance(other, DenseRows) and self.array is other.array

    def row_squares(self) -> np.ndarray:
        return np.einsum("ij,ij->i", self.features, self.features, dtype=np.float64)

    def columns(self) -> Columns:
        X = self.features.astype(np.float64, copy=False)
        return Columns(X.mean(axis=0), X.var(axis=0), X.min(axis=0), X.max(axis=0))

    def entries(self) -> tuple[np.ndarray, np.ndarray]:
        return np.tile(np.arange(self.n_features), self.n_rows), self.features.ravel()

    def csr(self) -> sparse.csr_array:
        return sparse.csr_array(self.features)


class CSRRows(Rows):
    """Rows of CSR tables.

    Parameters
    ----------
    tables : CSR of shape (n_rows, n_features), or list of such
        One for all members, or one for each.
    """

    is_sparse = True
    has_parts = False

    def __init__(self, tables: sparse.csr_array | list[sparse.csr_array]) -> None:
        self.tables = tables if isinstance(tables, list) else [tables]
        self.table, self.dtype = self.tables[0], self.tables[0].dtype
        self.n_rows, self.n_features = self.table.shape

    def product(self, weights: np.ndarray, out: np.ndarray) -> list[Call]:
        return [(_sparse_product, (self.tables, weights, out))]

    def gradient(self, delta: np.ndarray, out: np.ndarray) -> list[Call]:
        return [(_sparse_gradient, (self.tables, delta, out))]

    def block(self, rows: Index, dtype: np.dtype) -> CSRRows:
        n_rows = rows.stop - rows.start if isinstance(rows, slice) else len(rows)
        out = self.buffer(n_rows, dtype)
        _gather_csr(self.table, rows, out.table)
        return out

    def buffer(self, n_rows: int, dtype: np.dtype) -> CSRRows:
        return CSRRows(sparse.csr_array((n_rows, self.n_features), dtype=dtype))

    def gather(self, rows: np.ndarray, out: CSRRows) -> list[Call]:
        return [(_gather_csr, (self.table, rows, out.table))]

    def part(self, rows: slice) -> CSRRows:
        raise TypeError("Sparse rows have no parts: a buffer of them holds a single batch.")

    def bare(self) -> CSRRows:
        return self

    def copies(self, n_masks: int) -> CSRRows:
        shape = self.table.shape
        return CSRRows([sparse.csr_array(shape, dtype=self.dtype) for _ in range(n_masks)])

    def drop_calls(self, dropout: Dropout, out: CSRRows) -> list[Call]:
        return [(dropout.drop_entries, (self.table, out.tables))]

    def is_same(self, other: Rows) -> bool:
        return isinstance(other, CSRRows) and self.table is other.table

    def row_squares(self) -> np.ndarray:
        return np.asarray(self.table.multiply(self.table).sum(axis=1), np.float64).ravel()

    def columns(self) -> Columns:
        mean, variance = mean_variance_axis(sparse.csr_matrix(self.table), axis=0)
        low, high = (f(axis=0).toarray().ravel() for f in (self.table.min, self.table.max))
        return Columns(mean, variance, low, high)

    def entries(self) -> tuple[np.ndarray, np.ndarray]:
        return self.table.indices, self.table.data

    def csr(self) -> sparse.csr_array:
        return self.table.copy()


def as_rows(X: np.ndarray | sparse.csr_array | Rows) -> Rows:
    """Return the rows of a validated table, as they are where they are rows already."""
    if isinstance(X, Rows):
        return X
    return DenseRows(X) if isinstance(X, np.ndarray) else CSRRows(X)


def _gather_csr(X: sparse.csr_array, rows: Index, out: sparse.csr_array) -> None:
    """Replace the arrays of ``out`` by rows of a table, slicing its arrays."""
    entries: Any
    if isinstance(rows, slice):
        indptr = X.indptr[rows.start : rows.stop + 1]
        entries = slice(indptr[0], indptr[-1])
        data, out.indices, out.indptr = X.data[entries], X.indices[entries], indptr - indptr[0]
    else:
        out.indptr, entries = _entries(X.indptr, rows)
        data, out.indices = np.take(X.data, entries), np.take(X.indices, entries)
    out.data = data.astype(out.dtype, copy=False)


def _entries(indptr: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of some rows once they are picked, and where their entries are now."""
    starts = indptr[rows]
    lengths = indptr[rows + 1] - starts
    ends = np.zeros(len(rows) + 1, indptr.dtype)
    np.cumsum(lengths, out=ends[1:])
    entries = np.arange(ends[-1], dtype=np.intp)
    entries += np.repeat(starts - ends[:-1], lengths)
    return ends, entries


def _sparse_product(
    tables: Sequence[sparse.csr_array], weights: np.ndarray, out: np.ndarray
) -> None:
    for table, member, target in zip(cycle(tables), weights, out, strict=False):
        target[...] = table @ member


def _sparse_gradient(
    tables: Sequence[sparse.csr_array], delta: np.ndarray, out: np.ndarray
) -> None:
    _sparse_product([table.T for table in tables], delta, out)
