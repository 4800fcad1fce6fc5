"""Numbers on one scale, without gaps, and columns that say where the gaps were."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin

#: Bound of what comes out, in distances between quartiles.
BOUND = 3.0

#: Distance that stands for those that are infinite; its inverse for those that are nearly zero.
LARGEST = 1e300


class RobustScale(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Distance from the median in distances between quartiles, with its tails pulled in.

    A distance z becomes z / sqrt(1 + (z / 3)²), which lies within -3 and 3. A gap becomes the
    median.

    Parameters
    ----------
    dtype : dtype
        Of what comes out.
    """

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype

    def fit(self, X: np.ndarray, y: Any = None) -> Self:
        """Find median and scale of each column."""
        found = [_median_and_spread(x[~np.isnan(x)]) for x in X.T]
        self.median_, spread = np.array(found).T
        self.spread_ = np.maximum(spread, 1 / LARGEST)
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return scaled numbers."""
        # Of quarters, as the difference of two large numbers may be infinite.
        z = np.where(np.isnan(X), self.median_, X) / 4
        z -= self.median_ / 4
        with np.errstate(over="ignore"):
            z /= self.spread_ / 4
        np.clip(z, -LARGEST, LARGEST, out=z)
        # The square of a large distance would be infinite.
        z /= np.hypot(1, z / BOUND)
        return z.astype(self.dtype, copy=False)


class GapIndicator(TransformerMixin, BaseEstimator):
    """A column of zeros and ones for each pattern of gaps that the rows of ``fit`` had.

    Parameters
    ----------
    dtype : dtype
        Of what comes out.
    """

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype

    def fit(self, X: np.ndarray, y: Any = None) -> Self:
        """Find the first column of each pattern."""
        patterns = {gaps.tobytes(): index for index, gaps in reversed([*enumerate(np.isnan(X.T))])}
        self.columns_ = sorted(patterns.values())
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return where the gaps are."""
        return np.isnan(X[:, self.columns_]).astype(self.dtype)

    def get_feature_names_out(self, input_features: Any) -> np.ndarray:
        """Return the names of the columns."""
        return np.asarray(input_features, dtype=object)[self.columns_]


@np.errstate(over="ignore")
def _median_and_spread(x: np.ndarray) -> tuple[float, float]:
    low, median, high = np.quantile(x / 4, [0.25, 0.5, 0.75]) * 4
    if high > low:
        return median, high - low
    away = np.abs(x - median)
    return median, np.median(away[away > 0]) if away.any() else 1.0
