"""Intervals: membership, inclusion and their text."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from sknn_actloss._interval import NONNEGATIVE, OPEN_UNIT, POSITIVE, REALS, UNIT, Interval

ENDS = (-np.inf, -1.0, 0.0, 1.0, np.inf)
ALL = [
    Interval(low, high, low_closed, high_closed)
    for low, high in product(ENDS, ENDS)
    if low < high
    for low_closed in (False, True)
    for high_closed in (False, True)
]
POINTS = np.array([-np.inf, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, np.inf])


def members(interval):
    """Return which of the points are inside, one by one."""
    return np.array([interval.contains(np.array([point])) for point in POINTS])


@pytest.mark.parametrize(
    ("interval", "inside", "outside"),
    [
        (REALS, [-1e300, 0.0, 1e300], [-np.inf, np.inf]),
        (POSITIVE, [1e-300, 5.0], [0.0, -1.0, np.inf]),
        (NONNEGATIVE, [0.0, -0.0, 5.0], [-1e-300, np.inf]),
        (UNIT, [0.0, 0.5, 1.0], [-1e-9, 1 + 1e-9]),
        (OPEN_UNIT, [1e-9, 0.5], [0.0, 1.0]),
        (Interval(-1.0, 1.0, high_closed=True), [1.0, 0.0], [-1.0]),
    ],
    ids=str,
)
def test_ends_belong_to_it_where_closed(interval, inside, outside):
    assert interval.contains(np.array(inside))
    assert interval.contains(np.array(inside).reshape(1, -1, 1))
    for value in outside:
        assert not interval.contains(np.array(value))
        assert not interval.contains(np.array([*inside, value]))


@pytest.mark.parametrize("interval", ALL, ids=str)
def test_nan_belongs_to_none(interval):
    assert not interval.contains(np.array([np.nan]))
    assert interval.contains(np.array([]))


@pytest.mark.parametrize("interval", ALL, ids=str)
def test_within_is_inclusion_of_all_points(interval):
    for other in ALL:
        assert interval.within(other) == bool(np.all(members(other)[members(interval)])), other


def test_an_interval_is_within_itself_and_the_reals():
    for interval in (POSITIVE, NONNEGATIVE, UNIT, OPEN_UNIT, REALS):
        assert interval.within(interval)
        assert interval.within(REALS)
    assert OPEN_UNIT.within(UNIT)
    assert not UNIT.within(OPEN_UNIT)
    assert UNIT.within(NONNEGATIVE)
    assert not UNIT.within(POSITIVE)
    assert not REALS.within(UNIT)


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (REALS, "(-inf, inf)"),
        (POSITIVE, "(0, inf)"),
        (NONNEGATIVE, "[0, inf)"),
        (UNIT, "[0, 1]"),
        (Interval(-0.25, 2.5, high_closed=True), "(-0.25, 2.5]"),
    ],
)
def test_text_is_that_of_mathematics(interval, text):
    assert str(interval) == text
    assert f"{interval}" == text


def test_contains_gives_a_plain_bool():
    assert UNIT.contains(np.array([0.5])) is True
    assert UNIT.contains(np.array([1.5])) is False
