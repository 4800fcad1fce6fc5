"""Products by SciPy's BLAS, which compiled programs can call, where it gives NumPy's numbers.

It is another copy of BLAS than NumPy's as a rule, with threads of its own: products that are worth
a second thread stay NumPy's, so that the threads of one never wait while those of the other work.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sknn_actloss._calls import Call, run
from sknn_actloss._numeric import transposed
from sknn_actloss.kernels import _product_loops as loops, numpy as reference
from sknn_actloss.kernels._compile import routine_address
from sknn_actloss.kernels._storage import Binder, has_contiguous_rows

#: Multiplications of a product up to which OpenBLAS takes one thread; twice as many as the least
#: for a thread: https://github.com/OpenMathLib/OpenBLAS/blob/develop/interface/gemm.c
#: and elements of a matrix up to which it does so where that is multiplied by a vector.
MATRIX_LIMIT, VECTOR_LIMIT = 1 << 19, 9216

#: Elements of vectors whose product takes one thread:
#: https://github.com/OpenMathLib/OpenBLAS/blob/develop/kernel/x86_64/ddot.c
DOT_LIMIT = 10_000

#: The letters of BLAS's names by data type.
_LETTERS = {np.dtype(np.float32): "s", np.dtype(np.float64): "d"}

#: Trials by which two orders of additions are told apart at least, at most, and sums that make more
#: of them needless. A sum of few numbers is often the same in both orders, and BLAS may add up the
#: last ones of a row in an order of their own.
MIN_TRIALS, MAX_TRIALS, N_SUMS = 2, 32, 1 << 17

_NUMBERS = np.random.RandomState(0).standard_normal(4099)


class Stored(NamedTuple):
    """How the matrices of an array are stored for BLAS.

    Attributes
    ----------
    by_rows : bool
        Whether the elements of a row lie together, those of a column else.
    step : int
        Elements from one row, or one column, to the next; zero where BLAS knows no such way.
    """

    by_rows: bool
    step: int


#: Shape of an array, its members as one or two, and how its matrices are stored.
Form = tuple[tuple[int, ...], Stored]


def product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> list[Call]:
    """Return the calls of the kernel of this name, none where they are NumPy's."""
    return as_numpy(reference.product, small_product, a if a.ndim == 3 else a[np.newaxis], b, out)


def row_sum(delta: np.ndarray, ones: np.ndarray, out: np.ndarray) -> list[Call]:
    """Return the calls of the kernel of this name, none where they are NumPy's."""
    return as_numpy(reference.row_sum, _row_sum, delta, ones, out)


def row_dot(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> list[Call]:
    """Return the calls of the kernel of this name, none where they are NumPy's."""
    few = a[:2], b[:2], out[:2]
    return _row_dot(a, b, out) if as_numpy(reference.row_dot, _row_dot, *few) else []


def as_numpy(expected: Binder, bind: Binder, *arrays: np.ndarray) -> list[Call]:
    """Return the calls on some arrays if they give the numbers of others."""
    calls = bind(*arrays)
    ways = tuple([(array.shape, array.strides) for array in arrays])
    return calls if calls and _agree_on(expected, bind, arrays[0].dtype, ways) else []


@lru_cache(maxsize=4096)
def _agree_on(
    expected: Binder, bind: Binder, dtype: np.dtype, ways: tuple[tuple[tuple[int, ...], ...], ...]
) -> bool:
    """Return :func:`agree` for arrays of some shapes and strides."""
    forms = tuple([form(shape, strides, dtype.itemsize) for shape, strides in ways])
    return agree(expected, bind, dtype, forms)


def form(shape: tuple[int, ...], strides: tuple[int, ...], size: int) -> Form:
    """Return what numbers depend on: of members whether there are several, shape and strides."""
    members = (min(shape[0], 2),) if len(shape) == 3 else ()
    return members + shape[-2:], _stored(shape, strides, size) if shape[1:] else Stored(True, 1)


@lru_cache(maxsize=4096)
def agree(expected: Binder, bind: Binder, dtype: np.dtype, forms: tuple[Form, ...]) -> bool:
    """Try whether two ways to bind products to arrays give the same numbers, bit by bit."""
    if not all(stored.step for _, stored in forms):
        return False
    first, second, out = (empty(shape, stored, dtype) for shape, stored in forms)
    calls, own_calls = expected(first, second, out), bind(first, second, out)
    if not own_calls:
        return False
    for trial in range(min(max(MIN_TRIALS, N_SUMS // out.size), MAX_TRIALS)):
        first[...] = np.resize(np.roll(_NUMBERS, 101 * trial), first.shape)
        second[...] = np.resize(np.roll(_NUMBERS[::-1], 37 * trial), second.shape)
        if trial == 0:  # zeros show what they are added to by their signs
            first[...], second[...] = np.abs(first), -0.0
        run(calls)
        wanted = out.tobytes()
        run(own_calls)
        if out.tobytes() != wanted:
            return False
    return True


def empty(shape: tuple[int, ...], stored: Stored, dtype: np.dtype) -> np.ndarray:
    """Return an array that is stored in a way."""
    if len(shape) == 1:
        return np.empty(shape, dtype)
    *members, n_rows, n_columns = shape
    lines, length = (n_rows, n_columns) if stored.by_rows else (n_columns, n_rows)
    array = np.empty((*members, lines, stored.step), dtype)[..., :length]
    return array if stored.by_rows else transposed(array)


def small_product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> list[Call]:
    """Return the calls of BLAS for a product, none where it would take several threads."""
    (n, m), k = a.shape[1:], b.shape[2]
    if k == 1:
        return _vector_product(a, b[..., 0], out[..., 0])
    if n == 1:
        return _vector_product(transposed(b), a[:, 0], out[:, 0])
    if n * m * k > MATRIX_LIMIT:
        return []
    of_a, of_b, of_out = stored = [stored_in(array) for array in (a, b, out)]
    if not _is_apt(stored, a, b, out) or not of_out.by_rows:
        return []
    if m == 1:
        return [loops.outer(a, b, out)] if has_contiguous_rows(b) else []
    # What is stored row by row is the transposed matrix column by column.
    are_transposed, steps = (not of_b.by_rows, not of_a.by_rows), (of_b.step, of_a.step)
    plan = _plan("gemm", a.dtype, are_transposed, (k, n, m, *steps, of_out.step))
    return [loops.gemm(a, b, out, plan)]


def _row_sum(delta: np.ndarray, ones: np.ndarray, out: np.ndarray) -> list[Call]:
    return _vector_product(transposed(delta), ones[np.newaxis], out[:, 0])


def _row_dot(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> list[Call]:
    n = a.shape[1]
    if n > DOT_LIMIT or not _is_apt((stored_in(a), stored_in(b)), a, b, out):
        return []
    return [loops.dot(a, b, out, _plan("dot", a.dtype, (), (n, 1)))]


def _vector_product(matrix: np.ndarray, vector: np.ndarray, out: np.ndarray) -> list[Call]:
    """Return the calls of a product of (n_members, n, m) and (n_members, m)."""
    n, m = matrix.shape[1:]
    if min(n, m) < 2 or n * m >= VECTOR_LIMIT:
        return []
    stored, steps = stored_in(matrix), [own.strides[1] // own.itemsize for own in (vector, out)]
    if min(steps) < 1 or not _is_apt((stored,), matrix, vector, out):
        return []
    sizes = (m, n) if stored.by_rows else (n, m)
    plan = _plan("gemv", matrix.dtype, (stored.by_rows,), (*sizes, stored.step, *steps))
    return [loops.gemv(matrix, vector, out, plan)]


def _is_apt(stored: Sequence[Stored], *arrays: np.ndarray) -> bool:
    """Whether BLAS has a routine for arrays that are stored so."""
    (dtype, *more) = {array.dtype for array in arrays}
    return all(one.step for one in stored) and not more and dtype in _LETTERS


def stored_in(array: np.ndarray) -> Stored:
    """Return how the matrices of an array are stored."""
    return _stored(array.shape, array.strides, array.itemsize)


def _stored(shape: tuple[int, ...], strides: tuple[int, ...], size: int) -> Stored:
    """Return how matrices are stored, given the bytes of a number."""
    (n_rows, n_columns), (by_row, by_column) = shape[-2:], strides[-2:]
    if by_column == size and by_row >= n_columns * size and by_row % size == 0:
        return Stored(True, by_row // size)
    if by_row == size and by_column >= n_rows * size and by_column % size == 0:
        return Stored(False, by_column // size)
    return Stored(True, 0)


@lru_cache(maxsize=4096)
def _plan(
    name: str, dtype: np.dtype, are_transposed: tuple[bool, ...], sizes: tuple[int, ...]
) -> np.ndarray:
    """Return what a routine is called with beside arrays, see the loops that call it."""
    letters = [ord("NT"[is_transposed]) for is_transposed in are_transposed]
    plan = np.array([routine_address(_LETTERS[dtype] + name), *letters, *sizes, 0, 0], np.int64)
    # BLAS reads the first bytes of what it takes: letters, integers of either size, a number.
    plan[-2:-1].view(dtype)[0] = 1
    return plan
