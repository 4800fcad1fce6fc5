"""Large products in pieces, where BLAS has a single thread.

Each piece stays in the fast caches, which takes less time than OpenBLAS's own way on some
processors. With several threads products are left to it as a whole.
"""

from __future__ import annotations

import time
from functools import lru_cache
from itertools import chain, product as pairs

import numpy as np

from sknn_actloss._calls import Call, run
from sknn_actloss._sklearn import n_blas_threads
from sknn_actloss.kernels import numpy as reference
from sknn_actloss.kernels._blas import (
    MATRIX_LIMIT,
    Form,
    agree,
    empty,
    form,
    small_product,
    stored_in,
)

#: Multiplications of a product above which it is left as it is: a race would take too long.
PRODUCT_LIMIT = 1 << 26

#: Rows of a piece where the first matrix is stored column by column, and rows and columns at least.
N_ROWS, N_LEAST = 64, 8

#: Rounds of the race between a product and its pieces.
N_ROUNDS = 3


def product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> list[Call]:
    """Return the calls of the kernel of this name, none where they are NumPy's."""
    n_products = out[0].size * a.shape[-1]
    if not MATRIX_LIMIT < n_products <= PRODUCT_LIMIT or n_blas_threads() > 1:
        return []
    arrays = a if a.ndim == 3 else a[np.newaxis], b, out
    way = out.dtype, tuple([form(array.shape, array.strides, array.itemsize) for array in arrays])
    pay = agree(reference.product, _pieces, *way) and _are_faster(*way)
    return _pieces(*arrays) if pay else []


def _pieces(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> list[Call]:
    """Return the products of pieces, none where they would be too small."""
    (n, m), k = a.shape[1:], b.shape[2]
    rows, columns = MATRIX_LIMIT // (m * k), k
    if not stored_in(a).by_rows:
        rows, columns = N_ROWS, MATRIX_LIMIT // (N_ROWS * m)
    if min(rows, columns) < N_LEAST or not stored_in(b).by_rows:
        return []
    products = [
        small_product(a[:, own], b[..., others], out[:, own, others])
        for own, others in pairs(_cut(n, rows), _cut(k, columns))
    ]
    return list(chain(*products)) if all(products) else []


def _cut(length: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, length)) for start in range(0, length, size)]


@lru_cache(maxsize=256)
def _are_faster(dtype: np.dtype, forms: tuple[Form, ...]) -> bool:
    """Let pieces race against NumPy's product, on arrays of zeros."""
    arrays = [empty(shape, stored, dtype) for shape, stored in forms]
    for array in arrays:
        array[...] = 0
    contenders = [bind(*arrays) for bind in (reference.product, _pieces)]
    seconds = [[_seconds(calls) for calls in contenders] for _ in range(N_ROUNDS)]
    whole, pieces = map(min, zip(*seconds, strict=True))
    return pieces < whole


def _seconds(calls: list[Call]) -> float:
    start = time.perf_counter()
    run(calls)
    return time.perf_counter() - start
