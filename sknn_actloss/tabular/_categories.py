"""Codes of levels as rows of a table: columns of zeros and ones, or means of the target."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.model_selection import KFold
from sklearn.preprocessing import TargetEncoder

from sknn_actloss.tabular._targets import target_columns

N_FOLDS = 5


class Lookup(TransformerMixin, BaseEstimator):
    """Base of encoders that look codes up.

    Attributes
    ----------
    tables_ : list of ndarray of shape (n_levels + 1, n_columns)
        A row for each code of a column. The last one, which the code -1 finds, is for levels
        that ``fit`` has not seen.
    """

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return the rows of the tables, side by side."""
        codes = X.astype(np.intp).T
        pairs = zip(self.tables_, codes, strict=True)
        return np.concatenate([table[code] for table, code in pairs], axis=1)

    def get_feature_names_out(self, input_features: Any) -> np.ndarray:
        """Return the names of the columns."""
        names = [
            f"{feature}{ending}"
            for column, feature in enumerate(input_features)
            for ending in self._endings(column)
        ]
        return np.array(names, dtype=object)

    @abstractmethod
    def _endings(self, column: int) -> list[str]:
        """Return what follows a column's name in those of its table."""


class OneHot(Lookup):
    """A column for each level; -1 and 1 in a single one where there are two levels.

    Parameters
    ----------
    levels : sequence of tuple of str
        Names of the levels of each column.
    dtype : dtype
        Of what comes out.
    """

    def __init__(self, levels: Any, dtype: Any) -> None:
        self.levels = levels
        self.dtype = dtype

    def fit(self, X: np.ndarray, y: Any = None) -> Self:
        """Make the tables."""
        self.tables_ = [self._table(len(names)) for names in self.levels]
        return self

    def _table(self, n_levels: int) -> np.ndarray:
        if n_levels == 2:
            return np.array([[-1], [1], [0]], dtype=self.dtype)
        return np.eye(n_levels + 1, n_levels, dtype=self.dtype)

    def _endings(self, column: int) -> list[str]:
        names = [f"_{name}" for name in self.levels[column]]
        return names[1:] if len(names) == 2 else names


class TargetMeans(Lookup):
    """Mean of the target over each level, drawn towards that over all rows where rows are few.

    ``fit_transform`` gives each row means of the other folds, so that a row does not meet its
    own target.

    Parameters
    ----------
    target_type : {"auto", "continuous"}
        What the target is taken for.
    random_state : int, RandomState instance or None
        Source of the folds.
    """

    def __init__(self, target_type: str, random_state: Any) -> None:
        self.target_type = target_type
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: Any) -> Self:
        """Find the means over all rows."""
        self.tables_ = _mean_tables(X, target_columns(y, self.target_type))
        return self

    def fit_transform(self, X: np.ndarray, y: Any) -> np.ndarray:
        """Find the means over all rows, and return those over the other folds."""
        self.fit(X, y)
        target = target_columns(y, self.target_type)
        means = np.empty((len(X), X.shape[1] * target.shape[1]))
        folds = KFold(min(N_FOLDS, len(X)), shuffle=True, random_state=self.random_state)
        for others, rows in folds.split(X):
            encoders = _encoders(X[others], target[others])
            means[rows] = _side_by_side([encoder.transform(X[rows]) for encoder in encoders])
        return means

    def _endings(self, column: int) -> list[str]:
        n_columns = self.tables_[column].shape[1]
        return [f"_mean{index}" for index in range(n_columns)] if n_columns > 1 else ["_mean"]


def _encoders(X: np.ndarray, target: np.ndarray) -> list[TargetEncoder]:
    return [TargetEncoder(target_type="continuous").fit(X, column) for column in target.T]


def _mean_tables(X: np.ndarray, target: np.ndarray) -> list[np.ndarray]:
    encoders = _encoders(X, target)
    unseen = np.array([[encoder.target_mean_ for encoder in encoders]])
    return [
        np.concatenate([np.stack([encoder.encodings_[j] for encoder in encoders], axis=1), unseen])
        for j in range(X.shape[1])
    ]


def _side_by_side(means: list[np.ndarray]) -> np.ndarray:
    """Put the columns of one feature, one for each column of the target, next to each other."""
    return np.stack(means, axis=2).reshape(len(means[0]), -1)
