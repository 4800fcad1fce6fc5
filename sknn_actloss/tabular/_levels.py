"""Levels of a category and their codes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from sknn_actloss.tabular._kinds import is_missing

#: Code of a level that ``fit`` has not seen.
UNSEEN = -1

_MISSING = "missing"
_JOINED = "infrequent"


class Levels:
    """Levels of a column, in order, with missing values as the last.

    Parameters
    ----------
    counts : Counter
        How often each level occurs.
    n_missing : int
        How many values are missing.
    max_levels : int or None, default=None
        How many levels are told apart; the rarest ones beyond it are joined into one.

    Attributes
    ----------
    names : tuple of str
        Names of the codes 0, 1, ....
    codes_by_level : dict of object to int
        The code of each level, that of missing values under ``None``.
    """

    def __init__(self, counts: Counter, n_missing: int, max_levels: int | None = None) -> None:
        levels = [(str(level), counts[level], level) for level in ordered(counts)]
        if n_missing:
            levels.append((_MISSING, n_missing, None))
        joined = _rare([count for _, count, _ in levels], max_levels)
        kept = [index for index in range(len(levels)) if index not in joined]
        self.names = tuple(levels[index][0] for index in kept) + (_JOINED,) * bool(joined)
        self.codes_by_level = {levels[index][2]: code for code, index in enumerate(kept)}
        self.codes_by_level.update((levels[index][2], len(kept)) for index in joined)

    def codes(self, values: list) -> np.ndarray:
        """Return the code of each value as float64."""
        code, missing = self.codes_by_level.get, self.codes_by_level.get(None, UNSEEN)
        found = np.array([code(value, UNSEEN) for value in values], dtype=np.float64)
        for index in np.flatnonzero(found == UNSEEN):
            if is_missing(values[index]):
                found[index] = missing
        return found


def ordered(levels: Any) -> list:
    """Return levels in their own order, or in that of their texts where they have none."""
    try:
        return sorted(levels)
    except TypeError:
        return sorted(levels, key=str)


def _rare(counts: list[int], max_levels: int | None) -> set[int]:
    """Return the indices of levels to join, as ``OneHotEncoder(max_categories=...)`` does."""
    if max_levels is None or len(counts) <= max_levels:
        return set()
    n_joined = len(counts) - max_levels + 1
    return set(np.argsort(counts, kind="stable")[:n_joined].tolist())
