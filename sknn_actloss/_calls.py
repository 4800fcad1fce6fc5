"""Calls bound to their operands in advance.

Where arrays are small, slices, transposes and look-ups of attributes take as long as the
arithmetic. They are done once for all steps: what is left of a step is to run through a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

#: A function and its arguments.
Call = tuple[Callable[..., Any], tuple[Any, ...]]


def run(calls: Iterable[Call]) -> None:
    """Make the calls, one after the other."""
    for function, arguments in calls:
        function(*arguments)


def results(calls: Iterable[Call]) -> list[Any]:
    """Make the calls, one after the other, and return what they return."""
    return [function(*arguments) for function, arguments in calls]
