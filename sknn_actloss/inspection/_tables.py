"""Tables of any kind, column by column: arrays, and data frames of pandas and polars."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from numbers import Real
from typing import Any, Self

import numpy as np
from scipy import sparse


class Table(ABC):
    """A table whose columns can be looked at and exchanged.

    Parameters
    ----------
    contents : ndarray or data frame
        What an estimator takes.
    """

    def __init__(self, contents: Any) -> None:
        self.contents = contents

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of rows and columns."""
        return self.contents.shape

    @property
    def names(self) -> list[str] | None:
        """Names of the columns, ``None`` where they have none."""
        return None

    @abstractmethod
    def column(self, index: int) -> np.ndarray:
        """Return the values of a column."""

    @abstractmethod
    def rows(self, indices: np.ndarray) -> Self:
        """Return some rows, in this order, as a table of their own."""

    @abstractmethod
    def replace(self, index: int, other: Table | np.ndarray) -> Self:
        """Return a copy with values in a column, or those that another table has in it."""

    def numbers(self, index: int) -> np.ndarray | None:
        """Return a column in double precision, ``None`` where it does not hold numbers."""
        values = self.column(index)
        if values.dtype.kind in "fiu":
            return values.astype(np.float64)
        if values.dtype.kind != "O" or not all(map(_is_number, values)):
            return None
        return np.array([np.nan if value is None else float(value) for value in values])

    def in_double(self) -> Self:
        """Return the table with its columns of short floats in double precision."""
        table = self
        for index in range(self.shape[1]):
            values = self.column(index)
            if values.dtype.kind == "f" and values.dtype.itemsize < 8:
                table = table.replace(index, values.astype(np.float64))
        return table

    def typical(self) -> Self:
        """Return as many rows that are all alike: lower medians, or the most frequent values."""
        n_rows, n_columns = self.shape
        table = self
        for index in range(n_columns):
            row = np.full(n_rows, _typical_row(self.column(index)))
            table = table.replace(index, self.rows(row))
        return table


class ArrayTable(Table):
    """An array."""

    def column(self, index: int) -> np.ndarray:
        return self.contents[:, index]

    def rows(self, indices: np.ndarray) -> Self:
        return type(self)(self.contents[indices])

    def replace(self, index: int, other: Table | np.ndarray) -> Self:
        values = other.column(index) if isinstance(other, Table) else other
        dtype = np.result_type(self.contents, values) if values.dtype.kind in "fiu" else object
        contents = self.contents.astype(np.promote_types(dtype, self.contents.dtype))
        contents[:, index] = values
        return type(self)(contents)

    def in_double(self) -> Self:
        """Return the table with short floats in double precision."""
        kind, size = self.contents.dtype.kind, self.contents.dtype.itemsize
        return type(self)(self.contents.astype(np.float64)) if kind == "f" and size < 8 else self


class PandasTable(Table):
    """A data frame of pandas."""

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(map(str, self.contents.columns))

    def column(self, index: int) -> np.ndarray:
        column = self.contents.iloc[:, index]
        is_number = column.dtype.kind in "fiu"
        # Extension types have missing values that NumPy's numbers lack.
        return (
            column.to_numpy(dtype=np.float64, na_value=np.nan) if is_number else np.asarray(column)
        )

    def rows(self, indices: np.ndarray) -> Self:
        return type(self)(self.contents.iloc[indices])

    def replace(self, index: int, other: Table | np.ndarray) -> Self:
        values = other
        if isinstance(other, Table):
            values = other.contents.iloc[:, index].set_axis(self.contents.index)
        contents = copy.copy(self.contents)
        contents.isetitem(index, values)
        return type(self)(contents)


class PolarsTable(Table):
    """A data frame of polars."""

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self.contents.columns)

    def column(self, index: int) -> np.ndarray:
        column = self.contents.to_series(index)
        if column.dtype.is_temporal():
            # The unit is of no matter; to_numpy of old releases fails on dates.
            return np.array(column.to_physical().to_list(), dtype="datetime64[us]")
        return (
            column.to_numpy() if column.dtype.is_numeric() else np.array(column.to_list(), object)
        )

    def rows(self, indices: np.ndarray) -> Self:
        return type(self)(self.contents[indices])

    def replace(self, index: int, other: Table | np.ndarray) -> Self:
        own = self.contents.to_series(index)
        values = type(own)(own.name, other) if isinstance(other, np.ndarray) else None
        values = other.contents.to_series(index) if values is None else values  # type: ignore[union-attr]
        return type(self)(self.contents.clone().replace_column(index, values))


def as_table(X: Any) -> Table:
    """Return rows as a table; sparse ones become dense.

    Raises
    ------
    ValueError
        If they have no columns.
    """
    if hasattr(X, "iloc") and hasattr(X, "columns"):
        return PandasTable(X)
    if hasattr(X, "to_series") and hasattr(X, "replace_column"):
        return PolarsTable(X)
    array = X.toarray() if sparse.issparse(X) else np.asarray(X)
    if array.ndim != 2:
        raise ValueError(
            f"X must be a table of rows and columns, got an array of {array.ndim} dimension(s). "
            "Turn texts and the like into columns first, and explain what comes behind."
        )
    return ArrayTable(array)


def baseline_table(X: Table, baseline: Any) -> Table:
    """Return what each row of a table is compared with, as a table like it.

    Parameters
    ----------
    X : Table
        The rows.
    baseline : None, float, array-like or data frame
        ``None`` for typical values, a number for all columns, one row, or as many rows.

    Raises
    ------
    ValueError
        If it has another number of rows or columns.
    """
    if baseline is None:
        return X.typical()
    n_rows, n_columns = X.shape
    if not hasattr(baseline, "columns") and np.ndim(baseline) < 2:
        values: Any = np.broadcast_to(np.asarray(baseline), n_columns)
        table = X
        for index, value in enumerate(values):
            table = table.replace(index, np.full(n_rows, value))
        return table
    table = as_table(baseline)
    if table.shape[1] != n_columns or table.shape[0] not in (1, n_rows):
        raise ValueError(
            f"baseline has shape {table.shape}, but X has shape {X.shape}. Give one row, or as "
            "many rows as X has, with the same columns."
        )
    return table if table.shape[0] == n_rows else table.rows(np.zeros(n_rows, dtype=int))


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, Real) and not isinstance(value, bool | np.bool_))


def _typical_row(values: np.ndarray) -> int:
    """Return a row whose value is the lower median, or the most frequent one."""
    if values.dtype.kind in "fiuM":
        order = np.argsort(values)  # missing values come last
        n_known = int(np.count_nonzero(values == values))
        return int(order[max(n_known - 1, 0) // 2])
    _, first, counts = np.unique(list(map(str, values)), return_index=True, return_counts=True)
    return int(first[np.argmax(counts)])
