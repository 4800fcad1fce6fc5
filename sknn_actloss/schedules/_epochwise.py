"""Schedules that move between epochs."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import ClassVar

import numpy as np

from sknn_actloss._sklearn import number, whole_number
from sknn_actloss.schedules._base import ScaledSchedule, WarmedSchedule
from sknn_actloss.schedules._progress import Progress

_FACTOR = [number(0, 1, "right")]


@dataclass(repr=False)
class InvScaling(ScaledSchedule):
    r"""The schedule ``"invscaling"`` of scikit-learn: a power of the number of rows seen.

    .. math:: \eta = \eta_0 / (n + 1)^p

    where n counts rows over all epochs and fits. The first epoch of a fit runs at
    :math:`\eta_0`.

    Parameters
    ----------
    power_t : float >= 0, default=0.5
        Exponent p; the estimator's ``power_t`` where the schedule is given by name.

    Examples
    --------
    >>> from sknn_actloss.schedules import InvScaling
    >>> schedule = InvScaling()
    >>> schedule.simulate(4, 10, n_samples=100, learning_rate_init=0.1).round(3).tolist()
    [0.1, 0.01, 0.007, 0.006]
    """

    power_t: float = 0.5

    needs: ClassVar[frozenset[str]] = frozenset({"samples"})
    formula: ClassVar[str] = "η₀ / (rows seen + 1)^p"
    advice: ClassVar[str] = "for compatibility: falls by √n_samples after one epoch"
    _parameter_constraints: ClassVar[dict[str, list]] = {"power_t": [number(0, None, "left")]}

    def scale_at(self, progress: Progress) -> float:
        return 1.0 if progress.epoch == 0 else (progress.samples + 1) ** -self.power_t


@dataclass(repr=False)
class EpochwiseSchedule(WarmedSchedule):
    """Base of schedules that depend on the number of epochs since the warm-up."""

    @abstractmethod
    def after(self, epochs: float) -> float:
        """Return the factor after so many epochs.

        Parameters
        ----------
        epochs : float
            Epochs since warm-up.

        Returns
        -------
        factor : float
            The factor to the initial rate.
        """

    def course(self, progress: Progress) -> float:
        return self.after(max(progress.epoch - self.warmup, 0))


@dataclass(repr=False)
class Constant(EpochwiseSchedule):
    r"""The initial rate throughout.

    .. math:: \eta = \eta_0

    Parameters
    ----------
    warmup : float >= 0, default=0
        Epochs over which the rate rises linearly to the initial one.

    Examples
    --------
    >>> from sknn_actloss.schedules import Constant
    >>> schedule = Constant()
    >>> schedule.simulate(4, 10, learning_rate_init=0.1).round(3).tolist()
    [0.1, 0.1, 0.1, 0.1]
    """

    formula: ClassVar[str] = "η₀"
    advice: ClassVar[str] = "the default: enough for adam on most tables"

    def after(self, epochs: float) -> float:
        return 1.0


@dataclass(repr=False)
class Step(EpochwiseSchedule):
    r"""A drop after every so many epochs.

    .. math:: \eta = \eta_0\, \gamma^{\lfloor e / s \rfloor}

    Parameters
    ----------
    step_size : int >= 1, default=50
        Epochs s between drops; the default makes three drops within 200 epochs.
    gamma : float in (0, 1], default=0.1
        Factor γ of a drop.
    warmup : float >= 0, default=0
        Epochs over which the rate rises linearly first; e counts from there.

    Examples
    --------
    >>> from sknn_actloss.schedules import Step
    >>> schedule = Step(step_size=2)
    >>> schedule.simulate(4, 10, learning_rate_init=0.1).round(3).tolist()
    [0.1, 0.1, 0.01, 0.01]
    """

    step_size: int = 50
    gamma: float = 0.1

    formula: ClassVar[str] = "η₀ γ^⌊e/s⌋"
    advice: ClassVar[str] = "for sgd, where the loss flattens after about step_size epochs"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **EpochwiseSchedule._parameter_constraints,
        "step_size": [whole_number(1)],
        "gamma": _FACTOR,
    }

    def after(self, epochs: float) -> float:
        return self.gamma ** (epochs // self.step_size)


@dataclass(repr=False)
class MultiStep(EpochwiseSchedule):
    r"""A drop at each of the given epochs.

    .. math:: \eta = \eta_0\, \gamma^{\#\{m \in \mathrm{milestones}:\ m \le e\}}

    Parameters
    ----------
    milestones : sequence of int >= 0, default=(100, 150)
        Epochs after which the rate drops; the defaults are half and three quarters of 200.
    gamma : float in (0, 1], default=0.1
        Factor γ of a drop.
    warmup : float >= 0, default=0
        Epochs over which the rate rises linearly first; e counts from there.

    Examples
    --------
    >>> from sknn_actloss.schedules import MultiStep
    >>> schedule = MultiStep(milestones=(1, 3))
    >>> schedule.simulate(4, 10, learning_rate_init=0.1).round(3).tolist()
    [0.1, 0.01, 0.01, 0.001]
    """

    milestones: Sequence[int] = (100, 150)
    gamma: float = 0.1

    formula: ClassVar[str] = "η₀ γ^#{m ≤ e}"
    advice: ClassVar[str] = "for sgd with a known length of training"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **EpochwiseSchedule._parameter_constraints,
        "milestones": ["array-like"],
        "gamma": _FACTOR,
    }

    def validate(self) -> None:
        super().validate()
        epochs = self.milestones if np.ndim(self.milestones) == 1 else [None]
        if not all(isinstance(epoch, Real) and epoch >= 0 for epoch in epochs):
            raise ValueError(
                f"The 'milestones' parameter of MultiStep must hold numbers of epochs >= 0. "
                f"Got {self.milestones!r} instead."
            )

    def after(self, epochs: float) -> float:
        return self.gamma ** sum(milestone <= epochs for milestone in self.milestones)


@dataclass(repr=False)
class Exponential(EpochwiseSchedule):
    r"""The same relative drop after each epoch.

    .. math:: \eta = \eta_0\, \gamma^e

    Parameters
    ----------
    gamma : float in (0, 1], default=0.95
        Factor γ of an epoch; the default halves the rate about every 14 epochs.
    warmup : float >= 0, default=0
        Epochs over which the rate rises linearly first; e counts from there.

    Examples
    --------
    >>> from sknn_actloss.schedules import Exponential
    >>> schedule = Exponential(gamma=0.5)
    >>> schedule.simulate(4, 10, learning_rate_init=0.1).round(3).tolist()
    [0.1, 0.05, 0.025, 0.012]
    """

    gamma: float = 0.95

    formula: ClassVar[str] = "η₀ γ^e"
    advice: ClassVar[str] = "smooth, and needs no horizon; goes with partial_fit"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **EpochwiseSchedule._parameter_constraints,
        "gamma": _FACTOR,
    }

    def after(self, epochs: float) -> float:
        return self.gamma**epochs


@dataclass(repr=False)
class CosineRestarts(EpochwiseSchedule):
    r"""Half cosine waves, each from the initial rate down to the end, with warm restarts (SGDR).

    .. math::
        \eta = \eta_0 \left( c + (1 - c)\, \tfrac{1}{2} (1 + \cos(\pi e_i / T_i)) \right)

    in epoch :math:`e_i` of the cycle i of :math:`T_i = \mathrm{first} \cdot
    \mathrm{multiplier}^i` epochs.

    Parameters
    ----------
    first : int >= 1, default=10
        Epochs of the first cycle.
    multiplier : float >= 1, default=2
        How many times as long each cycle is as the one before.
    end : float in [0, 1], default=0.0
        The lower end c, as a fraction of the initial rate.
    warmup : float >= 0, default=0
        Epochs over which the rate rises linearly first; cycles start from there.

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR: Stochastic gradient descent with warm restarts",
    ICLR 2017.

    Examples
    --------
    >>> from sknn_actloss.schedules import CosineRestarts
    >>> schedule = CosineRestarts(first=2)
    >>> schedule.simulate(4, 10, learning_rate_init=0.1).round(3).tolist()
    [0.1, 0.05, 0.1, 0.085]
    """

    first: int = 10
    multiplier: float = 2
    end: float = 0.0

    formula: ClassVar[str] = "η₀ (c + (1 - c)(1 + cos(π e_i/T_i))/2)"
    advice: ClassVar[str] = "open horizon: each cycle ends with a low rate"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **EpochwiseSchedule._parameter_constraints,
        "first": [whole_number(1)],
        "multiplier": [number(1, None, "left")],
        "end": [number(0, 1, "both")],
    }

    def after(self, epochs: float) -> float:
        length: float = self.first
        while epochs >= length:
            epochs -= length
            length *= self.multiplier
        return self.end + (1 - self.end) * (1 + math.cos(math.pi * epochs / length)) / 2
