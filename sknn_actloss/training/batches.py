"""Minibatches: their order, and the rows gathered into arrays that every batch reuses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sknn_actloss import kernels
from sknn_actloss._calls import Call, run
from sknn_actloss.core import Rows
from sknn_actloss.training.targets import EncodedTargets, column_calls

#: Bytes of X and y that a group of batches may take: a part of a second-level cache.
GROUP_BYTES = 1 << 18

#: Batches of a group at most; more of them save no more time.
MAX_BATCHES = 16


class Batch(NamedTuple):
    """Rows of one step.

    Attributes
    ----------
    X : Rows
        Where they are dense, with a column of ones in front.
    y : ndarray of shape (batch, n_outputs)
    sample_weight : ndarray of shape (batch,) or (n_members, batch), or None
    total_weight : float or ndarray of shape (n_members,)
        Number of rows times the mean weight of all training rows.
    rows : slice
        Where the batch lies in its group.
    """

    X: Rows
    y: np.ndarray
    sample_weight: np.ndarray | None
    total_weight: float | np.ndarray
    rows: slice


@dataclass(frozen=True, eq=False)
class Group:
    """Batches whose rows are gathered at once, and whose losses are added up at once.

    Attributes
    ----------
    X : Rows
        Where they are dense, with a column of ones in front.
    y : ndarray of shape (n_rows, n_outputs)
    sample_weight : ndarray of shape (n_rows,) or (n_members, n_rows), or None
    batches : list of Batch
        Its parts.
    order : ndarray of int of shape (n_rows,)
        Where its rows are.
    fill : list of Call
        What brings the rows from there.
    """

    X: Rows
    y: np.ndarray
    sample_weight: np.ndarray | None
    batches: list[Batch]
    order: np.ndarray
    fill: list[Call]


class Batches:
    """The training rows in minibatches.

    Parameters
    ----------
    X : Rows
        All rows; never copied as a whole.
    y : EncodedTargets
        Targets of all rows, in the data type of the computation.
    sample_weight : ndarray of shape (n_samples,) or (n_members, n_samples), or None
        Weights of the rows, for all members or for each of them.
    rows : ndarray of int or None
        The training rows; ``None`` means all.
    batch_size : int
        Rows of a batch; the last one may have fewer.
    max_batches : int
        Batches of a group at most.

    Attributes
    ----------
    n_rows, n_batches : int
        Training rows, and batches of an epoch.
    group_size : int
        Rows of the largest group.
    order : ndarray of int or None
        The training rows in the order of the latest epoch; ``None`` means all as they are.
    """

    def __init__(
        self,
        X: Rows,
        y: EncodedTargets,
        sample_weight: np.ndarray | None,
        rows: np.ndarray | None,
        batch_size: int,
        max_batches: int = MAX_BATCHES,
    ) -> None:
        self._X, self._y, self._sample_weight, self.order = X, y, sample_weight, rows
        self.n_rows = X.n_rows if rows is None else len(rows)
        self.batch_size, self._max_batches = batch_size, max_batches
        self.n_batches = -(-self.n_rows // batch_size)
        self._mean_weight: float | np.ndarray = 1.0
        if sample_weight is not None:
            # Sorted, so that the sum is the same in whatever order the rows come.
            weights = sample_weight if rows is None else sample_weight[..., np.sort(rows)]
            mean = weights.mean(axis=-1, dtype=np.float64)
            self._mean_weight = mean if mean.ndim else float(mean)
        n_batches = min(_batches_in_group(X, y, batch_size), max_batches, self.n_batches)
        self.group_size = batch_size * n_batches
        self._room = X.buffer(self.group_size, y.dtype) if X.has_parts else None
        self._targets = np.empty((y.n_columns, self.group_size), y.dtype)
        self._weights = None
        if sample_weight is not None:
            shape = (*sample_weight.shape[:-1], self.group_size)
            self._weights = np.empty(shape, y.dtype)
        self._groups: dict[int, Group] = {}

    @property
    def total_weight(self) -> float | np.ndarray:
        """Sum of the training weights: the number of rows where there are none."""
        return self.n_rows * self._mean_weight

    @property
    def has_own_weights(self) -> bool:
        """Whether each member has weights of its own."""
        return self._sample_weight is not None and self._sample_weight.ndim == 2

    def of_members(self, members: Sequence[int]) -> Batches:
        """Return the batches for some of the members, in the order that these have come to."""
        if not self.has_own_weights:
            return self
        weights = self._sample_weight[members[0] if len(members) == 1 else list(members)]
        return Batches(self._X, self._y, weights, self.order, self.batch_size, self._max_batches)

    def shuffle(self, random_state: np.random.RandomState) -> None:
        """Draw a new order of the rows, the one that ``sklearn.utils.shuffle`` draws."""
        permutation = np.arange(self.n_rows)
        random_state.shuffle(permutation)
        self.order = permutation if self.order is None else self.order[permutation]

    def groups(self) -> Iterator[Group]:
        """Go through the rows once.

        All groups share their arrays, and those of one size are the same object: what a group
        holds is lost when the next one is asked for.
        """
        for start in range(0, self.n_rows, self.group_size):
            stop = min(start + self.group_size, self.n_rows)
            rows = np.arange(start, stop) if self.order is None else self.order[start:stop]
            if stop - start not in self._groups:
                self._groups[stop - start] = self._new_group(stop - start)
            group = self._groups[stop - start]
            group.order[:] = rows
            run(group.fill)
            yield group

    def _room_of(self, n_rows: int) -> Rows:
        """Return room for the rows of a group, shared by groups where rows have parts."""
        if self._room is None:
            return self._X.buffer(n_rows, self._y.dtype)
        return self._room.part(slice(0, n_rows))

    def _new_group(self, n_rows: int) -> Group:
        X, y = self._room_of(n_rows), self._targets[:, :n_rows].T
        weight = None if self._weights is None else self._weights[..., :n_rows]
        starts = range(0, n_rows, self.batch_size)
        parts = [slice(start, min(start + self.batch_size, n_rows)) for start in starts]
        batches = [
            Batch(
                X.part(rows) if len(parts) > 1 else X,
                y[rows],
                None if weight is None else weight[..., rows],
                (rows.stop - rows.start) * self._mean_weight,
                rows,
            )
            for rows in parts
        ]
        order = np.empty(n_rows, np.intp)
        fill = [*self._y.fill(order, y.T), *self._X.gather(order, X)]
        if weight is not None:
            fill += column_calls(np.atleast_2d(self._sample_weight), order, np.atleast_2d(weight))
        return Group(X, y, weight, batches, order, kernels.fused(fill))


def _batches_in_group(X: Rows, y: EncodedTargets, batch_size: int) -> int:
    """Return how many batches fit in ``GROUP_BYTES``; where rows have no parts, one."""
    if not X.has_parts:
        return 1
    batch_bytes = batch_size * y.dtype.itemsize * (X.n_features + y.n_columns)
    return max(1, GROUP_BYTES // batch_bytes)
