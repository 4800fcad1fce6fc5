"""Rows to learn from, and rows to judge by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from sknn_actloss._sklearn import safe_indexing


@dataclass(frozen=True, eq=False)
class Holdout:
    """Rows that a network is judged by.

    Parameters
    ----------
    rows : ndarray of int or None
        Those of the rows of ``X``; ``None`` means all.
    targets : ndarray of shape (n_rows, n_outputs)
        Encoded targets in the data type of the computation.
    labels : ndarray or CSR of shape (n_samples,) or (n_samples, n_outputs)
        Targets of all rows of ``X`` before they are encoded, for scorers.
    sample_weight : ndarray of shape (n_rows,) or None
    X : ndarray or CSR of shape (n_samples, n_features), or None
        The rows; ``None`` where they are among those of the training data.
    given : Any
        X as it was given to fit, for scorers; ``None`` as above.
    """

    rows: np.ndarray | None
    targets: np.ndarray
    labels: Any
    sample_weight: np.ndarray | None
    X: np.ndarray | sparse.csr_array | None = None
    given: Any = None

    @cached_property
    def y(self) -> Any:
        """Targets before they are encoded, of the rows to judge by."""
        return self.labels if self.rows is None else safe_indexing(self.labels, self.rows)

    def at(
        self, rows: np.ndarray, targets: np.ndarray, sample_weight: np.ndarray | None
    ) -> Holdout:
        """Return other rows of the same data, given targets and weights of all."""
        weights = None if sample_weight is None else sample_weight[rows]
        return Holdout(rows, targets[rows], self.labels, weights)

    def matches(self, other: Holdout | None) -> bool:
        """Whether another one, of the same training data, has the same rows."""
        return other is not None and self.X is other.X and is_same(self.rows, other.rows)


@dataclass(frozen=True, eq=False)
class Partition:
    """Rows to learn from and to judge by.

    Parameters
    ----------
    train_rows : ndarray of int or None
        Rows to learn from; ``None`` means all.
    holdout : Holdout or None
        Rows to judge by.
    early_stopping : bool
        Whether training stops by what they say.
    groups : array-like of shape (n_samples,) or None
        What a splitter chose them by.
    """

    train_rows: np.ndarray | None = None
    holdout: Holdout | None = None
    early_stopping: bool = False
    groups: Any = None

    @property
    def given(self) -> dict[str, Any]:
        """What was given to ``fit`` for validation, by name."""
        groups = {} if self.groups is None else {"groups": np.asarray(self.groups)}
        own = self.holdout
        if own is None or own.X is None:
            return groups
        return {"X_val": own.X, "y_val": own.targets, "sample_weight_val": own.sample_weight}


def is_same(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    """Whether two arrays are equal, or both ``None``."""
    if first is None or second is None:
        return first is second
    return first is second or np.array_equal(first, second)
