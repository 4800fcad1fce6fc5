"""Schedules that move with every step towards a horizon of ``max_iter`` epochs.

Beyond the horizon, as in ``partial_fit`` that goes on, the last rate is held.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from sknn_actloss._sklearn import number, whole_number
from sknn_actloss.schedules._base import ScaledSchedule, WarmedSchedule
from sknn_actloss.schedules._progress import Progress


@dataclass(repr=False)
class HorizonSchedule(WarmedSchedule):
    """Base of schedules that fall from the initial rate to a fraction of it at the horizon."""

    end: float = field(default=0.0, kw_only=True)

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **WarmedSchedule._parameter_constraints,
        "end": [number(0, 1, "both")],
    }

    @abstractmethod
    def fall(self, u: float | np.ndarray) -> float | np.ndarray:
        """Return the shape of the fall, from 1 at u = 0 to 0 at u = 1.

        Parameters
        ----------
        u : float or ndarray
            Share of the way to the horizon, after warm-up.

        Returns
        -------
        height : float or ndarray
            What is left of the fall.
        """

    @property
    def per_step(self) -> bool:
        return True

    @property
    def ends_at_horizon(self) -> bool:
        return self.end < 1

    def course(self, progress: Progress) -> float | np.ndarray:
        warm = self.warmup * progress.steps_per_epoch
        span = max(progress.horizon - warm, 1)
        u = np.clip((progress.position - warm) / span, 0.0, 1.0)
        return self.end + (1 - self.end) * self.fall(u)


@dataclass(repr=False)
class Linear(HorizonSchedule):
    r"""A straight line.

    .. math:: \eta = \eta_0 \left( c + (1 - c)(1 - u) \right)

    where u goes from 0 after warm-up to 1 at the horizon of ``max_iter`` epochs.

    Parameters
    ----------
    warmup : float >= 0, default=0
        Epochs over which the rate rises linearly first.
    end : float in [0, 1], default=0.0
        The last rate c, as a fraction of the initial one; held after the horizon.

    Examples
    --------
    >>> from sknn_actloss.schedules import Linear
    >>> schedule = Linear()
    >>> schedule.simulate(4, 10, learning_rate_init=0.1).round(3).tolist()
    [0.078, 0.053, 0.028, 0.003]
    """

    formula: ClassVar[str] = "η₀ (c + (1 - c)(1 - u))"
    advice: ClassVar[str] = "first of the decays to try; ends at zero after max_iter epochs"

    def fall(self, u: float | np.ndarray) -> float | np.ndarray:
        return 1 - u


@dataclass(repr=False)
class Polynomial(HorizonSchedule):
    r"""A power of the remaining way.

    .. math:: \eta = \eta_0 \left( c + (1 - c)(1 - u)^p \right)

    where u goes from 0 after warm-up to 1 at the horizon of ``max_iter`` epochs.

    Parameters
    ----------
    power : float > 0, default=1.0
        Exponent p; 1 is a straight line, more than 1 falls fast first.
    warmup : float >= 0, default=0
        Epochs over which the rate rises linearly first.
    end : float in [0, 1], default=0.0
        The last rate c, as a fraction of the initial one; held after the horizon.

    Examples
    --------
    >>> from sknn_actloss.schedules import Polynomial
    >>> schedule = Polynomial(power=2.0)
    >>> schedule.simulate(4, 10, learning_rate_init=0.1).round(3).tolist()
    [0.06, 0.028, 0.008, 0.0]
    """

    power: float = 1.0

    formula: ClassVar[str] = "η₀ (c + (1 - c)(1 - u)^p)"
    advice: ClassVar[str] = "linear with a bend to tune: power=2 stays low for longer"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **HorizonSchedule._parameter_constraints,
        "power": [number(0, None, "neither")],
    }

    def fall(self, u: float | np.ndarray) -> float | np.ndarray:
        return (1 - u) ** self.power


@dataclass(repr=False)
class Cosine(HorizonSchedule):
    r"""Half a cosine wave.

    .. math:: \eta = \eta_0 \left( c + (1 - c)\, \tfrac{1}{2} (1 + \cos \pi u) \right)

    where u goes from 0 after warm-up to 1 at the horizon of ``max_iter`` epochs.

    Parameters
    ----------
    warmup : float >= 0, default=0
        Epochs over which the rate rises linearly first.
    end : float in [0, 1], default=0.0
        The last rate c, as a fraction of the initial one; held after the horizon.

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR: Stochastic gradient descent with warm restarts",
    ICLR 2017.

    Examples
    --------
    >>> from sknn_actloss.schedules import Cosine
    >>> schedule = Cosine()
    >>> schedule.simulate(4, 10, learning_rate_init=0.1).round(3).tolist()
    [0.088, 0.054, 0.018, 0.0]
    """

    formula: ClassVar[str] = "η₀ (c + (1 - c)(1 + cos πu)/2)"
    advice: ClassVar[str] = "as linear, with longer spells near both ends; goes with warmup"

    def fall(self, u: float | np.ndarray) -> float | np.ndarray:
        return (1 + np.cos(np.pi * u)) / 2


@dataclass(repr=False)
class OneCycle(ScaledSchedule):
    r"""Up to the initial rate and down again, along half cosine waves (1cycle policy).

    .. math:: \eta_0 / \mathrm{div} \;\to\; \eta_0 \;\to\; \eta_0 / (\mathrm{div} \cdot
        \mathrm{final\_div})

    The last step before the horizon of ``max_iter`` epochs has the lowest rate. The initial
    rate is the largest one, and momentum is left alone.

    Parameters
    ----------
    pct_start : float in [0, 1), default=0.3
        Share of the steps that rise.
    div : float >= 1, default=25.0
        The first rate is the initial one divided by this.
    final_div : float >= 1, default=1e4
        The last rate is the first one divided by this.

    References
    ----------
    L. Smith and N. Topin, "Super-convergence: Very fast training of neural networks using large
    learning rates", arXiv:1708.07120, 2017.

    Examples
    --------
    >>> from sknn_actloss.schedules import OneCycle
    >>> schedule = OneCycle()
    >>> schedule.simulate(4, 10, learning_rate_init=0.1).round(3).tolist()
    [0.092, 0.081, 0.028, 0.0]
    """

    pct_start: float = 0.3
    div: float = 25.0
    final_div: float = 1e4

    formula: ClassVar[str] = "η₀/d → η₀ → η₀/(d f), half cosine waves"
    advice: ClassVar[str] = "few epochs at a rate several times the usual"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "pct_start": [number(0, 1, "left")],
        "div": [number(1, None, "left")],
        "final_div": [number(1, None, "left")],
    }

    @property
    def per_step(self) -> bool:
        return True

    @property
    def ends_at_horizon(self) -> bool:
        return True

    def scale_at(self, progress: Progress) -> float | np.ndarray:
        peak, last = self.pct_start * progress.horizon - 1, progress.horizon - 1
        phase = np.interp(progress.position, [min(peak, 0.0), peak, last], [0.0, 1.0, 2.0])
        height = (1 - np.cos(np.pi * phase)) / 2
        start = 1 / self.div
        bottom = np.where(phase < 1, start, start / self.final_div)
        return bottom + (1 - bottom) * height


@dataclass(repr=False)
class CosineCycles(ScaledSchedule):
    r"""Cosine waves from zero to the initial rate and back, each twice as long as the last.

    .. math:: \eta = \eta_0 \, \tfrac{1}{2} \left(1 - \cos\left(2 \pi \log_2(1 + (2^n - 1) u)
        \right)\right)

    where u goes from 0 to 1 at the horizon of ``max_iter`` epochs. Each cycle ends where its
    rate is zero, so that the best epoch tends to be the last one of a cycle.

    Parameters
    ----------
    n_cycles : int in [1, 30], default=3
        Cycles n up to the horizon; the first one takes ``1 / (2**n - 1)`` of the way.

    References
    ----------
    D. Holzmüller, L. Grinsztajn and I. Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024.

    Examples
    --------
    >>> from sknn_actloss.schedules import CosineCycles
    >>> schedule = CosineCycles(n_cycles=2)
    >>> schedule.simulate(4, 10, learning_rate_init=0.1).round(3).tolist()
    [0.052, 0.059, 0.075, 0.001]
    """

    n_cycles: int = 3

    formula: ClassVar[str] = "η₀ (1 - cos(2π log₂(1 + (2^n - 1) u)))/2"
    advice: ClassVar[str] = "with early stopping, whose patience spans the last cycle"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_cycles": [whole_number(1, 30, closed="both")]
    }

    @property
    def per_step(self) -> bool:
        return True

    @property
    def ends_at_horizon(self) -> bool:
        return True

    def scale_at(self, progress: Progress) -> float | np.ndarray:
        u = np.minimum(progress.position / progress.horizon, 1.0)
        cycles = np.log2(1 + (2**self.n_cycles - 1) * u)
        return (1 - np.cos(2 * np.pi * cycles)) / 2
