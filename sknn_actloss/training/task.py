"""What networks are trained on: rows to learn from, and rows to judge by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sknn_actloss._sklearn import safe_indexing
from sknn_actloss.core import Layout, Rows
from sknn_actloss.training.resample import Draw
from sknn_actloss.training.targets import EncodedTargets


@dataclass(frozen=True, eq=False)
class Holdout:
    """Rows that networks are judged by.

    Parameters
    ----------
    rows : ndarray of int or None
        Those of the rows of the task; ``None`` means all rows of ``X``.
    y : EncodedTargets
        Their targets, in the data type of the computation.
    labels : ndarray or CSR of shape (n_rows,) or (n_rows, n_outputs)
        Their targets before they are encoded, for scorers.
    sample_weight : ndarray of shape (n_rows,) or None
    X : Rows or None
        The rows; ``None`` where they are among those of the task.
    given : Any
        X as it was given to fit, for scorers; ``None`` as above.
    """

    rows: np.ndarray | None
    y: EncodedTargets
    labels: Any
    sample_weight: np.ndarray | None
    X: Rows | None = None
    given: Any = None

    def weighted(self, sample_weight: np.ndarray) -> Holdout:
        """Return the rows with other weights."""
        return replace(self, sample_weight=sample_weight)

    def matches(self, other: Holdout | None) -> bool:
        """Whether another one, of the same training data, has the same rows."""
        return other is not None and self.X is other.X and is_same(self.rows, other.rows)


@dataclass(frozen=True, eq=False)
class Task:
    """Rows that all networks of a run go through, batch by batch.

    Parameters
    ----------
    X : Rows or None
        All rows; ``None`` where another task of the same run holds them.
    y : EncodedTargets
        Their targets, in the data type of the computation.
    labels : ndarray or CSR of shape (n_samples,) or (n_samples, n_outputs)
        The targets before they are encoded.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights of the rows, by class as well.
    layout : Layout
        Shape of the networks.
    batch_size : int
        Rows of a batch.
    random_state : RandomState
        Draws the order of the rows.
    shuffle : bool
        Whether each epoch takes the rows in a new order.
    train_rows : ndarray of int or None
        Rows to learn from; ``None`` means all.
    holdout : Holdout or None
        Rows to judge by.
    given : Any
        X as it was given to fit; ``None`` as for ``X``.
    """

    X: Rows | None
    y: EncodedTargets
    labels: Any
    sample_weight: np.ndarray | None
    layout: Layout
    batch_size: int
    random_state: np.random.RandomState
    shuffle: bool = True
    train_rows: np.ndarray | None = None
    holdout: Holdout | None = None
    given: Any = None

    @property
    def n_rows(self) -> int:
        """Number of rows to learn from."""
        return self.y.n_rows if self.train_rows is None else len(self.train_rows)

    def hold_out(self, rows: np.ndarray) -> Holdout:
        """Return some of the rows as those to judge by."""
        weights = None if self.sample_weight is None else self.sample_weight[rows]
        return Holdout(rows, self.y.take(rows), safe_indexing(self.labels, rows), weights)

    def weights_of(self, draw: Draw) -> np.ndarray:
        """Return the weights of the rows in the training of a member with a draw of its own."""
        counts = draw.counts.astype(self.y.dtype)
        return counts if self.sample_weight is None else counts * self.sample_weight

    def matches(self, other: Task) -> bool:
        """Whether networks of another task go through the very same batches in one stack."""
        mine, theirs = self.holdout, other.holdout
        return (
            self.X.is_same(other.X)
            and self.layout == other.layout
            and self.batch_size == other.batch_size
            and self.shuffle == other.shuffle
            and self.y.equals(other.y)
            and is_same(self.sample_weight, other.sample_weight)
            and is_same(self.train_rows, other.train_rows)
            and (mine is theirs if mine is None else mine.matches(theirs))
        )


def is_same(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    """Whether two arrays are equal, or both ``None``."""
    if first is None or second is None:
        return first is second
    return first is second or np.array_equal(first, second)
