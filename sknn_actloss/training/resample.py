"""Rows of one member of a stack: how often it learns from each, and which judge it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Draw(NamedTuple):
    """Rows of a member whose training leaves out some.

    Attributes
    ----------
    counts : ndarray of shape (n_samples,)
        How often each row counts in training.
    rows : ndarray of int
        The rows that judge it.
    """

    counts: np.ndarray
    rows: np.ndarray
