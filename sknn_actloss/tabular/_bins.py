"""Edges of two or more bins of one column: at quantiles, at thresholds of a tree, or at both."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.tree import DecisionTreeRegressor

#: A leaf holds this many rows, or this share of them if that is more.
SMALLEST_LEAF = 16
SMALLEST_SHARE = 1 / 400


def quantile_edges(x: np.ndarray, n_bins: int, y: np.ndarray | None = None) -> np.ndarray:
    """Return at most ``n_bins + 1`` distinct quantiles.

    Where quantiles coincide, as in columns that are mostly zero, the bins that they leave free
    go to the other values.
    """
    edges = np.unique(np.quantile(x, np.linspace(0, 1, n_bins + 1)))
    n_free = n_bins + 1 - len(edges)
    others = x[~np.isin(x, edges)] if n_free else x[:0]
    if others.size:
        inner = np.quantile(others, np.linspace(0, 1, n_free + 2)[1:-1])
        edges = np.unique(np.concatenate([edges, inner]))
    return edges


def tree_edges(x: np.ndarray, n_bins: int, y: np.ndarray) -> np.ndarray:
    """Return the ends of the range and the thresholds of a tree of at most ``n_bins`` leaves."""
    smallest = max(SMALLEST_LEAF, int(SMALLEST_SHARE * len(x)))
    # Trees take float32, which holds the ranks of any numbers.
    values, ranks = np.unique(x, return_inverse=True)
    tree = DecisionTreeRegressor(
        max_leaf_nodes=n_bins, min_samples_leaf=smallest, random_state=0
    ).fit(ranks[:, np.newaxis], y)
    lower = tree.tree_.threshold[tree.tree_.feature >= 0].astype(np.intp)
    inner = values[lower] / 2 + values[lower + 1] / 2
    return np.unique(np.concatenate([values[[0, -1]], inner]))


def both_edges(x: np.ndarray, n_bins: int, y: np.ndarray) -> np.ndarray:
    """Return the edges of a tree and of half as many quantile bins."""
    quantiles = quantile_edges(x, n_bins // 2)
    return np.unique(np.concatenate([tree_edges(x, n_bins, y), quantiles]))


EDGES: dict[str, Callable[[np.ndarray, int, np.ndarray], np.ndarray]] = {
    "quantile": quantile_edges,
    "tree": tree_edges,
    "both": both_edges,
}
