"""Schedules that react to the course of training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from sknn_actloss._sklearn import number, whole_number
from sknn_actloss.schedules._base import LOWEST_RATE, Schedule
from sknn_actloss.schedules._progress import Progress


@dataclass(repr=False)
class Adaptive(Schedule):
    r"""The schedule ``"adaptive"`` of scikit-learn.

    .. math:: \eta = \eta_0 / 5^k

    after training has stalled k times: more than ``n_iter_no_change`` epochs in a row did not
    improve by ``tol``. Training stops where it stalls at a rate of 1e-6 or less.

    Examples
    --------
    >>> from sknn_actloss.schedules import Adaptive
    >>> schedule = Adaptive()
    >>> losses, start = [1.0] * 4, 0.1
    >>> rates = schedule.simulate(4, 10, None, losses, learning_rate_init=start, n_iter_no_change=1)
    >>> rates.round(3).tolist()
    [0.1, 0.1, 0.1, 0.02]
    """

    needs: ClassVar[frozenset[str]] = frozenset({"losses"})
    formula: ClassVar[str] = "η₀ / 5^(times stalled)"
    advice: ClassVar[str] = "for sgd: a fifth of the rate instead of an end where training stalls"

    def rate(self, progress: Progress, learning_rate_init: float) -> float:
        rate = learning_rate_init
        for _ in range(progress.reductions):
            rate /= 5  # one by one, as scikit-learn rounds, since a limit decides on stopping
        return rate

    def goes_on(self, progress: Progress, learning_rate_init: float) -> bool:
        return self.rate(progress, learning_rate_init) > LOWEST_RATE


@dataclass(repr=False)
class ReduceOnPlateau(Schedule):
    r"""A drop whenever the metric has not improved for a while.

    .. math:: \eta = \max(\eta_0\, \mathrm{factor}^k, \mathrm{min\_rate})

    after k drops. The metric is what training watches: the loss, or the negative validation
    score with ``early_stopping=True``. Where a drop falls into the epoch in which
    ``n_iter_no_change`` runs out, training goes on with the new rate, unless the old one was
    1e-6 or less; a larger ``patience`` has no effect, as training stops first.

    Parameters
    ----------
    factor : float in (0, 1), default=0.1
        Factor of a drop.
    patience : int >= 0, default=10
        Epochs without improvement that are tolerated; the rate drops after the next one.
    threshold : float in [0, 1), default=1e-4
        Smallest improvement that counts, relative to the size of the best metric.
    cooldown : int >= 0, default=0
        Epochs after a drop in which patience is not counted.
    min_rate : float >= 0, default=0.0
        The lowest rate. It is a learning rate, not a fraction of the initial one.

    Examples
    --------
    >>> from sknn_actloss.schedules import ReduceOnPlateau
    >>> schedule = ReduceOnPlateau(patience=1)
    >>> schedule.simulate(4, 10, losses=[1.0] * 4, learning_rate_init=0.1).round(3).tolist()
    [0.1, 0.1, 0.1, 0.01]
    """

    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    cooldown: int = 0
    min_rate: float = 0.0

    needs: ClassVar[frozenset[str]] = frozenset({"losses"})
    formula: ClassVar[str] = "max(η₀ factor^(drops), min_rate)"
    advice: ClassVar[str] = "needs no horizon; patience of at most n_iter_no_change"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "factor": [number(0, 1, "neither")],
        "patience": [whole_number(0)],
        "threshold": [number(0, 1, "left")],
        "cooldown": [whole_number(0)],
        "min_rate": [number(0, None, "left")],
    }

    def rate(self, progress: Progress, learning_rate_init: float) -> float:
        reduced = learning_rate_init * self.factor**progress.reductions
        return min(learning_rate_init, max(reduced, self.min_rate))

    def observe(self, metric: float, memory: dict[str, Any]) -> bool:
        best, cooldown = memory.get("best", math.inf), memory.get("cooldown", 0)
        # The threshold lowers the mark whatever its sign.
        improved = metric < best * (1 - math.copysign(self.threshold, best))
        bad_epochs = 0 if improved or cooldown else memory.get("bad_epochs", 0) + 1
        reduce = bad_epochs > self.patience
        memory["best"] = metric if improved else best
        memory["bad_epochs"] = 0 if reduce else bad_epochs
        memory["cooldown"] = self.cooldown if reduce else max(cooldown - 1, 0)
        return reduce
