"""The learning-rate range test: a few steps at a rising rate, and the rate that they suggest."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sknn_actloss.training.batches import Batches, Group
from sknn_actloss.training.member import Member
from sknn_actloss.training.stack import Stack
from sknn_actloss.training.task import Task

#: Rates between which a range test looks for the learning rate, and its number of steps.
LOWEST_RATE, HIGHEST_RATE, N_STEPS = 1e-7, 100.0, 100

#: Share of the past in the exponential average of the losses.
SMOOTHING = 0.9

#: Share of its fall by which the loss has risen again where divergence sets in.
MARGIN = 0.1

#: The suggestion is at most this share of the rate at which divergence sets in.
SAFETY = 0.1

#: The suggestion where no rate lowers the loss.
FALLBACK = 0.001


@dataclass(frozen=True, eq=False)
class RangeTest:
    r"""Losses of a network whose learning rate rises from step to step.

    The loss of a batch says as much about its rows as about the weights. What is averaged is
    therefore its difference to the loss of the initial weights on the same batch:

    .. math:: s_t = \bar\ell + \frac{1 - \beta}{1 - \beta^t} \sum_{i=1}^t \beta^{t-i}
        (\ell_i - \ell_i^0), \qquad \beta = 0.9

    with the mean of all :math:`\ell_i^0` in front.

    Parameters
    ----------
    rates : ndarray of shape (n_steps,)
        Learning rate of each step, up to the last one before loss or weights were not finite.
    losses : ndarray of shape (n_steps,)
        Mean loss of the batch of each step, before the step.
    initial_losses : ndarray of shape (n_steps,)
        The same with the initial weights.

    Attributes
    ----------
    smoothed_losses : ndarray of shape (n_steps,)
        Moving average s of the losses.
    limit : float
        Rate at which divergence sets in: where the average, past its minimum, has lost a tenth
        of its fall; the last rate where it never does.
    suggestion : float
        Rate at which the average falls fastest against the logarithm of the rate, up to
        ``limit / 10``. 0.001 takes its place where the average never falls.

    References
    ----------
    L. Smith, "Cyclical learning rates for training neural networks", WACV 2017.
    """

    rates: np.ndarray
    losses: np.ndarray
    initial_losses: np.ndarray

    @cached_property
    @np.errstate(invalid="ignore")
    def smoothed_losses(self) -> np.ndarray:
        """Moving average of the losses (n_steps,)."""
        total, averages = 0.0, np.empty_like(self.losses)
        for step, change in enumerate((self.losses - self.initial_losses).tolist()):
            total = SMOOTHING * total + (1 - SMOOTHING) * change
            averages[step] = total / (1 - SMOOTHING ** (step + 1))
        # Divided first, as the sum may be too large for a number.
        return averages + (self.initial_losses / max(averages.size, 1)).sum()

    @property
    def limit(self) -> float:
        """Rate at which divergence sets in."""
        return float(self.rates[self._limit_step]) if self.rates.size else np.inf

    @property
    def suggestion(self) -> float:
        """The rate to train with."""
        losses = self.smoothed_losses[: self._limit_step + 1]
        slopes = np.gradient(losses) if losses.size > 1 else np.zeros(1)
        falls = slopes.min() < 0
        best = float(self.rates[slopes.argmin()]) if falls else FALLBACK
        return min(best, SAFETY * self.limit)

    @property
    def _limit_step(self) -> int:
        losses = self.smoothed_losses
        if not losses.size:
            return 0
        lowest = int(losses.argmin())
        risen = losses > losses[lowest] + MARGIN * (losses[0] - losses[lowest])
        risen[: lowest + 1] = False
        return int(risen.argmax()) if risen.any() else losses.size - 1

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    def __str__(self) -> str:
        text = f"suggestion {self.suggestion:.3g}"
        if not self.rates.size:
            return f"{text}, no loss is finite"
        first, last = self.rates[[0, -1]]
        text += f" from {self.rates.size} steps at rates from {first:.3g} to {last:.3g}"
        return text + (f", divergence from {self.limit:.3g}" if self.limit < last else "")


def range_test(
    stack: Stack,
    batches: Batches,
    random_state: np.random.RandomState | None,
    rates: np.ndarray,
) -> RangeTest:
    """Take one step at each rate, up to the first loss that is not finite.

    Parameters
    ----------
    stack : Stack
        Two members with equal weights, used up: the first takes the steps, the other one keeps
        the initial weights.
    batches : Batches
        The training rows, in groups of one batch; gone through as often as need be.
    random_state : RandomState or None
        Draws a new order of the rows for each epoch; ``None`` keeps the order.
    rates : ndarray of shape (n_steps,)
        The learning rates, rising.
    """
    pairs: list[np.ndarray] = []
    with np.errstate(all="ignore"):
        for rate, group in zip(rates, _groups(batches, random_state), strict=False):
            losses = stack.steps(group, iter([np.array([[rate], [0.0]])]))
            if not np.all(np.isfinite(losses)):
                break
            pairs.append(losses / group.batches[0].total_weight)
    losses, initial = np.reshape(pairs, (-1, 2)).astype(np.float64).T
    return RangeTest(rates[: len(losses)], losses, initial)


def try_rates(
    task: Task,
    member: Member,
    params: np.ndarray,
    low: float = LOWEST_RATE,
    high: float = HIGHEST_RATE,
    n_steps: int = N_STEPS,
) -> RangeTest:
    """Test learning rates of a network on its training rows, and leave both as they are.

    Parameters
    ----------
    task : Task
        The rows.
    member : Member
        The network.
    params : ndarray of shape (1, row_size)
        Where it starts.
    low, high : float
        The first and the last rate.
    n_steps : int
        Number of steps.
    """
    batches = Batches(task.X, task.y, task.sample_weight, task.train_rows, task.batch_size, 1)
    sizes = batches.batch_size, batches.group_size
    stack = Stack(task.layout, [member] * 2, params.repeat(2, axis=0), *sizes)
    random_state = copy.deepcopy(task.random_state) if task.shuffle else None
    return range_test(stack, batches, random_state, np.geomspace(low, high, n_steps))


def _groups(batches: Batches, random_state: np.random.RandomState | None) -> Iterator[Group]:
    """Go through the rows epoch after epoch."""
    while True:
        if random_state is not None:
            batches.shuffle(random_state)
        yield from batches.groups()
