"""What a column holds: numbers, truth values, categories, strings or dates."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

_KINDS_OF_DTYPES = {
    **dict.fromkeys("iufm", "number"),
    "b": "category",
    "M": "date",
    **dict.fromkeys("US", "string"),
}
_MISSING_TYPES = {"NoneType", "NAType", "NaTType"}
_UNEQUAL_TO_THEMSELVES = (float, np.floating, Decimal, np.datetime64, np.timedelta64)


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN, or pandas' NA or NaT."""
    if type(value).__name__ in _MISSING_TYPES:
        return True
    return isinstance(value, _UNEQUAL_TO_THEMSELVES) and bool(value != value)


def present(values: np.ndarray) -> list:
    """Return the values of a column that are not missing, as Python's own objects."""
    if values.dtype.kind in "fmM":
        return values[
            ~np.isnat(values) if values.dtype.kind in "mM" else ~np.isnan(values)
        ].tolist()
    values = values.tolist()
    return [value for value in values if not is_missing(value)]


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
        mixture of types, "nested" what holds lists, sets, dicts or arrays.
    """
    if values.dtype.kind == "c":
        return "complex"
    if values.dtype.kind != "O":
        return _KINDS_OF_DTYPES.get(values.dtype.kind, "nested")
    return _kind_of_types(set(map(type, present(values))))


def _kind_of_types(types: set[type]) -> str:
    def all_are(*bases: type) -> bool:
        return all(issubclass(one, bases) for one in types)

    if any(one.__hash__ is None or issubclass(one, tuple) for one in types):
        return "nested"
    if all_are(bool, np.bool_):
        return "category"
    if all_are(Real, Decimal) or all_are(timedelta):
        return "number"
    return "date" if all_are(date, np.datetime64) else "string"
