"""The contract of a learning rate schedule, and what keeps track of one network's rate."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from sknn_actloss._component import Component
from sknn_actloss._sklearn import number
from sknn_actloss.schedules._progress import Progress

#: Training that stalls at this rate stops instead of lowering it further, as in scikit-learn.
LOWEST_RATE = 1e-6


class Schedule(Component):
    """Base of learning rate schedules: pure functions of progress.

    What must be remembered between epochs is held by :class:`LearningRate`, so that one schedule
    serves many networks.

    Attributes
    ----------
    needs : frozenset of {"samples", "losses"}
        What :meth:`simulate` must be given.

    See Also
    --------
    sknn_actloss.inspection.ScheduleDisplay : Draws learning rates over epochs.
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    formula: ClassVar[str] = ""
    advice: ClassVar[str] = ""

    @property
    def per_step(self) -> bool:
        """Whether the rate moves within epochs, and not only between them."""
        return False

    @property
    def ends_at_horizon(self) -> bool:
        """Whether training that has come to the horizon has come to a planned end."""
        return False

    @abstractmethod
    def rate(self, progress: Progress, learning_rate_init: float) -> float | np.ndarray:
        """Return the learning rate, an array where ``progress.step`` is one.

        Parameters
        ----------
        progress : Progress
            How far training has come.
        learning_rate_init : float
            The initial rate.

        Returns
        -------
        rate : float or ndarray
            The learning rate of the step, or of each step.
        """

    def observe(self, metric: float, memory: dict[str, Any]) -> bool:
        """Take in the metric of an epoch and return whether it lowers the rate.

        Parameters
        ----------
        metric : float
            Training loss or negative validation score, lower is better.
        memory : dict
            Kept for the schedule from epoch to epoch, empty at first.

        Returns
        -------
        lowers : bool
            Whether the rate is lower from now on.
        """
        return False

    def goes_on(self, progress: Progress, learning_rate_init: float) -> bool:
        """Whether training that has stalled here goes on with a lower rate.

        Parameters
        ----------
        progress : Progress
            How far training has come.
        learning_rate_init : float
            The initial rate.

        Returns
        -------
        goes_on : bool
            True where the rate falls once more.
        """
        return False

    def simulate(
        self,
        n_epochs: int,
        steps_per_epoch: int,
        n_samples: int | None = None,
        losses: ArrayLike | None = None,
        *,
        learning_rate_init: float = 0.001,
        max_iter: int | None = None,
        tol: float = 1e-4,
        n_iter_no_change: float = 10,
    ) -> np.ndarray:
        """Return the learning rates that a fit would record.

        Parameters
        ----------
        n_epochs : int
            Number of epochs.
        steps_per_epoch : int
            Updates in each epoch.
        n_samples : int, optional
            Training rows, for schedules that count them.
        losses : array-like of shape (n_epochs,), optional
            Training loss or negative validation score of each epoch, for schedules that react.
        learning_rate_init : float, default=0.001
            The estimator's parameter.
        max_iter : int, optional
            Epochs of the horizon, ``n_epochs`` where not given.
        tol : float, default=1e-4
            Change of the loss that counts as an improvement.
        n_iter_no_change : int or inf, default=10
            Epochs without improvement after which training has stalled.

        Returns
        -------
        rates : ndarray of shape (n_epochs,)
            The last rate of each epoch, as in ``learning_rate_curve_``. Where training would
            have stopped, the last rate is held.

        Raises
        ------
        ValueError
            If the schedule needs an argument that was not given.
        """
        self.validate()
        metrics = self._check_simulation(n_epochs, n_samples, losses)
        learning_rate = LearningRate(self, learning_rate_init)
        rates, best, no_improvement = np.empty(n_epochs), np.inf, 0
        for epoch, loss in enumerate(metrics):
            learning_rate.epoch_rates(steps_per_epoch, max_iter or n_epochs)
            rates[epoch] = learning_rate.current
            learning_rate.end_epoch(steps_per_epoch, n_samples or 0, loss)
            no_improvement = no_improvement + 1 if loss > best - tol else 0
            best = min(best, loss)
            if no_improvement > n_iter_no_change:
                learning_rate.stalled()
                no_improvement = 0
        return rates

    def _check_simulation(
        self, n_epochs: int, n_samples: int | None, losses: ArrayLike | None
    ) -> list[float]:
        name = type(self).__name__
        if "samples" in self.needs and n_samples is None:
            raise ValueError(f"{name}.simulate needs n_samples, the number of training rows.")
        if losses is None:
            if "losses" in self.needs:
                raise ValueError(f"{name}.simulate needs losses, one for each epoch.")
            return [0.0] * n_epochs
        given = np.asarray(losses, dtype=float)
        if len(given) < n_epochs:
            raise ValueError(f"losses has {len(given)} entries for n_epochs={n_epochs} epochs.")
        return given[:n_epochs].tolist()


class ScaledSchedule(Schedule):
    """Base of schedules that scale the initial learning rate."""

    @abstractmethod
    def scale_at(self, progress: Progress) -> float | np.ndarray:
        """Return the factor to the initial rate, an array where ``progress.step`` is one.

        Parameters
        ----------
        progress : Progress
            How far training has come.

        Returns
        -------
        factor : float or ndarray
            The factor of the step, or of each step.
        """

    def rate(self, progress: Progress, learning_rate_init: float) -> float | np.ndarray:
        return learning_rate_init * self.scale_at(progress)


@dataclass(repr=False)
class WarmedSchedule(ScaledSchedule):
    """Base of schedules that may rise linearly, step by step, before they follow their course."""

    warmup: float = field(default=0.0, kw_only=True)

    _parameter_constraints: ClassVar[dict[str, list]] = {"warmup": [number(0, None, "left")]}

    @abstractmethod
    def course(self, progress: Progress) -> float | np.ndarray:
        """Return the factor of the course, which is 1 until warm-up is over.

        Parameters
        ----------
        progress : Progress
            How far training has come.

        Returns
        -------
        factor : float or ndarray
            The factor of the step, or of each step.
        """

    @property
    def per_step(self) -> bool:
        return self.warmup > 0

    def scale_at(self, progress: Progress) -> float | np.ndarray:
        if self.warmup == 0:
            return self.course(progress)
        ramp = (progress.position + 1) / (self.warmup * progress.steps_per_epoch)
        return np.minimum(ramp, 1.0) * self.course(progress)


@dataclass
class LearningRate:
    """The learning rate of one network in training.

    Parameters
    ----------
    schedule : Schedule
        How the rate moves.
    learning_rate_init : float
        The rate that the schedule starts from.
    samples : float, default=0
        Rows, or the sum of their weights, that the network has seen in earlier fits.

    Attributes
    ----------
    step, epoch : int
        Updates and epochs completed.
    reductions : int
        How often feedback from training has lowered the rate.
    current : float
        The last rate of the latest epoch.

    See Also
    --------
    Schedule : What it goes by.

    Examples
    --------
    >>> from sknn_actloss.schedules import LearningRate, Step
    >>> rate = LearningRate(Step(step_size=1, gamma=0.5), 0.1)
    >>> rate.end_epoch(n_steps=10, n_samples=100, metric=1.0)
    >>> rate.learning_rate
    0.05
    """

    schedule: Schedule = field(metadata={"saved": False})
    learning_rate_init: float
    samples: float = 0
    step: int = field(default=0, init=False)
    epoch: int = field(default=0, init=False)
    reductions: int = field(default=0, init=False)
    current: float = field(init=False)
    _steps_per_epoch: int = field(default=1, init=False)
    _max_iter: int = field(default=1, init=False)
    _dropped: bool = field(default=False, init=False)
    _memory: dict[str, Any] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.current = self.learning_rate_init

    @property
    def learning_rate(self) -> float:
        """The rate of the next step, if its epoch is like the latest."""
        return float(self._rate_at(0))

    def epoch_rates(self, n_steps: int, max_iter: int) -> float | np.ndarray:
        """Return the rate of the coming epoch, or an array with the rate of each step.

        Parameters
        ----------
        n_steps : int
            Updates in the epoch.
        max_iter : int
            Epochs of the horizon.

        Returns
        -------
        rates : float or ndarray of shape (n_steps,)
            One rate where the schedule does not move within epochs.
        """
        self._steps_per_epoch, self._max_iter = n_steps, max_iter
        if not self.schedule.per_step:
            self.current = self.learning_rate
            return self.current
        rates: Any = self._rate_at(np.arange(n_steps))
        self.current = float(rates[-1])
        return rates

    def end_epoch(self, n_steps: int, n_samples: float, metric: float) -> None:
        """Count a completed epoch and let the schedule observe its metric.

        Parameters
        ----------
        n_steps : int
            Updates in the epoch.
        n_samples : float
            Rows in the epoch, or the sum of their weights.
        metric : float
            Training loss or negative validation score, lower is better.
        """
        self.step += n_steps
        self.epoch += 1
        self.samples += n_samples
        self._dropped = self.schedule.observe(metric, self._memory)
        self.reductions += self._dropped

    def stalled(self) -> bool:
        """Answer that progress has stalled: True where training goes on, at a lower rate.

        Returns
        -------
        goes_on : bool
            Whether training goes on.
        """
        if self._dropped:
            return self.current > LOWEST_RATE
        goes_on = self.schedule.goes_on(self._progress(0), self.learning_rate_init)
        self.reductions += goes_on
        return goes_on

    def _rate_at(self, batch: int | np.ndarray) -> float | np.ndarray:
        return self.schedule.rate(self._progress(batch), self.learning_rate_init)

    def _progress(self, batch: int | np.ndarray) -> Progress:
        return Progress(
            step=self.step + batch,
            epoch=self.epoch,
            batch=batch,
            samples=self.samples,
            steps_per_epoch=self._steps_per_epoch,
            max_iter=self._max_iter,
            reductions=self.reductions,
        )
