"""A user's own function as a schedule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sknn_actloss.schedules._base import ScaledSchedule
from sknn_actloss.schedules._progress import Progress


@dataclass(repr=False)
class FunctionSchedule(ScaledSchedule):
    """A function of the number of the step.

    Parameters
    ----------
    func : callable
        Takes the number of updates done so far, an int from 0, and returns the factor to the
        initial rate, a finite number >= 0. Use a function that is defined in a module where the
        estimator has to be pickled.

    Examples
    --------
    >>> from sknn_actloss.schedules import FunctionSchedule
    >>> def halved(step):
    ...     return 0.5 ** (step // 10)
    >>> schedule = FunctionSchedule(halved)
    >>> schedule.simulate(4, 10, learning_rate_init=0.1).round(3).tolist()
    [0.1, 0.05, 0.025, 0.012]
    """

    func: Callable[[int], float]

    formula: ClassVar[str] = "η₀ f(step)"
    advice: ClassVar[str] = "any plain function of the step"
    _parameter_constraints: ClassVar[dict[str, list]] = {"func": [callable]}

    @property
    def per_step(self) -> bool:
        return True

    def scale_at(self, progress: Progress) -> float | np.ndarray:
        if np.ndim(progress.step) == 0:
            return self._call(int(progress.step))
        return np.array([self._call(step) for step in progress.step.tolist()])  # type: ignore[union-attr]

    def _call(self, step: int) -> float:
        value = np.asarray(self.func(step))
        if value.ndim or value.dtype.kind not in "fiu" or not 0 <= value < np.inf:
            name = getattr(self.func, "__name__", repr(self.func))
            raise ValueError(
                f"The learning rate function {name} returned {value.tolist()!r} at step {step}; "
                f"it must return a finite number >= 0, the factor to learning_rate_init."
            )
        return float(value)
