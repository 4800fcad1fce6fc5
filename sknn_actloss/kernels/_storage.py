"""How arrays must be stored for compiled loops; those of other ways go to the reference."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from sknn_actloss._calls import Call
from sknn_actloss.kernels import numpy as reference

Binder = Callable[..., list[Call]]


def with_rows(n_dims: int) -> Callable[[Binder], Binder]:
    """Leave arrays of other dimensions, or with rows that are not contiguous, to the reference."""

    def decorate(bind: Binder) -> Binder:
        fallback = getattr(reference, bind.__name__)

        @wraps(fallback)
        def chosen(first: np.ndarray, *rest: Any) -> list[Call]:
            arrays = (a for a in rest if isinstance(a, np.ndarray) and a.ndim == n_dims)
            is_apt = first.ndim == n_dims and all(map(has_contiguous_rows, (first, *arrays)))
            return (bind if is_apt else fallback)(first, *rest)

        return chosen

    return decorate


def in_place(bind: Binder) -> Binder:
    """Leave what does not go from the first to the last argument in place to the reference."""
    fallback = getattr(reference, bind.__name__)

    @wraps(fallback)
    def chosen(z: np.ndarray, *rest: Any) -> list[Call]:
        is_own = z.ndim == 3 and is_same(z, rest[-1]) and has_contiguous_rows(z)
        return bind(z, *rest[:-1]) if is_own else fallback(z, *rest)

    return chosen


def output_by_output(bind: Binder) -> Binder:
    """Pass on arrays output by output where they are stored so, leave others to the reference.

    The last one may be without outputs: losses of rows, (n_members, batch).
    """
    fallback = getattr(reference, bind.__name__)

    @wraps(fallback)
    def chosen(raw: np.ndarray, y: np.ndarray, *rest: Any) -> list[Call]:
        # NumPy adds up the outputs of a single row in an order of its own.
        if raw.ndim == 3 and raw.shape[1] > 1 and raw.shape[1:] == y.shape:
            swapped = [array.swapaxes(-1, -2) for array in (raw, y)]
            last = rest[-1].swapaxes(-1, -2) if rest[-1].ndim == raw.ndim else rest[-1]
            if all(map(has_contiguous_rows, (*swapped, last))):
                return bind(*swapped, *rest[:-1], last)
        return fallback(raw, y, *rest)

    return chosen


def has_contiguous_rows(array: np.ndarray) -> bool:
    """Whether the elements of each row lie together."""
    return array.shape[-1] == 1 or array.strides[-1] == array.itemsize


def is_same(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two arrays are views of the very same numbers, maybe as another type."""
    if first is second:
        return True
    start, other = (array.__array_interface__["data"][0] for array in (first, second))
    return start == other and first.shape == second.shape and first.strides == second.strides
