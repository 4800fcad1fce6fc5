"""Tables of all kinds (pandas, polars, arrays, lists) as columns that are NumPy arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from typing import Any

import numpy as np
from sklearn.utils import check_array

from sknn_actloss.tabular._dates import zone_name


class Frame(ABC):
    """A table whose columns are read one by one.

    Parameters
    ----------
    table : object
        What the user gave.

    Attributes
    ----------
    labels : list or None
        What the columns are called: names, or other labels that are all different.
    names : list of str or None
        Names of the columns, where all of them are strings.
    shape : tuple of int
        Numbers of rows and columns.
    """

    def __init__(self, table: Any) -> None:
        self.table = table
        self.shape = tuple(table.shape)
        labels = list(getattr(table, "columns", []))
        are_names = bool(labels) and all(isinstance(label, str) for label in labels)
        self.names = labels if are_names else None
        self.labels = labels if are_names or 0 < len(labels) == len(set(labels)) else None

    @abstractmethod
    def column(self, index: int) -> np.ndarray:
        """Return the values of a column, of shape (n_rows,).

        Its dtype is that of numbers, truth values, dates or spans of time, or else object.
        """

    def is_category(self, index: int) -> bool:
        """Whether the type of a column says that it holds categories."""
        return False

    def zone(self, index: int) -> str:
        """Return the time zone that the type of a column says, "" where it says none."""
        return ""


class ArrayFrame(Frame):
    """An array of two dimensions."""

    def column(self, index: int) -> np.ndarray:
        """Return a column of the array."""
        return self.table[:, index]


class PandasFrame(Frame):
    """A DataFrame of pandas, with dtypes of NumPy, of pandas or of Arrow."""

    def column(self, index: int) -> np.ndarray:
        """Return the values of a column."""
        series = self._series(index)
        dtype = series.dtype
        if isinstance(dtype, np.dtype):
            return series.to_numpy()
        if dtype.kind in "iuf":
            # Integers with gaps become floats, as there are no gaps of integers.
            has_gaps = series.hasnans
            own = getattr(dtype, "numpy_dtype", np.dtype(np.float64))
            own = np.float64 if has_gaps and dtype.kind != "f" else own
            return series.to_numpy(dtype=own, **({"na_value": np.nan} if has_gaps else {}))
        if dtype.name.startswith(("datetime64", "timestamp")):
            return series.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
        if dtype.kind == "m":
            return series.to_numpy(dtype="timedelta64[us]")
        if dtype.name.startswith("period"):
            return series.dt.to_timestamp().to_numpy()
        return np.asarray(series.array, dtype=object)

    def is_category(self, index: int) -> bool:
        """Whether a column has pandas' ``category`` dtype or Arrow's dictionary type."""
        name = self._series(index).dtype.name
        return name == "category" or name.startswith("dictionary")

    def zone(self, index: int) -> str:
        """Return the time zone of a column of pandas or of Arrow."""
        dtype = self._series(index).dtype
        return zone_name(getattr(getattr(dtype, "pyarrow_dtype", dtype), "tz", None))

    def _series(self, index: int) -> Any:
        # Several times as fast as ``iloc``, which counts where there is one row.
        return self.table.iloc[:, index] if self.names is None else self.table[self.names[index]]


class PolarsFrame(Frame):
    """A DataFrame of polars."""

    def column(self, index: int) -> np.ndarray:
        """Return the values of a column."""
        series = self.table.to_series(index)
        kind = str(series.dtype).partition("(")[0]
        if kind == "Datetime":
            series = series.dt.replace_time_zone(None)
        if kind in ("Date", "Datetime"):
            return _microseconds(series.dt.timestamp("us")).view("datetime64[us]")
        if kind == "Duration":
            return _microseconds(series.dt.total_microseconds()).view("timedelta64[us]")
        if kind in ("Int128", "UInt128"):
            return series.cast(float).to_numpy()
        if series.dtype.is_nested():
            return np.fromiter(series.to_list(), dtype=object, count=len(series))
        return series.to_numpy()

    def is_category(self, index: int) -> bool:
        """Whether a column has the type ``Categorical`` or ``Enum``."""
        return str(self.table.dtypes[index]).startswith(("Categorical", "Enum"))

    def zone(self, index: int) -> str:
        """Return the time zone of a column."""
        return zone_name(getattr(self.table.dtypes[index], "time_zone", None))


def as_frame(X: Any, estimator: Any, min_rows: int = 1) -> Frame:
    """Return a table as something that gives columns.

    Parameters
    ----------
    X : object
        DataFrame of pandas or polars, array or list of rows.
    estimator : estimator
        For messages.
    min_rows : int, default=1
        Rows that it must have.

    Raises
    ------
    TypeError
        If X is sparse or lazy.
    ValueError
        If it has too few rows, no columns, or two columns of one name.
    """
    if hasattr(X, "collect"):
        raise TypeError("X is a lazy table; pass X.collect() instead.")
    kind = _kind(X)
    if kind is ArrayFrame:
        return ArrayFrame(_as_array(X, estimator, min_rows))
    frame = kind(X)
    _check_shape(frame, estimator, min_rows)
    _check_names(frame)
    return frame


def _kind(X: Any) -> type[Frame]:
    packages = {base.__module__.partition(".")[0] for base in type(X).__mro__}
    if len(getattr(X, "shape", ())) == 2:
        for package, kind in (("pandas", PandasFrame), ("polars", PolarsFrame)):
            if package in packages:
                return kind
    return ArrayFrame


def _microseconds(series: Any) -> np.ndarray:
    """Return int64 for a series of polars, which fails at dates itself in some releases."""
    return series.fill_null(np.iinfo(np.int64).min).to_numpy()  # NumPy's NaT


def _as_array(X: Any, estimator: Any, min_rows: int) -> np.ndarray:
    # Numbers and strings in one list would otherwise all become strings.
    dtype = None if hasattr(X, "dtype") else object
    return check_array(
        X, dtype=dtype, ensure_all_finite=False, ensure_min_samples=min_rows, estimator=estimator
    )


def _check_shape(frame: Frame, estimator: Any, min_rows: int) -> None:
    for what, n, minimum in zip(("sample", "feature"), frame.shape, (min_rows, 1), strict=True):
        if n < minimum:
            raise ValueError(
                f"Found a table with {n} {what}(s) (shape={frame.shape}) while a minimum of "
                f"{minimum} is required by {type(estimator).__name__}."
            )


def _check_names(frame: Frame) -> None:
    repeated = [name for name, count in Counter(frame.names or []).items() if count > 1]
    if repeated:
        raise ValueError(
            f"X has several columns of the name {repeated[0]!r}; rename all but one of them, or "
            "drop them if they hold the same."
        )
