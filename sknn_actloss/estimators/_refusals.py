"""Targets that are refused: text and dates as numbers, and labels that are no classes.

Dates as numbers count some unit that nobody chose.
"""

from __future__ import annotations

import datetime
from math import isnan
from typing import Any

import numpy as np
from sklearn.utils.multiclass import type_of_target

from sknn_actloss._component import as_python
from sknn_actloss._numeric import as_floats

DATES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)


def refuse_dates(y: Any) -> None:
    """Raise a TypeError where targets of a regression hold dates or durations."""
    found = _date_type(y)
    if found:
        raise TypeError(
            f"y holds {found}, but targets must be numbers. Turn dates and durations into numbers "
            "of a unit, such as (y - y.min()) / numpy.timedelta64(1, 'D'), and leave out rows "
            "with NaT."
        )


def refuse_text(y: Any) -> None:
    """Raise a ValueError where targets of a regression hold text that is no number."""
    values = _array(y)
    if values is None or values.dtype.kind not in "OSU" or as_floats(values) is not None:
        return
    text = next(
        (e for e in values.flat if isinstance(e, str | bytes) and as_floats(e) is None), None
    )
    if text is not None:
        raise ValueError(
            f"y holds {as_python(text)!r}, which cannot be converted to a number. Leave out rows "
            "without a number, or take MLPClassifier for classes."
        )


def refuse_gaps(y: Any) -> None:
    """Raise a ValueError where some targets are NaN, NaT, or the NA of pandas."""
    found = _gap_in(_array(y))
    if found:
        raise ValueError(f"Input y contains {found}, a missing value. Leave out these rows.")


def _gap_in(values: np.ndarray | None) -> str:
    """Return what the first missing value is called, ``""`` where there is none."""
    if values is None or values.dtype.kind not in "fmMO":
        return ""
    if values.dtype.kind in "mM":
        return "NaT" if np.isnat(values).any() else ""
    if values.dtype.kind == "f":
        return "NaN" if np.isnan(values).any() else ""
    if "NAType" in {type(value).__name__ for value in values.flat}:
        return "NA"
    return "NaN" if any(isinstance(value, float) and isnan(value) for value in values.flat) else ""


def refuse_mixed_types(labels: Any, name: str = "y") -> None:
    """Raise a TypeError where labels cannot be put in order, as where some are missing."""
    if getattr(labels, "dtype", np.dtype(object)).kind != "O":
        return
    known = set(np.ravel(np.asarray(labels, object)).tolist())
    types = sorted({type(label).__name__ for label in known})
    if None not in known and _can_be_sorted(known):
        return
    raise TypeError(
        f"{name} has labels of the types {', '.join(types)}, which cannot be put in order. Give "
        "all of them one type, such as y.astype(str), and leave out rows without a label."
    )


def _can_be_sorted(labels: set[Any]) -> bool:
    try:
        sorted(labels)
    except TypeError:
        return False
    return True


def refuse_columns_of_classes(y: Any) -> None:
    """Raise a ValueError where each row has several classes that are no labels."""
    if getattr(y, "ndim", 1) == 2 and type_of_target(y) == "multiclass-multioutput":
        raise ValueError(
            "y has several columns of classes, but a row has one class, or labels in columns of 0 "
            "and 1. Take sklearn.multioutput.MultiOutputClassifier, or a classifier a column."
        )


def _date_type(y: Any) -> str:
    """Return the type of the first date or duration, ``""`` where there is none."""
    if getattr(getattr(y, "dtype", None), "kind", "O") in "biufc":
        return ""
    # Polars tells of dates by their type; its oldest releases cannot make arrays of them.
    dtypes = [y.dtype] if hasattr(y, "dtype") else getattr(y, "dtypes", [])
    for dtype in dtypes:
        if hasattr(dtype, "is_temporal") and dtype.is_temporal():
            return str(dtype)
    values = _array(y)
    if values is None:
        return ""
    if values.dtype.kind in "mM":
        return str(values.dtype)
    entries = values.flat if values.dtype == object else ()
    return next((type(entry).__name__ for entry in entries if isinstance(entry, DATES)), "")


def _array(y: Any) -> np.ndarray | None:
    try:
        return np.asarray(y)
    except Exception:  # for the validation to complain about
        return None
