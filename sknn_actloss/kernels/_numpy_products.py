"""Products of a stack of networks as calls of NumPy."""

from __future__ import annotations

import numpy as np

from sknn_actloss._calls import Call

#: Bytes of a product up to which dot takes less time than matmul.
DOT_BYTES = 1 << 17


def product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> list[Call]:
    """Write ``a @ b`` of each member.

    Parameters
    ----------
    a : ndarray of shape (n_members, n, m), or (n, m) for all members
    b : ndarray of shape (n_members, m, k)
    out : ndarray of shape (n_members, n, k)
    """
    is_outer = b.shape[-2] == 1
    if len(out) == 1 and (is_outer or out.nbytes <= DOT_BYTES):
        # dot starts sooner than matmul, as a method above all, but takes matrices only, and clears
        # what it writes to.
        return [((a[0] if a.ndim == 3 else a).dot, (b[0], out[0]))]
    return [_outer_product(a, b, out) if is_outer else (np.matmul, (a, b, out))]


def row_sum(delta: np.ndarray, ones: np.ndarray, out: np.ndarray) -> list[Call]:
    """Write sums over rows.

    Parameters
    ----------
    delta : ndarray of shape (n_members, n_rows, units)
    ones : ndarray of shape (n_rows,)
        A product with it sums over rows, several times faster than a reduction.
    out : ndarray of shape (n_members, 1, units)
    """
    if len(delta) == 1:
        return [(ones.dot, (delta[0], out[0, 0]))]
    return [(np.matmul, (ones, delta, out[:, 0]))]


def row_dot(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> list[Call]:
    """Write the product of each row (n_members, n) with its like to ``out`` (n_members,)."""
    if len(out) == 1:
        return [(a[0].dot, (b[0], out.reshape(())))]
    return [(np.vecdot, (a, b, out))]


def _outer_product(column: np.ndarray, row: np.ndarray, out: np.ndarray) -> Call:
    """Return the product of columns and rows, which matmul leaves to BLAS with a second one only.

    Zeros beside both of them leave the numbers as they are, and take a third of the time of a
    multiplication.
    """
    columns = np.zeros_like(column, shape=(*column.shape[:-1], 2))
    rows = np.zeros_like(row, shape=(len(row), 2, row.shape[2]))

    def multiply() -> None:
        np.copyto(columns[..., :1], column)
        np.copyto(rows[:, :1], row)
        np.matmul(columns, rows, out)

    return multiply, ()
