"""Losses of positive predictions: regression through the exponential or softplus."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit, xlogy

from sknn_actloss._interval import NONNEGATIVE, POSITIVE, REALS, Interval
from sknn_actloss._sklearn import number
from sknn_actloss.losses._base import Loss
from sknn_actloss.losses._bound import BoundLoss, PlainGradient
from sknn_actloss.losses._numerics import row_dot, row_sum, softplus
from sknn_actloss.losses._regression import SquaredError
from sknn_actloss.losses._spec import LossSpec

#: Where logarithms of predictions near zero are cut off, and where all-zero targets start.
_SMALL = 1e-5


def weighted_mean(y: np.ndarray, sample_weight: np.ndarray) -> np.ndarray:
    """Return the weighted mean of each column, or a small number where it is not positive."""
    mean = np.average(y, axis=0, weights=sample_weight)
    return np.where(mean > 0, mean, _SMALL).astype(y.dtype)


class LogLinkLoss(Loss):
    """Base of deviances: the raw output is the logarithm of the prediction."""

    link: ClassVar[str] = "exp"
    report_factor: ClassVar[float] = 2.0
    report_name: ClassVar[str] = "mean deviance"

    @property
    def prediction_domain(self) -> Interval:
        """Positive numbers."""
        return POSITIVE

    @abstractmethod
    def _deviance(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return half the deviance of each element."""

    @abstractmethod
    def _slope(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the derivative of :meth:`_deviance` with respect to ``raw``."""

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        with np.errstate(over="ignore"):
            return row_sum(self._deviance(y, raw))

    def gradient(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> None:
        """Write the derivative with respect to ``raw`` to ``out``."""
        with np.errstate(over="ignore"):
            out[...] = self._slope(y, raw)

    def value_of_prediction(self, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        """Return the loss of each row from activated outputs."""
        return self.value(y, np.log(_inside(prediction)))

    def gradient_of_prediction(
        self, y: np.ndarray, prediction: np.ndarray, out: np.ndarray
    ) -> None:
        """Write the derivative with respect to ``prediction`` to ``out``, finite everywhere."""
        prediction = _inside(prediction)
        largest = np.finfo(prediction.dtype).max
        with np.errstate(over="ignore"):
            np.divide(self._slope(y, np.log(prediction)), prediction, out=out)
        np.clip(out, -largest, largest, out=out)


def _inside(prediction: np.ndarray) -> np.ndarray:
    # The chain rule multiplies by slopes that underflow at both ends: 0 * inf would be NaN.
    limits = np.finfo(prediction.dtype)
    return np.clip(prediction, limits.tiny**0.25, limits.max**0.5)


@dataclass(repr=False)
class Poisson(LogLinkLoss):
    r"""Half the Poisson deviance, for counts and frequencies.

    .. math:: \ell(y, p) = y \log \frac{y}{p} - y + p

    Targets lie in [0, inf). The natural output is the exponential, as in scikit-learn.

    References
    ----------
    P. McCullagh and J. A. Nelder, "Generalized Linear Models", Chapman and Hall, 1989.

    Examples
    --------
    >>> from sknn_actloss.losses import Poisson
    >>> round(Poisson()([1.0, 2.0], [1.5, 4.0]), 3)
    0.354
    """

    formula: ClassVar[str] = "y log(y/p) − y + p"
    advice: ClassVar[str] = "counts and frequencies: variance in proportion to the mean"

    @property
    def target_domain(self) -> Interval:
        """Numbers that are not negative."""
        return NONNEGATIVE

    def _deviance(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        return xlogy(y, y) - y * (raw + 1) + np.exp(raw)

    def _slope(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        return np.exp(raw) - y


@dataclass(repr=False)
class Gamma(LogLinkLoss):
    r"""Half the gamma deviance, for positive amounts with errors in proportion to them.

    .. math:: \ell(y, p) = \log \frac{p}{y} + \frac{y}{p} - 1

    Targets lie in (0, inf). Scaling targets and predictions alike leaves the loss as it is.

    References
    ----------
    P. McCullagh and J. A. Nelder, "Generalized Linear Models", Chapman and Hall, 1989.

    Examples
    --------
    >>> from sknn_actloss.losses import Gamma
    >>> round(Gamma()([1.0, 2.0], [1.5, 4.0]), 3)
    0.133
    """

    formula: ClassVar[str] = "log(p/y) + y/p − 1"
    advice: ClassVar[str] = "positive amounts: standard deviation in proportion to the mean"

    @property
    def target_domain(self) -> Interval:
        """Positive numbers."""
        return POSITIVE

    def _deviance(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        log_ratio = np.log(y) - raw
        return np.expm1(log_ratio) - log_ratio

    def _slope(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        return -np.expm1(np.log(y) - raw)

    def initial_prediction(self, y: np.ndarray, sample_weight: np.ndarray) -> np.ndarray:
        """Return the weighted mean of each output."""
        return weighted_mean(y, sample_weight)


@dataclass(repr=False)
class Tweedie(LossSpec):
    r"""Half the Tweedie deviance, whose variance is a power of the mean.

    .. math::

        \ell(y, p) = \frac{\max(y, 0)^{2 - k}}{(1 - k)(2 - k)} - \frac{y \, p^{1 - k}}{1 - k}
            + \frac{p^{2 - k}}{2 - k}

    with half the squared error for :math:`k = 0`, and the limits :class:`Poisson` for
    :math:`k = 1` and :class:`Gamma` for :math:`k = 2`. The natural output is the exponential
    throughout.

    Parameters
    ----------
    power : float, default=1.5
        The power :math:`k`, at most 0 or at least 1. Between 1 and 2 the distribution has a mass
        at zero and is continuous above, as total claims of insurance policies are. Targets lie in
        the reals for a power up to 0, in [0, inf) for 1 up to 2 without 2, in (0, inf) from 2 on.

    References
    ----------
    B. Jørgensen, "Exponential dispersion models", Journal of the Royal Statistical Society B 49,
    1987.

    Examples
    --------
    >>> from sknn_actloss.losses import Tweedie
    >>> round(Tweedie()([1.0, 2.0], [1.5, 4.0]), 3)
    0.213
    """

    report_factor: ClassVar[float] = 2.0
    report_name: ClassVar[str] = "mean deviance"

    power: float = 1.5

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "power": [number(None, 0, "right"), number(1, None, "left")]
    }
    formula: ClassVar[str] = "y²⁻ᵏ/((1−k)(2−k)) − y p¹⁻ᵏ/(1−k) + p²⁻ᵏ/(2−k)"
    advice: ClassVar[str] = "amounts that are often zero (1 < k < 2), such as claims or rain"

    def natural_output(self, target_kind: str) -> str:
        """Return the exponential."""
        return "exp"

    def for_targets(self, target_kind: str, output: str) -> BoundLoss:
        """Return the deviance for the power; those of 0, 1 and 2 have formulas of their own."""
        special: dict[float, Any] = {0: _Normal, 1: Poisson, 2: Gamma}
        return special[self.power]() if self.power in special else _PowerDeviance(self.power)


@dataclass(repr=False)
class _Normal(PlainGradient):
    """Half the squared error of the exponential of the raw output."""

    link: ClassVar[str] = "exp"

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        with np.errstate(over="ignore"):
            return self.value_of_prediction(y, np.exp(raw))

    def gradient(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> None:
        """Write the derivative with respect to ``raw`` to ``out``."""
        with np.errstate(over="ignore"):
            mean = np.exp(raw)
            np.multiply(mean, mean - y, out=out)

    def value_of_prediction(self, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        """Return the loss of each row from activated outputs."""
        return SquaredError().value(y, prediction)

    def gradient_of_prediction(
        self, y: np.ndarray, prediction: np.ndarray, out: np.ndarray
    ) -> None:
        """Write the derivative with respect to ``prediction`` to ``out``."""
        SquaredError().gradient(y, prediction, out)

    def initial_prediction(self, y: np.ndarray, sample_weight: np.ndarray) -> np.ndarray:
        """Return the weighted mean of each output."""
        return weighted_mean(y, sample_weight)


@dataclass(repr=False)
class _PowerDeviance(LogLinkLoss):
    """The Tweedie deviance for powers other than 0, 1 and 2, which may differ between members."""

    power: float

    @property
    def target_domain(self) -> Interval:
        """Reals, non-negative or positive numbers, as the power asks for."""
        if self.power <= 0:
            return REALS
        return NONNEGATIVE if self.power < 2 else POSITIVE

    def initial_prediction(self, y: np.ndarray, sample_weight: np.ndarray) -> np.ndarray:
        """Return the weighted mean of each output."""
        return weighted_mean(y, sample_weight)

    def _deviance(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        first, second = 1 - self.power, 2 - self.power
        least = np.maximum(y, 0) ** second / (first * second)
        return least + self._combine(y, raw, 1 / second, -1 / first)

    def _slope(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        return self._combine(y, raw, 1, -1)

    def _combine(self, y: np.ndarray, raw: np.ndarray, a: float, b: float) -> np.ndarray:
        """Return ``a p^(2-k) + b y p^(1-k)``, also where both terms overflow or ``y`` is 0."""
        with np.errstate(divide="ignore"):
            log_y = np.log(np.abs(y))
        first = (2 - self.power) * raw
        second = (1 - self.power) * raw + log_y
        top = np.maximum(first, second)
        terms = a * np.exp(first - top) + b * np.sign(y) * np.exp(second - top)
        return np.exp(top) * terms


@dataclass(repr=False)
class SquaredLogError(Loss):
    r"""Squared error of the logarithms of target and prediction, one added to each.

    .. math:: \ell(y, p) = (\log(1 + \max(p, 10^{-5})) - \log(1 + \max(y, 10^{-5})))^2

    Targets and predictions lie in [0, inf); the natural output is the softplus, through which
    training takes the prediction without the lower bound, so that none gets stuck there.

    Examples
    --------
    >>> from sknn_actloss.losses import SquaredLogError
    >>> round(SquaredLogError()([1.0, 2.0], [1.5, 4.0]), 3)
    0.155
    """

    link: ClassVar[str] = "softplus"
    formula: ClassVar[str] = "(log(1 + p) − log(1 + y))²"
    advice: ClassVar[str] = "targets over orders of magnitude, ratios matter"

    @property
    def target_domain(self) -> Interval:
        """Numbers that are not negative."""
        return NONNEGATIVE

    @property
    def prediction_domain(self) -> Interval:
        """Numbers that are not negative."""
        return NONNEGATIVE

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        difference = _log_difference(y, softplus(raw))
        return row_dot(difference, difference)

    def gradient(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> None:
        """Write the derivative with respect to ``raw`` to ``out``."""
        self._slope(y, softplus(raw), out)
        out *= expit(raw)

    def value_of_prediction(self, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        """Return the loss of each row from activated outputs."""
        difference = _log_difference(y, np.maximum(prediction, _SMALL))
        return row_dot(difference, difference)

    def gradient_of_prediction(
        self, y: np.ndarray, prediction: np.ndarray, out: np.ndarray
    ) -> None:
        """Write the derivative with respect to ``prediction``, at the bound where it is below."""
        self._slope(y, np.maximum(prediction, _SMALL), out)

    def _slope(self, y: np.ndarray, prediction: np.ndarray, out: np.ndarray) -> None:
        np.divide(2 * _log_difference(y, prediction), 1 + prediction, out=out)

    def initial_prediction(self, y: np.ndarray, sample_weight: np.ndarray) -> np.ndarray:
        """Return what has the weighted mean of the logarithms."""
        return np.expm1(weighted_mean(np.log1p(y), sample_weight))


def _log_difference(y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    return np.log1p(prediction) - np.log1p(np.maximum(y, _SMALL))
