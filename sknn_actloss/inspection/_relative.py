"""Losses of different kinds in one unit: that of the start of each training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np


def to_start(losses: Mapping[str, Sequence[float]]) -> tuple[dict[str, tuple[float, float]], str]:
    """Return what is taken off each model's losses, what they are divided by, and what comes out.

    Losses are divided by the first one of the training. Where some are not positive, they are
    counted from the lowest one instead, so that all curves begin at one and end near zero.

    Parameters
    ----------
    losses : dict of str to sequence of float
        Training losses of each model.

    Returns
    -------
    shifts_and_sizes : dict of str to (float, float)
    text : str
        What shifted and divided losses are.
    """
    finite = {name: _finite(curve) for name, curve in losses.items()}
    if all(curve.min() > 0 for curve in finite.values()):
        return {name: (0.0, curve[0]) for name, curve in finite.items()}, "loss / loss at the start"
    return {
        name: (curve.min(), curve[0] - curve.min() or 1.0) for name, curve in finite.items()
    }, "share of the loss's fall to come"


def _finite(curve: Sequence[float]) -> np.ndarray:
    """Return the finite losses, a single one where there are none."""
    values = np.asarray(curve, float)
    values = values[np.isfinite(values)]
    return values if len(values) else np.ones(1)
