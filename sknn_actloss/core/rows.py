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
    # take would copy an array in another order as a whole.
    if isinstance(rows, slice) or not array.flags.c_contiguous:
        out[...] = array[rows] if axis == 0 else array[:, rows]
    elif array.dtype == out.dtype and out.flags.c_contiguous:
        # mode="clip" lets it write to out without a buffer in between.
        np.take(array, rows, axis=axis, out=out, mode="clip")
    else:
        out[...] = np.take(array, rows, axis=axis, mode="clip")


def gather_csr(X: sparse.csr_array, rows: slice | np.ndarray, out: sparse.csr_array) -> None:
    """Replace the arrays of ``out`` by rows of a CSR table, by slicing its arrays.

    Parameters
    ----------
    X : CSR of shape (n_samples, n_features)
        All rows.
    rows : slice without a step, or ndarray of int
        The rows to pick.
    out : CSR of shape (n_rows, n_features)
        Receives them, in its data type.
    """
    dtype = out.dtype
    if isinstance(rows, slice):
        indptr = X.indptr[rows.start : rows.stop + 1]
        entries = slice(indptr[0], indptr[-1])
        data, out.indices, out.indptr = X.data[entries], X.indices[entries], indptr - indptr[0]
    else:
        starts = X.indptr[rows]
        lengths = X.indptr[rows + 1] - starts
        out.indptr = np.zeros(len(rows) + 1, X.indptr.dtype)
        np.cumsum(lengths, out=out.indptr[1:])
        entries = np.arange(out.indptr[-1], dtype=np.intp)
        entries += np.repeat(starts - out.indptr[:-1], lengths)
        data, out.indices = np.take(X.data, entries), np.take(X.indices, entries)
    out.data = data.astype(dtype, copy=False)
