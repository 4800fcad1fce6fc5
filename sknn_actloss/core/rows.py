"""Rows of a table, dense or CSR, picked without copying the table as a whole."""

from __future__ import annotations

import numpy as np
from scipy import sparse


def gather(array: np.ndarray, rows: slice | np.ndarray, out: np.ndarray, axis: int = 0) -> None:
    """Write rows of an array to ``out``, in the data type of ``out``.

    Parameters
    ----------
    array : ndarray
        All rows, along ``axis``.
    rows : slice or ndarray of int
        The rows to pick.
    out : ndarray
        Receives them.
    axis : int, default=0
        The axis of rows: 0, or 1.
    """
    if not isinstance(rows, slice) and array.dtype == out.dtype and array.flags.c_contiguous:
        # take would copy an array in another order as a whole; mode="clip" lets it write to
        # out without a buffer in between.
        np.take(array, rows, axis=axis, out=out, mode="clip")
    else:
        out[...] = array[rows] if axis == 0 else array[:, rows]


def gather_csr(X: sparse.csr_array, rows: slice | np.ndarray, dtype: np.dtype) -> sparse.csr_array:
    """Return rows of a CSR table as a new one, by slicing its arrays.

    Parameters
    ----------
    X : CSR of shape (n_samples, n_features)
        All rows.
    rows : slice without a step, or ndarray of int
        The rows to pick.
    dtype : dtype
        Data type of the result.
    """
    if isinstance(rows, slice):
        indptr = X.indptr[rows.start : rows.stop + 1]
        entries = slice(indptr[0], indptr[-1])
        data, indices, indptr = X.data[entries], X.indices[entries], indptr - indptr[0]
    else:
        starts = X.indptr[rows]
        lengths = X.indptr[rows + 1] - starts
        indptr = np.zeros(len(rows) + 1, X.indptr.dtype)
        np.cumsum(lengths, out=indptr[1:])
        entries = np.arange(indptr[-1], dtype=np.intp)
        entries += np.repeat(starts - indptr[:-1], lengths)
        data, indices = np.take(X.data, entries), np.take(X.indices, entries)
    shape = (len(indptr) - 1, X.shape[1])
    return sparse.csr_array((data.astype(dtype, copy=False), indices, indptr), shape=shape)
