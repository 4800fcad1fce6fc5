"""What a column holds: numbers, truth values, categories, strings or dates."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

_KINDS_OF_DTYPES = {
    **dict.fromkeys("iufm", "number"),
    "b": "category",
    "M": "date",
    **dict.fromkeys("UST", "string"),
}
_MISSING_TYPES = {"NoneType", "NAType", "NaTType"}
_UNEQUAL_TO_THEMSELVES = (float, np.floating, Decimal, np.datetime64, np.timedelta64)


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN, or pandas' NA or NaT."""
    if type(value).__name__ in _MISSING_TYPES:
        return True
    return isinstance(value, _UNEQUAL_TO_THEMSELVES) and bool(value != value)


def as_levels(values: np.ndarray) -> list[Any]:
    """Return values as objects that are equal whatever unit or precision a column has them in."""
    if values.dtype.kind in "mM":
        values = values.astype(f"{values.dtype.kind}8[us]")
    elif values.dtype.kind == "f" and values.dtype.itemsize < 8:
        # As they are written: 0.1 in single precision is 0.1.
        values = values.astype(str).astype(np.float64)
    levels = values.tolist()
    if values.dtype.kind == "O" and any(issubclass(kind, date) for kind in set(map(type, levels))):
        return [_moment(level) for level in levels]
    return levels


def _moment(level: Any) -> Any:
    """Return what the clock shows at a date, anything else as it is."""
    if isinstance(level, datetime):
        return level if is_missing(level) else level.replace(tzinfo=None)
    is_day = isinstance(level, date)
    return datetime(level.year, level.month, level.day) if is_day else level


def level_counts(values: np.ndarray) -> Counter:
    """Return how often each value of a column occurs, missing ones left out."""
    if values.dtype.kind in "fmM":
        # Each NaN that leaves an array is a level of its own.
        values = values[~(np.isnan(values) if values.dtype.kind == "f" else np.isnat(values))]
    counts = Counter(as_levels(values))
    for level in [level for level in counts if is_missing(level)]:
        del counts[level]
    return counts


def kind_of(values: np.ndarray) -> str:
    """Tell what a column holds.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        The column.

    Returns
    -------
    kind : {"number", "category", "string", "date", "nested", "complex"}
        Truth values are a category. Objects are judged one by one: "string" is what has any
        mixture of types, "nested" what holds lists, sets, dicts or arrays, and "number" what
        holds nothing.
    """
    if values.dtype.kind == "c":
        return "complex"
    if values.dtype.kind != "O":
        return _KINDS_OF_DTYPES.get(values.dtype.kind, "nested")
    try:
        return _kind_of_types(set(map(type, level_counts(values))))
    except TypeError:  # a value without hash
        return "nested"


def _kind_of_types(types: set[type]) -> str:
    def all_are(*bases: type) -> bool:
        return all(issubclass(one, bases) for one in types)

    if not types:
        return "number"
    if any(issubclass(one, tuple | frozenset) for one in types):
        return "nested"
    if all_are(bool, np.bool_):
        return "category"
    if all_are(timedelta, np.timedelta64) or all_are(time):
        return "number"
    if all_are(Real, Decimal):
        return "number"
    return "date" if all_are(date, np.datetime64) else "string"
