"""Rows to learn from, and rows to judge by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse


@dataclass(frozen=True, eq=False)
class Holdout:
    """Rows that a network is judged by.

    Parameters
    ----------
    rows : ndarray of int or None
        Those of the rows of ``X``; ``None`` means all.
    targets : ndarray of shape (n_rows, n_outputs)
        Encoded targets in the data type of the computation.
    y : ndarray or CSR of shape (n_rows,) or (n_rows, n_outputs)
        Targets before they are encoded, for scorers.
    sample_weight : ndarray of shape (n_rows,) or None
    X : ndarray or CSR of shape (n_samples, n_features), or None
        The rows; ``None`` where they are among those of the training data.
    given : Any
        X as it was given to fit, for scorers; ``None`` as above.
    """

    rows: np.ndarray | None
    targets: np.ndarray
    y: Any
    sample_weight: np.ndarray | None
    X: np.ndarray | sparse.csr_array | None = None
    given: Any = None

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
    """

    train_rows: np.ndarray | None = None
    holdout: Holdout | None = None
    early_stopping: bool = False


def is_same(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    """Whether two arrays are equal, or both ``None``."""
    if first is None or second is None:
        return first is second
    return first is second or np.array_equal(first, second)
