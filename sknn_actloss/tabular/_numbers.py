"""Numbers on one scale, without gaps, and columns that say where the gaps were."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin

#: Bound of what comes out, in distances between quartiles.
BOUND = 3.0

#: Distance that stands for those that are infinite; its inverse for those that are nearly zero.
LARGEST = 1e300

#: Distance between quartiles, as a share of the range, that counts as zero: rounding, as a rule.
SMALLEST_SHARE = 1e-6

#: Distance beyond which single precision would not tell numbers apart that have been pulled in.
FAR = 300.0


class RobustScale(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Distance from the median in distances between quartiles, with its tails pulled in.

    A distance z becomes z / sqrt(1 + (z / 3)²), which lies within -3 and 3. A gap becomes the
    median.

    Parameters
    ----------
    dtype : dtype
        Of what comes out; double precision where it could not tell large distances apart.
    """

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype

    def fit(self, X: np.ndarray, y: Any = None) -> Self:
        """Find median and scale of each column."""
        found = [_median_and_spread(x[~np.isnan(x)]) for x in X.T]
        self.median_, spread = np.array(found).T
        self.spread_ = np.maximum(spread, 1 / LARGEST)
        ends = np.stack([np.nanmin(X, axis=0), np.nanmax(X, axis=0)])
        self.is_far_ = bool(np.abs(self._distances(ends)).max() > FAR)
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return scaled numbers."""
        z = self._distances(X)
        # The square of a large distance would be infinite.
        z /= np.hypot(1, z / BOUND)
        return z.astype(self.output_dtype, copy=False)

    @property
    def output_dtype(self) -> np.dtype:
        """Data type of what comes out."""
        return np.result_type(self.dtype, np.float64 if self.is_far_ else self.dtype)

    def _distances(self, X: np.ndarray) -> np.ndarray:
        # Of quarters, as the difference of two large numbers may be infinite.
        z = np.where(np.isnan(X), self.median_, X) / 4
        z -= self.median_ / 4
        with np.errstate(over="ignore"):
            z /= self.spread_ / 4
        return np.clip(z, -LARGEST, LARGEST, out=z)


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


def _median_and_spread(x: np.ndarray) -> tuple[float, float]:
    """Return the median and the distance between quartiles, or what stands for it.

    Where the latter is zero beside the range, values far from the median have most to tell.
    """
    # Of quarters, as the difference of two large numbers may be infinite.
    low, median, high = np.quantile(x / 4, [0.25, 0.5, 0.75])
    nothing = SMALLEST_SHARE * (x.max() / 4 - x.min() / 4)
    spread = high - low
    if spread <= nothing:
        away = np.abs(x / 4 - median)
        spread = np.median(away[away > nothing]) if (away > nothing).any() else 0.25
    return 4 * median, 4 * min(spread, LARGEST)
