"""Where the targets of a regression lie, in the units that networks see, and whether that suits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sknn_actloss.core import Model
from sknn_actloss.training.targets import EncodedTargets

#: Factor between scales, and mean in units of a scale, from which on they are far apart.
SCALE_FACTOR, OFFSET = 30.0, 10.0


@dataclass(frozen=True)
class TargetMoments:
    """Means and standard deviations of targets that are free to be shifted and scaled.

    Parameters
    ----------
    mean, std : ndarray of shape (n_targets,)
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def of(cls, y: EncodedTargets, model: Model) -> TargetMoments | None:
        """Measure the targets that vary; ``None`` where none does, or their units are not free.

        Parameters
        ----------
        y : EncodedTargets
            Targets of a regression, scaled by ``target_scaling``.
        model : Model
            Losses of counts and of relative errors fix the units.
        """
        if not model.loss.takes_shifts:
            return None
        columns = y.dense().astype(np.float64, copy=False)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            mean, std = columns.mean(axis=0), columns.std(axis=0)
        varies = (std > 0) & np.isfinite(std)
        return cls(mean[varies], std[varies]) if varies.any() else None

    @property
    def offset(self) -> np.ndarray:
        """How far targets lie from zero, in standard deviations."""
        return np.abs(self.mean) / self.std

    @property
    def flaw(self) -> str:
        """What is wrong with them, ``""`` where nothing is."""
        std, worst = self.std, int(self.offset.argmax())
        if self.offset[worst] > OFFSET:
            return (
                f"Targets lie far from zero: a mean of {self.mean[worst]:.4g} with a standard "
                f"deviation of {std[worst]:.3g}, while outputs start close to zero."
            )
        extreme = std.max() if std.max() > SCALE_FACTOR else std.min()
        if not 1 / SCALE_FACTOR <= extreme <= SCALE_FACTOR:
            return (
                f"Targets are far from unit scale: a standard deviation of {extreme:.3g}, while "
                "rates and losses suit deviations of about one."
            )
        return ""
