"""Intervals of the real line: the range of an activation, the domain of a loss."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    """A real interval with open or closed ends.

    Parameters
    ----------
    low, high : float
        The ends, possibly infinite.
    low_closed, high_closed : bool, default=False
        Whether the end belongs to the interval.
    """

    low: float
    high: float
    low_closed: bool = False
    high_closed: bool = False

    def contains(self, values: np.ndarray) -> bool:
        """Whether every value lies in the interval."""
        low = np.greater_equal if self.low_closed else np.greater
        high = np.less_equal if self.high_closed else np.less
        return bool(np.all(low(values, self.low)) and np.all(high(values, self.high)))

    def within(self, other: Interval) -> bool:
        """Whether this interval is a subset of ``other``."""
        low = self.low > other.low or (
            self.low == other.low and (other.low_closed or not self.low_closed)
        )
        high = self.high < other.high or (
            self.high == other.high and (other.high_closed or not self.high_closed)
        )
        return low and high

    def __str__(self) -> str:
        left, right = "[" if self.low_closed else "(", "]" if self.high_closed else ")"
        return f"{left}{self.low:g}, {self.high:g}{right}"


REALS = Interval(-np.inf, np.inf)
POSITIVE = Interval(0.0, np.inf)
NONNEGATIVE = Interval(0.0, np.inf, low_closed=True)
UNIT = Interval(0.0, 1.0, low_closed=True, high_closed=True)
OPEN_UNIT = Interval(0.0, 1.0)
