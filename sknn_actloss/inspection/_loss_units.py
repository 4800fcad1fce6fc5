"""Units in which curves of different losses can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

#: A loss that is larger than another by this factor flattens it.
APART = 10.0

Curves = Mapping[str, np.ndarray]


def are_apart(curves: Iterable[np.ndarray]) -> bool:
    """Whether some curves are so much larger than others that they would flatten them."""
    sizes = [_typical(curve) for curve in curves]
    sizes = [size for size in sizes if size > 0]
    return len(sizes) > 1 and max(sizes) > APART * min(sizes)


def unit_losses(
    points: np.ndarray, targets: np.ndarray, curves: np.ndarray, against: str
) -> np.ndarray:
    """Return the loss at one unit off each target, or the median where that has no meaning.

    Parameters
    ----------
    points : ndarray of shape (n_points,)
        What the curves go along.
    targets : ndarray of shape (n_targets,)
        The targets.
    curves : ndarray of shape (n_targets, n_points)
        The loss of each target, NaN where there is none.
    against : str
        What the points are; only along predictions is there a distance from the target.

    Returns
    -------
    losses : ndarray of shape (n_targets, 1)
    """
    units = [_median(curve) for curve in curves]
    if against == "prediction":
        units = [
            _at(points, curve, target + 1) or _at(points, curve, target - 1) or unit
            for target, curve, unit in zip(targets, curves, units, strict=True)
        ]
    return np.array(units)[:, None]


def multiplied(curves: Curves, factors: Mapping[str, float | np.ndarray]) -> dict[str, np.ndarray]:
    """Return each curve times its factor, 1 where it has none."""
    return {name: factors.get(name, 1.0) * curve for name, curve in curves.items()}


def widths(curves: Iterable[np.ndarray]) -> list[float]:
    """Return widths of lines by which curves are seen under others that lie upon them."""
    curves = list(curves)
    return [
        1.5 + 2.0 * sum(_coincide(curve, later) for later in curves[index + 1 :])
        for index, curve in enumerate(curves)
    ]


def _coincide(curve: np.ndarray, other: np.ndarray) -> bool:
    known = np.isfinite(curve) & np.isfinite(other)
    size = np.abs(curve[known]).max(initial=0.0)
    return bool(np.all(np.abs(curve[known] - other[known]) <= 0.01 * size))


def _typical(curve: np.ndarray) -> float:
    """Return a size that most of a curve stays below."""
    finite = np.abs(curve[np.isfinite(curve)])
    return float(np.quantile(finite, 0.9)) if len(finite) else 0.0


def _median(curve: np.ndarray) -> float:
    finite = np.abs(curve[np.isfinite(curve)])
    return float(np.median(finite)) if finite.any() and np.median(finite) > 0 else 1.0


def _at(points: np.ndarray, curve: np.ndarray, point: float) -> float:
    """Return the loss at a point, zero where there is none."""
    if not points[0] <= point <= points[-1]:
        return 0.0
    value = float(np.interp(point, points, curve))
    return abs(value) if np.isfinite(value) else 0.0
