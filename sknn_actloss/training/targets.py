"""Encoded targets, held as compactly as they can be until a batch needs them as columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

import numpy as np

from sknn_actloss import kernels
from sknn_actloss._calls import Call, run

#: Rows whose targets are made dense at once where all rows are gone through.
BLOCK_BYTES = 1 << 21


def column_calls(columns: np.ndarray, rows: np.ndarray, out: np.ndarray) -> list[Call]:
    """Return the calls that write some rows of columns, both (n_columns, n_rows)."""
    pairs = zip(columns, out, strict=True)
    return [call for column, own in pairs for call in kernels.gather(column, rows, own)]


class EncodedTargets(ABC):
    """Targets of rows as networks are compared with them.

    Attributes
    ----------
    dtype : dtype
        Data type of the columns.
    """

    dtype: np.dtype

    @property
    @abstractmethod
    def n_rows(self) -> int:
        """Number of rows."""

    @property
    @abstractmethod
    def n_columns(self) -> int:
        """Number of columns that a batch has."""

    @abstractmethod
    def fill(self, rows: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls that write the columns of some rows.

        Parameters
        ----------
        rows : ndarray of int of shape (n_rows,)
            Where the rows are; read when the calls are made.
        out : ndarray of shape (n_columns, n_rows)
        """

    @abstractmethod
    def take(self, rows: np.ndarray) -> Self:
        """Return the targets of some rows."""

    @abstractmethod
    def followed_by(self, other: Self) -> Self:
        """Return these targets and then those of other rows."""

    @abstractmethod
    def distinct(self, sample_weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return rows of columns and weights that have the sums of all rows, as few as they are.

        Parameters
        ----------
        sample_weight : ndarray of shape (n_rows,)

        Returns
        -------
        y : ndarray of shape (n_distinct, n_columns)
        sample_weight : ndarray of shape (n_distinct,)
        """

    @property
    @abstractmethod
    def contents(self) -> np.ndarray:
        """The array that tells targets of one kind apart."""

    @property
    def varies(self) -> bool:
        """Whether rows differ in their targets."""
        contents = self.contents
        return bool(np.any(contents[..., 1:] != contents[..., :1]))

    @property
    def block_size(self) -> int:
        """Rows that are best made dense at once."""
        return max(1, BLOCK_BYTES // (self.n_columns * self.dtype.itemsize))

    def dense(self, rows: slice | np.ndarray = slice(None)) -> np.ndarray:
        """Return the columns of some rows, shape (n_rows, n_columns), stored column by column."""
        rows = np.arange(self.n_rows)[rows] if isinstance(rows, slice) else rows
        out = np.empty((self.n_columns, len(rows)), self.dtype)
        run(self.fill(rows, out))
        return out.T

    def equals(self, other: EncodedTargets) -> bool:
        """Whether other targets are the same."""
        if self is other:
            return True
        same_kind = type(self) is type(other) and self.n_columns == other.n_columns
        return (
            same_kind
            and self.dtype == other.dtype
            and np.array_equal(self.contents, other.contents)
        )


class Columns(EncodedTargets):
    """Numbers, or the states of labels as 0 and 1.

    Parameters
    ----------
    y : ndarray of shape (n_rows, n_columns)
        In the data type of the computation.
    """

    def __init__(self, y: np.ndarray) -> None:
        # Column by column, as networks store the outputs that they compare with them.
        self._y = np.ascontiguousarray(y.T)
        self.dtype = y.dtype

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self._y.shape[1]

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return self._y.shape[0]

    @property
    def contents(self) -> np.ndarray:
        """The columns, shape (n_columns, n_rows)."""
        return self._y

    def fill(self, rows: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls that write the columns of some rows."""
        return column_calls(self._y, rows, out)

    def take(self, rows: np.ndarray) -> Columns:
        """Return the targets of some rows."""
        return Columns(self._y.T[rows])

    def followed_by(self, other: Columns) -> Columns:
        """Return these targets and then those of other rows."""
        return Columns(np.concatenate([self._y, other._y], axis=1).T)

    def distinct(self, sample_weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return all rows."""
        return np.ascontiguousarray(self._y.T), sample_weight


class OneHot(EncodedTargets):
    """Classes by their index, which become columns of 0 and 1, one for each class.

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows,)
        The class of each row.
    n_classes : int
    dtype : dtype
        Data type of the columns.
    """

    def __init__(self, codes: np.ndarray, n_classes: int, dtype: np.dtype) -> None:
        self.codes, self.dtype = codes, np.dtype(dtype)
        self._classes = np.arange(n_classes, dtype=codes.dtype)[:, None]

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.codes)

    @property
    def n_columns(self) -> int:
        """Number of classes."""
        return len(self._classes)

    @property
    def contents(self) -> np.ndarray:
        """The class of each row, shape (n_rows,)."""
        return self.codes

    def fill(self, rows: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls that write the columns of some rows."""
        codes = np.empty(rows.shape, self.codes.dtype)
        return [
            *kernels.gather(self.codes, rows, codes),
            (np.equal, (codes, self._classes, out)),
        ]

    def take(self, rows: np.ndarray) -> OneHot:
        """Return the targets of some rows."""
        return OneHot(self.codes[rows], self.n_columns, self.dtype)

    def followed_by(self, other: OneHot) -> OneHot:
        """Return these targets and then those of other rows."""
        return OneHot(np.append(self.codes, other.codes), self.n_columns, self.dtype)

    def distinct(self, sample_weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return a row for each class, with the weight of all its rows."""
        weights = np.bincount(self.codes, sample_weight, self.n_columns)
        return np.eye(self.n_columns, dtype=self.dtype), weights
