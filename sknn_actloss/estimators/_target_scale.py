"""The scale of numbers as targets: what networks see of them, and what comes of predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn_actloss._sklearn import check_sample_weight

#: Interquartile range of the normal distribution whose standard deviation is one.
NORMAL_IQR = 1.349


@dataclass(frozen=True, eq=False)
class TargetScale:
    """Moves targets to a centre of zero and a scale of one, and predictions back.

    Parameters
    ----------
    scaling : {"standard", "robust"}
        How centre and scale were found.
    center, scale : ndarray of shape (n_targets,), float64
        In units of the targets.
    """

    scaling: str
    center: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, scaling: str, y: np.ndarray, sample_weight: Any = None) -> TargetScale:
        """Find centre and scale of targets; a column that is constant has a scale of one.

        Parameters
        ----------
        scaling : {"standard", "robust"}
            Mean and standard deviation; or the median, and the interquartile range as a multiple
            of that of a normal distribution.
        y : ndarray of shape (n_rows,) or (n_rows, n_targets)
        sample_weight : array-like of shape (n_rows,) or None
            Weights of the rows; those without weight do not count.
        """
        columns, weights = _counted(y.reshape(len(y), -1).astype(np.float64), sample_weight)
        # Powers of two change no digit, and squares neither overflow nor vanish.
        exponent = np.frexp(np.abs(columns).max(axis=0))[1]
        with np.errstate(under="ignore"):
            center, scale = _MEASURES[scaling](np.ldexp(columns, -exponent), weights)
            center, scale = np.ldexp(center, exponent), np.ldexp(scale, exponent)
        return cls(scaling, center, np.where(scale > 0, scale, 1.0))

    def encode(self, columns: np.ndarray) -> np.ndarray:
        """Return targets (n_rows, n_targets) as networks see them.

        Raises
        ------
        ValueError
            If there are not as many columns as the scale was found for.
        """
        if columns.shape[1] != len(self.center):
            raise ValueError(
                f"The targets have {columns.shape[1]} column(s), but target_scaling="
                f"{self.scaling!r} found centre and scale of {len(self.center)}."
            )
        return (columns - self.center) / self.scale

    def decode(self, values: np.ndarray) -> np.ndarray:
        """Return what values (..., n_targets) of networks are in units of the targets."""
        with np.errstate(over="ignore", under="ignore"):
            return values * self.scale + self.center

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Return what differences (..., n_targets) of values are in units of the targets."""
        with np.errstate(over="ignore", under="ignore"):
            return values * self.scale


def _counted(columns: np.ndarray, sample_weight: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the rows that have a weight, and weights of at most one."""
    if sample_weight is None:
        return columns, None
    weights = check_sample_weight(sample_weight, columns, ensure_non_negative=True)
    counts = weights > 0
    if not counts.any():  # for the fit to complain about
        return columns, None
    return columns[counts], weights[counts] / weights.max()


def _standard(columns: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    center = np.average(columns, axis=0, weights=weights)
    # The second pass takes back the rounding of the first: equal targets have their value.
    center += np.average(columns - center, axis=0, weights=weights)
    variance = np.average(np.square(columns - center), axis=0, weights=weights)
    return center, np.sqrt(variance)


def _robust(columns: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    quantiles = np.quantile(
        columns, (0.25, 0.5, 0.75), axis=0, weights=weights, method="inverted_cdf"
    )
    scale = (quantiles[2] - quantiles[0]) / NORMAL_IQR
    return quantiles[1], np.where(scale > 0, scale, _standard(columns, weights)[1])


_MEASURES: dict[str, Callable[..., tuple[np.ndarray, np.ndarray]]] = {
    "standard": _standard,
    "robust": _robust,
}
