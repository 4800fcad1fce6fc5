"""Parts of dates and times as numbers, and numbers with a period as points of a circle."""

from __future__ import annotations

from datetime import date, datetime, timezone, tzinfo
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from sknn_actloss.tabular._kinds import is_missing

#: Parts of a date; "time" is in days, so that what lies in no other part is not lost.
PARTS = ("time", "year", "month", "weekday", "hour")
PERIODS = {"month": 12, "weekday": 7, "hour": 24}

NAMES_OF_UTC = {"UTC+00:00", "Etc/UTC", "Etc/GMT", "GMT", "Zulu", "Z"}


def as_dates(values: np.ndarray, name: str) -> np.ndarray:
    """Return a column of dates in microseconds, without time zone.

    Raises
    ------
    ValueError
        If it holds something else; the message names the column.
    """
    try:
        if values.dtype.kind == "O":
            moments = [_local(_as_date(value)) for value in values.tolist()]
            values = np.array(moments, "datetime64[us]")
        if values.dtype.kind in "fm" and np.isnan(values).all():
            return np.full(len(values), "NaT", "datetime64[us]")
        if values.dtype.kind != "M":
            raise ValueError(f"its type is {values.dtype}")
        return values.astype("datetime64[us]")
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f"Column {name!r} of X held dates in fit, and cannot be read as dates now: {error}"
        ) from error


def zones_of(values: np.ndarray, zone: str) -> set[str]:
    """Return the time zones of dates, "" for those without one.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        A column of dates.
    zone : str
        The time zone that the type of the column says.
    """
    if values.dtype.kind == "O":
        moments = [moment for moment in map(_as_date, values.tolist()) if moment is not None]
        return {zone_name(getattr(moment, "tzinfo", None)) for moment in moments}
    has_dates = values.dtype.kind == "M" and not np.isnat(values).all()
    return {zone} if has_dates else set()


def zone_name(zone: Any) -> str:
    """Return the name of a time zone, the same one whatever library it is of; "" for none.

    Parameters
    ----------
    zone : tzinfo, str or None
    """
    if isinstance(zone, tzinfo) and (offset := zone.utcoffset(None)) is not None:
        zone = timezone(offset)  # which has no name but this
    name = str(zone or "")
    name = f"UTC{name}" if name[:1] in ("+", "-") else name
    return "UTC" if name in NAMES_OF_UTC else name


def date_parts(dates: np.ndarray) -> np.ndarray:
    """Return the parts of dates, NaN where there is none.

    Parameters
    ----------
    dates : ndarray of datetime64, shape (n_rows,)
        Dates in microseconds.

    Returns
    -------
    parts : ndarray of shape (n_rows, n_parts)
        A column for each of :data:`PARTS`. Months go from 1, weekdays from 0 (Monday).
    """
    months, days, hours = (_count(dates, unit) for unit in "MDh")
    parts = (
        _count(dates, "us") / 86_400_000_000,
        months // 12 + 1970,
        months % 12 + 1,
        (days + 3) % 7,  # the first day of 1970 was a Thursday
        hours % 24,
    )
    gaps = np.isnat(dates)[:, np.newaxis]
    return np.where(gaps, np.nan, np.stack(parts, axis=1))


class CyclicPairs(TransformerMixin, BaseEstimator):
    """Sine and cosine of numbers that return after a period, zeros for gaps.

    Parameters
    ----------
    periods : sequence of int
        The period of each column.
    dtype : dtype
        Of what comes out.
    """

    def __init__(self, periods: Any, dtype: Any) -> None:
        self.periods = periods
        self.dtype = dtype

    def fit(self, X: np.ndarray, y: Any = None) -> Self:
        """Return the transformer, which learns nothing."""
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return the sines of all columns, then their cosines."""
        angles = X * (2 * np.pi / np.asarray(self.periods))
        pairs = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
        return np.nan_to_num(pairs).astype(self.dtype, copy=False)

    def get_feature_names_out(self, input_features: Any) -> np.ndarray:
        """Return the names of the columns."""
        names = [f"{name}_{part}" for part in ("sin", "cos") for name in input_features]
        return np.array(names, dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True


def _count(dates: np.ndarray, unit: str) -> np.ndarray:
    return dates.astype(f"datetime64[{unit}]").astype(np.int64)


def _as_date(value: Any) -> Any:
    """Return a date as it is, that of a text in ISO format, ``None`` for a gap."""
    if is_missing(value):
        return None
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    if isinstance(value, date | np.datetime64):
        return value
    raise TypeError(f"{value!r} is no date")


def _local(value: Any) -> Any:
    return value.replace(tzinfo=None) if getattr(value, "tzinfo", None) else value
