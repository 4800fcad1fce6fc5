"""Readers: each turns one column of a table into columns of float64, with NaN for gaps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

import numpy as np

from sknn_actloss.tabular._dates import PARTS, PERIODS, as_dates, date_parts, zones_of
from sknn_actloss.tabular._frames import Frame
from sknn_actloss.tabular._kinds import as_levels, is_missing
from sknn_actloss.tabular._levels import Levels


@dataclass(frozen=True)
class Feature:
    """A column that a reader gives.

    Parameters
    ----------
    ending : str
        What its name has after that of the column.
    kind : {"number", "category", "target"}
        What becomes of it: "category" has codes of levels for columns of zeros and ones,
        "target" codes for means of the target.
    levels : tuple of str
        Names of the levels of codes.
    period : int
        Period of a number that returns after it, or 0.
    """

    ending: str
    kind: str
    levels: tuple[str, ...] = ()
    period: int = 0


class Reader(ABC):
    """Base of readers of columns of one kind.

    Parameters
    ----------
    name : str
        Name of the column.
    zones : tuple of str, optional
        Time zones of dates in ``fit``, "" for those without one; there were none by default.
    """

    def __init__(self, name: str, zones: tuple[str, ...] = ()) -> None:
        self.name, self.zones = name, zones

    @property
    @abstractmethod
    def features(self) -> list[Feature]:
        """What the columns that :meth:`read` gives are."""

    @abstractmethod
    def read(self, values: np.ndarray) -> np.ndarray:
        """Return float64 of shape (n_rows, n_features) for a column of shape (n_rows,)."""

    def read_from(self, frame: Frame, index: int) -> np.ndarray:
        """Return what :meth:`read` does, for a column of a table that ``fit`` has not seen.

        Raises
        ------
        ValueError
            If it holds dates of another time zone, among others; the message names the column.
        """
        values = frame.column(index)
        if self.zones:
            self._check_zone(values, frame.zone(index))
        return self.read(values)

    def _check_zone(self, values: np.ndarray, zone: str) -> None:
        try:
            others = zones_of(values, zone) - set(self.zones)
        except (TypeError, ValueError):  # no dates, which reading complains of
            return
        if others:
            known, now = (", ".join(sorted(map(_zone_name, one))) for one in (self.zones, others))
            raise ValueError(
                f"Column {self.name!r} of X held dates with {known} in fit, and holds dates with "
                f"{now} now; convert them, such as with column.dt.tz_localize(...) and "
                "column.dt.tz_convert(...) of pandas."
            )


class NumberReader(Reader):
    """Numbers as they are; spans of time, and times of day, in seconds.

    Parameters
    ----------
    name : str
        Name of the column.
    are_spans : bool
        Whether it holds spans of time.
    """

    def __init__(self, name: str, are_spans: bool) -> None:
        super().__init__(name)
        self.are_spans = are_spans

    @property
    def features(self) -> list[Feature]:
        """One number."""
        return [Feature("", "number")]

    def read(self, values: np.ndarray) -> np.ndarray:
        """Return the numbers."""
        numbers = as_numbers(values, self.name)
        if are_spans(values) != self.are_spans and not np.isnan(numbers).all():
            what = "spans of time" if self.are_spans else "numbers"
            raise ValueError(
                f"Column {self.name!r} of X held {what} in fit, and its type is {values.dtype} "
                f"now; turn it into {what}."
            )
        if np.isinf(numbers).any():
            raise ValueError(
                f"Column {self.name!r} of X holds infinity; replace it by NaN, which counts as a "
                "gap, or by a large finite number."
            )
        return numbers[:, np.newaxis]


class DateReader(Reader):
    """Parts of dates as numbers."""

    @property
    def features(self) -> list[Feature]:
        """A number for each part."""
        return [Feature(f"_{part}", "number", period=PERIODS.get(part, 0)) for part in PARTS]

    def read(self, values: np.ndarray) -> np.ndarray:
        """Return the parts of the dates, as the clocks of their time zones show them."""
        return date_parts(as_dates(values, self.name))


class LevelReader(Reader):
    """Codes of the levels of a category.

    Parameters
    ----------
    name : str
        Name of the column.
    levels : Levels
        The levels and their codes.
    kind : {"category", "target"}
        What becomes of the codes.
    zones : tuple of str, optional
        As for all readers.
    """

    def __init__(self, name: str, levels: Levels, kind: str, zones: tuple[str, ...] = ()) -> None:
        super().__init__(name, zones)
        self.levels, self.kind = levels, kind

    @property
    def features(self) -> list[Feature]:
        """One column of codes."""
        return [Feature("", self.kind, levels=self.levels.names)]

    def read(self, values: np.ndarray) -> np.ndarray:
        """Return codes, -1 for levels that the column did not have in ``fit``."""
        try:
            codes = self.levels.codes(as_levels(values))
        except TypeError as error:
            raise ValueError(
                f"Column {self.name!r} of X held categories in fit, and cannot be read as such "
                f"now: {error}"
            ) from error
        return codes[:, np.newaxis]


def as_numbers(values: np.ndarray, name: str) -> np.ndarray:
    """Return a column as float64, spans of time in seconds, NaN for gaps.

    Raises
    ------
    ValueError
        If it holds something else; the message names the column.
    """
    if values.dtype.kind in "mM" and np.isnat(values).all():
        return np.full(len(values), np.nan)
    if values.dtype.kind == "m":
        seconds = values.astype("timedelta64[us]").astype(np.float64) / 1e6
        return np.where(np.isnat(values), np.nan, seconds)
    try:
        if values.dtype.kind in "cM":
            raise TypeError(f"its type is {values.dtype}")
        if values.dtype.kind != "O":
            return values.astype(np.float64)
        return np.array([_as_number(value) for value in values.tolist()], dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"Column {name!r} of X held numbers in fit, and cannot be read as numbers now: {error}"
        ) from error


def are_spans(values: np.ndarray) -> bool:
    """Whether a column holds spans of time."""
    is_object = values.dtype.kind == "O"
    return values.dtype.kind == "m" or (
        is_object
        and any(isinstance(value, timedelta | np.timedelta64) for value in values.tolist())
    )


def _zone_name(zone: str) -> str:
    return f"the time zone {zone!r}" if zone else "no time zone"


def _as_number(value: Any) -> float:
    if is_missing(value):
        return np.nan
    if isinstance(value, np.datetime64):
        raise TypeError(f"{value!r} is a date")
    if isinstance(value, np.timedelta64):
        return value / np.timedelta64(1, "s")
    if isinstance(value, time):
        return 3600 * value.hour + 60 * value.minute + value.second + value.microsecond / 1e6
    return value.total_seconds() if isinstance(value, timedelta) else float(value)
