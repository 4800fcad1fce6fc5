"""Names of columns that come out of an encoder, no two of them alike."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def distinct(names: Iterable[str]) -> np.ndarray:
    """Return names as an array of objects, with a number behind those that have been taken.

    Two are alike where a column is called as a bin or a level of another is, or where levels of
    several types, such as 1 and "1", have the same text.
    """
    taken: dict[str, None] = {}
    for name in names:
        own, number = name, 1
        while own in taken:
            number += 1
            own = f"{name}_{number}"
        taken[own] = None
    return np.array(list(taken), dtype=object)
