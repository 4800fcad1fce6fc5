"""Numerics that components and networks share: floats, constants, clip, sigmoid, softmax."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from sknn_actloss._calls import Call, run

try:
    # np.clip is a chain of Python functions around this ufunc, which NumPy does not export.
    from numpy._core.umath import clip  # type: ignore[attr-defined]
except ImportError:
    clip = np.clip

__all__ = [
    "as_floats",
    "clip",
    "constant",
    "less_largest_calls",
    "negate",
    "sigmoid",
    "sigmoid_calls",
    "softmax",
    "softmax_calls",
    "transposed",
]


def as_floats(values: Any) -> np.ndarray | None:
    """Return what a user gave as an array of floats, ``None`` where it holds anything else."""
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError, OverflowError):
        return None


def constant(value: float | np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return a number computed in double precision as an array of the data type of a loop.

    A ufunc takes an array of no dimensions several times faster than a Python number. Those of
    numbers are kept; take ``np.asarray`` for what changes with every step.
    """
    if isinstance(value, np.ndarray):  # one number for each member
        return np.asarray(value, dtype)
    return _scalar(value, math.copysign(1.0, value), dtype)


@lru_cache(maxsize=1024)
def _scalar(value: float, sign: float, dtype: np.dtype) -> np.ndarray:
    # Equal zeros of both signs are kept apart by the sign.
    array = np.array(value, dtype)
    array.flags.writeable = False
    return array


def negate(array: np.ndarray) -> Call:
    """Return the call that changes the sign of floats in place.

    In place, ``np.negative`` of NumPy up to 2.4 at least takes wrong numbers where the steps from
    one to the next are 16 or 64 bytes.
    """
    return np.multiply, (array, constant(-1.0, array.dtype), array)


def transposed(array: np.ndarray) -> np.ndarray:
    """Return a view with rows and columns exchanged."""
    return array.swapaxes(-1, -2)


def sigmoid(z: np.ndarray, out: np.ndarray) -> None:
    """Write 1 / (1 + exp(-z)) to ``out``, in less time than ``scipy.special.expit``."""
    with np.errstate(over="ignore"):  # 1 / (1 + inf) is the right limit
        run(sigmoid_calls(z, out))


def sigmoid_calls(z: np.ndarray, out: np.ndarray) -> list[Call]:
    """Return the calls of :func:`sigmoid`, which may overflow on the way."""
    one = constant(1.0, z.dtype)
    return [
        (np.multiply, (z, constant(-1.0, z.dtype), out)),
        (np.exp, (out, out)),
        (np.add, (out, one, out)),
        (np.divide, (one, out, out)),
    ]


def softmax(z: np.ndarray, out: np.ndarray) -> None:
    """Write exp(z) over its sum along the last axis to ``out``."""
    run(softmax_calls(z, out))


def softmax_calls(z: np.ndarray, out: np.ndarray, totals: np.ndarray | None = None) -> list[Call]:
    """Return the calls of :func:`softmax`, which may leave the sums of exponentials in an array.

    The exponentials are those of z less the largest of its row.
    """
    column = np.empty_like(z[..., :1]) if totals is None else totals[..., np.newaxis]
    return [
        *less_largest_calls(z, out, column),
        (np.exp, (out, out)),
        (np.add.reduce, (out, -1, None, column, True)),
        (np.divide, (out, column, out)),
    ]


def less_largest_calls(z: np.ndarray, out: np.ndarray, column: np.ndarray) -> list[Call]:
    """Return the calls that write z less the largest of its row, which comes into a column."""
    return [
        (np.maximum.reduce, (z, -1, None, column, True)),
        (np.subtract, (z, column, out)),
    ]
