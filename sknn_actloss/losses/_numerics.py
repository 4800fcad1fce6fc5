"""Elementwise and row-wise pieces that several losses share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def softplus(x: np.ndarray) -> np.ndarray:
    """Return log(1 + exp(x)), accurate in both tails."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def exp(x: np.ndarray, out: np.ndarray) -> None:
    """Write the exponential, infinite where it is too large."""
    with np.errstate(over="ignore"):
        np.exp(x, out)


def row_sum(x: np.ndarray) -> np.ndarray:
    """Return the sum over the last axis."""
    return np.add.reduce(x, axis=-1)


def row_dot(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the sum over the last axis of ``x * y``."""
    return np.add.reduce(x * y, axis=-1)


def row_max(x: np.ndarray) -> np.ndarray:
    """Return the maximum over the last axis, which is kept with length one."""
    return np.maximum.reduce(x, axis=-1, keepdims=True)


def weighted_quantile(
    y: np.ndarray, quantile: float | Sequence[float], weight: np.ndarray
) -> np.ndarray:
    """Return the quantile of each column, one of its values; a weight of two is a row twice.

    ``weight`` has shape ``(n_rows,)`` or that of ``y``. Several quantiles are rows of the result.
    """
    weight = np.broadcast_to(weight.reshape(len(y), -1), y.shape)
    return np.quantile(y, quantile, axis=0, weights=weight, method="inverted_cdf")
