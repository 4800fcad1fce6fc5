"""Minibatches: their order, and the rows gathered into buffers that every batch reuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy import sparse

from sknn_actloss.core import gather, gather_csr

#: Bytes of X and y that a group of batches may take: a part of a second-level cache.
GROUP_BYTES = 1 << 18

#: Batches of a group at most; more of them save no more time.
MAX_BATCHES = 16


class Batch(NamedTuple):
    """Rows of one step.

    Attributes
    ----------
    X : ndarray or CSR of shape (batch, n_features)
    y : ndarray of shape (batch, n_outputs)
    sample_weight : ndarray of shape (batch,) or None
    total_weight : float
        Number of rows times the mean weight of all training rows.
    rows : slice
        The place of the batch in its group.
    """

    X: np.ndarray | sparse.csr_array
    y: np.ndarray
    sample_weight: np.ndarray | None
    total_weight: float
    rows: slice


class Group(NamedTuple):
    """Batches whose rows are gathered at once, and whose losses are added up at once.

    Attributes
    ----------
    batches : list of Batch
    y : ndarray of shape (n_rows, n_outputs)
    sample_weight : ndarray of shape (n_rows,) or None
    """

    batches: list[Batch]
    y: np.ndarray
    sample_weight: np.ndarray | None


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

    Attributes
    ----------
    n_rows, n_batches : int
        Training rows, and batches of an epoch.
    group_size : int
        Rows of the largest group.
    """

    def __init__(
        self,
        X: np.ndarray | sparse.csr_array,
        y: np.ndarray,
        sample_weight: np.ndarray | None,
        rows: np.ndarray | None,
        batch_size: int,
    ) -> None:
        self._X, self._sample_weight, self._order = X, sample_weight, rows
        # Output by output, as networks store what they compare with the targets.
        self._y = np.ascontiguousarray(y.T)
        self.n_rows = X.shape[0] if rows is None else len(rows)
        self.batch_size = batch_size
        self.n_batches = -(-self.n_rows // batch_size)
        self._mean_weight = 1.0
        if sample_weight is not None:
            weights = sample_weight if rows is None else sample_weight[rows]
            self._mean_weight = float(weights.mean(dtype=np.float64))
        self.group_size = batch_size * min(_batches_in_group(X, y, batch_size), self.n_batches)
        is_dense = isinstance(X, np.ndarray)
        self._X_buffer = np.empty((self.group_size, X.shape[1]), y.dtype) if is_dense else None
        self._y_buffer = np.empty((y.shape[1], self.group_size), y.dtype)
        self._weight_buffer = None
        if sample_weight is not None:
            self._weight_buffer = np.empty(self.group_size, y.dtype)
        self._dense_batches: dict[tuple[int, int], Batch] = {}

    @property
    def total_weight(self) -> float:
        """Sum of the training weights: the number of rows where there are none."""
        return self.n_rows * self._mean_weight

    def shuffle(self, random_state: np.random.RandomState) -> None:
        """Draw a new order of the rows, the one that ``sklearn.utils.shuffle`` draws."""
        permutation = np.arange(self.n_rows)
        random_state.shuffle(permutation)
        self._order = permutation if self._order is None else self._order[permutation]

    def groups(self) -> Iterator[Group]:
        """Go through the rows once. The arrays hold until the next group is asked for."""
        for start in range(0, self.n_rows, self.group_size):
            stop = min(start + self.group_size, self.n_rows)
            rows = slice(start, stop) if self._order is None else self._order[start:stop]
            yield self._group(rows, stop - start)

    def _group(self, rows: slice | np.ndarray, n_rows: int) -> Group:
        y, weight = self._y_buffer[:, :n_rows].T, None
        gather(self._y, rows, y.T, axis=1)
        if self._sample_weight is not None:
            weight = self._weight_buffer[:n_rows]
            gather(self._sample_weight, rows, weight)
        places = [
            (start, min(start + self.batch_size, n_rows))
            for start in range(0, n_rows, self.batch_size)
        ]
        if self._X_buffer is None:
            batches = [self._batch(gather_csr(self._X, rows, y.dtype), place) for place in places]
        else:
            gather(self._X, rows, self._X_buffer[:n_rows])
            batches = [self._dense_batch(place) for place in places]
        return Group(batches, y, weight)

    def _dense_batch(self, place: tuple[int, int]) -> Batch:
        """Return the batch at a place of the group; its arrays are the same in every group."""
        if place not in self._dense_batches:
            self._dense_batches[place] = self._batch(self._X_buffer[slice(*place)], place)
        return self._dense_batches[place]

    def _batch(self, X: np.ndarray | sparse.csr_array, place: tuple[int, int]) -> Batch:
        rows = slice(*place)
        weight = None if self._weight_buffer is None else self._weight_buffer[rows]
        total_weight = (rows.stop - rows.start) * self._mean_weight
        return Batch(X, self._y_buffer[:, rows].T, weight, total_weight, rows)


def _batches_in_group(X: np.ndarray | sparse.csr_array, y: np.ndarray, batch_size: int) -> int:
    """Return how many batches fit in ``GROUP_BYTES``; a batch that is CSR comes alone."""
    if not isinstance(X, np.ndarray):
        return 1
    batch_bytes = batch_size * y.itemsize * (X.shape[1] + y.shape[1])
    return min(max(1, GROUP_BYTES // batch_bytes), MAX_BATCHES)
