"""Elementwise and row-wise pieces that several losses share."""

from __future__ import annotations

import numpy as np


def softplus(x: np.ndarray) -> np.ndarray:
    """Return log(1 + exp(x)), accurate in both tails."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


# NumPy reduces a short last axis slowly, and outputs are few: einsum and a transposed copy take
# a third of the time for ten outputs.


def row_sum(x: np.ndarray) -> np.ndarray:
    """Return the sum over the last axis."""
    return np.einsum("...k->...", x)


def row_dot(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the sum over the last axis of ``x * y``."""
    return np.einsum("...k,...k->...", x, y)


def row_max(x: np.ndarray) -> np.ndarray:
    """Return the maximum over the last axis, which is kept with length one."""
    columns = x.reshape(-1, x.shape[-1]).T.copy()
    return np.maximum.reduce(columns, axis=0).reshape(*x.shape[:-1], 1)
