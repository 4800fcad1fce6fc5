"""Whether validation rows lie where training rows do, as they do not where a step left them out."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from sknn_actloss.core import Rows

#: Numbers of X that are looked at, about, and rows at most and at least.
N_ENTRIES, MAX_ROWS, MIN_ROWS = 1 << 22, 10_000, 100

#: Chance that rows drawn at random are taken for others.
LEVEL = 1e-6

#: Beyond the range of a column, in units of its width: far, and far where rows are too few.
FAR, FAR_ALONE = 0.5, 100.0

#: Share of training rows among validation rows where these lie closely together.
CLOSE = 0.01


@np.errstate(over="ignore", under="ignore", invalid="ignore")
def warn_of_other_scales(X: Rows, X_val: Rows, names: np.ndarray | None) -> None:
    """Warn where columns of validation rows are on another scale than those of training rows.

    Rows that are drawn at random are exchangeable: that j of v validation entries lie beyond all t
    entries of the training rows has a chance of :math:`2 \\prod_{i<j} (v - i) / (t + v - i)` at
    most, whatever their distribution. Likewise for all of them to lie where few training rows are;
    of that half of the columns have to be sure. Columns that are constant in X say nothing.

    Parameters
    ----------
    X, X_val : Rows
    names : ndarray of str or None
        Names of the columns, if they have any.
    """
    own, other = (_Spread.of(rows) for rows in (X, X_val))
    flaws = _far_columns(own, other, _entries(X_val)), _elsewhere(own, other, _entries(X))
    columns = next((found for found in flaws if len(found)), ())
    if len(columns):
        worst = columns[np.argmax(_distance(own, other)[columns])]
        name = f"column {worst}" + ("" if names is None else f" ({names[worst]!r})")
        warnings.warn(
            f"X_val is on other scales than X in {len(columns)} of {X.n_features} columns: {name} "
            f"goes from {other.low[worst]:.4g} to {other.high[worst]:.4g} in X_val, and from "
            f"{own.low[worst]:.4g} to {own.high[worst]:.4g} in X. If steps of a Pipeline transform "
            "X, let them transform X_val as well: Pipeline(steps, transform_input=['X_val']), with "
            "enable_metadata_routing=True and set_fit_request(X_val=True, y_val=True).",
            stacklevel=2,
        )


@dataclass(frozen=True, eq=False)
class _Spread:
    """Where the entries of each column lie.

    Parameters
    ----------
    count : ndarray of shape (n_features,)
    low, high : ndarray of shape (n_features,)
        Without a meaning where there are none.
    """

    count: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, rows: Rows) -> _Spread:
        columns, values = _entries(rows)
        low, high = np.full((2, rows.n_features), [[np.inf], [-np.inf]])
        np.minimum.at(low, columns, values)
        np.maximum.at(high, columns, values)
        return cls(np.bincount(columns, minlength=rows.n_features), low, high)

    @property
    def width(self) -> np.ndarray:
        """How wide the range is, infinite where columns are constant or larger than numbers."""
        width = self.high - self.low
        return np.where(width > 0, width, np.inf)


def _entries(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Return columns and values of rows that are spread over all, in double precision."""
    n_rows = min(MAX_ROWS, max(MIN_ROWS, N_ENTRIES // rows.n_features))
    index: slice | np.ndarray = slice(0, rows.n_rows)
    if rows.n_rows > n_rows:
        index = np.linspace(0, rows.n_rows - 1, n_rows).astype(int)
    return rows.block(index, np.dtype(np.float64)).entries()


def _far_columns(
    own: _Spread, other: _Spread, entries: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Return columns in which entries lie far outside of the range of the training rows."""
    columns, values = entries
    beyond = np.maximum(values - own.high[columns], own.low[columns] - values)
    widths = own.width[columns]
    far = _counts(columns, beyond > FAR * widths, own)
    chance = np.log(2) + _falling(other.count, far) - _falling(own.count + other.count, far)
    sure = chance + np.log(len(own.count)) < np.log(LEVEL)
    if sure.any():
        return np.flatnonzero(sure)
    alone = _counts(columns, beyond > FAR_ALONE * widths, own) >= np.maximum(other.count, 1)
    n_varying = max(int(np.isfinite(own.width).sum()), 2)
    return np.flatnonzero(alone) if alone.sum() > 0.75 * n_varying else np.empty(0, int)


def _elsewhere(own: _Spread, other: _Spread, entries: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return columns whose entries lie within the range, closely together."""
    columns, values = entries
    t, v = own.count, other.count
    among = (values >= other.low[columns]) & (values <= other.high[columns])
    between = _counts(columns, among, own)
    varying = np.isfinite(own.width) & (v > 0)
    inside = (other.low >= own.low) & (other.high <= own.high) & (between <= CLOSE * t)
    chance = np.log(t + 1) + _chosen(v + between, v) - _chosen(t + v, v)
    sure = varying & inside & (chance + np.log(2) < np.log(LEVEL))
    return np.flatnonzero(sure) if 2 * sure.sum() >= max(varying.sum(), 1) else np.empty(0, int)


def _distance(own: _Spread, other: _Spread) -> np.ndarray:
    """Return how far ranges go beyond those of the training rows, in units of their width."""
    return np.maximum(other.high - own.high, own.low - other.low) / own.width


def _counts(columns: np.ndarray, which: np.ndarray, own: _Spread) -> np.ndarray:
    return np.bincount(columns[which], minlength=len(own.count))


def _falling(n: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Return the logarithm of n (n - 1) ... (n - k + 1)."""
    return gammaln(n + 1.0) - gammaln(n - k + 1.0)


def _chosen(n: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Return the logarithm of the number of ways to choose k of n."""
    return _falling(n, k) - gammaln(k + 1.0)
