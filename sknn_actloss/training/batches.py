"""Minibatches: their order, and the rows gathered into buffers that every batch reuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.utils import shuffle


class Batch(NamedTuple):
    """Rows of one step.

    Attributes
    ----------
    X : ndarray or CSR of shape (batch, n_features)
    y : ndarray of shape (batch, n_outputs)
    sample_weight : ndarray of shape (batch,) or None
    total_weight : float
        Number of rows times the mean weight of all training rows.
    """

    X: np.ndarray | sparse.csr_array
    y: np.ndarray
    sample_weight: np.ndarray | None
    total_weight: float


class Batches:
    """The training rows in minibatches.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
        All rows; never copied as a whole.
    y : ndarray of shape (n_samples, n_outputs)
        Encoded targets, in the data type of the computation.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights of the rows.
    rows : ndarray of int or None
        The training rows; ``None`` means all.
    batch_size : int
        Rows of a batch; the last one may have fewer.
    """

    def __init__(
        self,
        X: np.ndarray | sparse.csr_array,
        y: np.ndarray,
        sample_weight: np.ndarray | None,
        rows: np.ndarray | None,
        batch_size: int,
    ) -> None:
        self._X, self._y, self._sample_weight = X, y, sample_weight
        self._order = rows
        self.n_rows = X.shape[0] if rows is None else len(rows)
        self.batch_size = batch_size
        self._mean_weight = 1
        if sample_weight is not None:
            weights = sample_weight if rows is None else sample_weight[rows]
            self._mean_weight = float(weights.mean(dtype=np.float64))
        self._buffers = {
            name: np.empty((batch_size, *array.shape[1:]), y.dtype)
            for name, array in (("X", X), ("y", y), ("sample_weight", sample_weight))
            if isinstance(array, np.ndarray)
        }

    @property
    def total_weight(self) -> float:
        """Sum of the training weights: the number of rows where there are none."""
        return self.n_rows * self._mean_weight

    def __len__(self) -> int:
        """Number of batches in an epoch."""
        return -(-self.n_rows // self.batch_size)

    def shuffle(self, random_state: np.random.RandomState) -> None:
        """Draw a new order of the rows, in scikit-learn's way."""
        order = np.arange(self.n_rows) if self._order is None else self._order
        self._order = shuffle(order, random_state=random_state)

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, self.n_rows, self.batch_size):
            stop = min(start + self.batch_size, self.n_rows)
            rows = slice(start, stop) if self._order is None else self._order[start:stop]
            yield Batch(
                self._take("X", self._X, rows),
                self._take("y", self._y, rows),
                self._take("sample_weight", self._sample_weight, rows),
                (stop - start) * self._mean_weight,
            )

    def _take(
        self, name: str, array: np.ndarray | sparse.csr_array | None, rows: slice | np.ndarray
    ) -> np.ndarray | sparse.csr_array | None:
        if not isinstance(array, np.ndarray):
            return None if array is None else array[rows]
        if isinstance(rows, slice):
            return array[rows].astype(self._y.dtype, copy=False)
        target = self._buffers[name][: len(rows)]
        if array.dtype == target.dtype and array.flags.c_contiguous:
            # take would copy an array in another order as a whole; mode="clip" lets it write to
            # the target without a buffer in between.
            return np.take(array, rows, axis=0, out=target, mode="clip")
        target[...] = array[rows]
        return target
