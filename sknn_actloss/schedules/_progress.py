"""How far training has come, which schedules turn into rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Progress:
    """How far training has come.

    Parameters
    ----------
    step : int or ndarray of int
        Updates done before this one, over the life of the optimizer. An array stands for
        several updates of one epoch.
    epoch : int
        Epochs completed, over the life of the optimizer.
    batch : int or ndarray of int
        Updates done before this one within its epoch, an array where ``step`` is one.
    samples : float
        Rows seen in completed epochs, over the life of the estimator. A row counts by its
        weight, so that an integer weight is worth as many copies of the row.
    steps_per_epoch : int
        Updates in this epoch.
    max_iter : int
        Epochs of the horizon.
    reductions : int, default=0
        How often feedback from training has lowered the rate.

    See Also
    --------
    Schedule : Turns it into a learning rate.

    Examples
    --------
    >>> from sknn_actloss.schedules import Cosine, Progress
    >>> half = Progress(step=50, epoch=5, batch=0, samples=500, steps_per_epoch=10, max_iter=10)
    >>> half.horizon, round(float(Cosine().rate(half, 0.1)), 3)
    (100, 0.05)
    """

    step: int | np.ndarray
    epoch: int
    batch: int | np.ndarray
    samples: float
    steps_per_epoch: int
    max_iter: int
    reductions: int = 0

    @property
    def position(self) -> int | np.ndarray:
        """The update's index on the way to the horizon, as if all epochs were like this one.

        It equals ``step`` unless calls of ``partial_fit`` differ in their number of batches.
        """
        return self.epoch * self.steps_per_epoch + self.batch

    @property
    def horizon(self) -> int:
        """Updates up to the horizon."""
        return self.max_iter * self.steps_per_epoch
