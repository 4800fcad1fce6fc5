"""The scale of the targets that a regression learns, in the units of its networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sknn_actloss.core import Model
from sknn_actloss.training import Task


@dataclass(frozen=True)
class TargetScale:
    """Means and standard deviations of targets that are free to be shifted and scaled.

    Parameters
    ----------
    mean, std : ndarray of shape (n_targets,)
    """

    mean: np.ndarray
    std: np.ndarray

    @property
    def offset(self) -> np.ndarray:
        """How far targets lie from zero, in standard deviations."""
        return np.abs(self.mean) / self.std


def measure_targets(task: Task, model: Model) -> TargetScale | None:
    """Return the scale of the targets that vary; ``None`` where their units are not free.

    Parameters
    ----------
    task : Task
        Its targets are those that the network learns: scaled by ``target_scaling``.
    model : Model
        Losses of counts and of relative errors fix the units.
    """
    if not model.loss.takes_shifts:
        return None
    y = task.y.dense().astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = y.mean(axis=0), y.std(axis=0)
    varies = (std > 0) & np.isfinite(std)
    return TargetScale(mean[varies], std[varies]) if varies.any() else None
