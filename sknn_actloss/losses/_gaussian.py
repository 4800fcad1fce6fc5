"""The likelihood of a normal distribution whose mean and variance are both predicted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log, pi
from typing import ClassVar

import numpy as np

from sknn_actloss._numeric import constant
from sknn_actloss._sklearn import number
from sknn_actloss.losses._base import SelfBoundLoss
from sknn_actloss.losses._bound import BoundLoss, PlainGradient
from sknn_actloss.losses._heads import GaussianHead
from sknn_actloss.losses._numerics import row_sum


@dataclass(repr=False)
class GaussianNLL(SelfBoundLoss, PlainGradient):
    r"""Negative log-likelihood of a normal distribution, whose mean and variance are predicted.

    .. math::
        \ell(y, \mu, s) = \tfrac{1}{2} \left(\log 2 \pi \sigma^2
            + \frac{(y - \mu)^2}{\sigma^2}\right), \qquad \sigma^2 = e^s + \varepsilon

    Raw outputs go target by target: the mean :math:`\mu` and then :math:`s`, in effect the
    logarithm of the variance. Nothing in the formulas overflows but the squared ratio of residual
    and deviation itself. The value is that of ``torch.nn.GaussianNLLLoss(full=True)`` with the
    variance :math:`\sigma^2`; it is negative where a density is above one.

    Parameters
    ----------
    min_variance : float, default=1e-6
        Summand ε, which keeps targets that are predicted exactly from driving the loss to minus
        infinity, in (0, inf) and in units of the squared target.

    References
    ----------
    D. A. Nix and A. S. Weigend, "Estimating the mean and variance of the target probability
    distribution", ICNN 1994.

    Examples
    --------
    >>> from sknn_actloss.losses import GaussianNLL
    >>> round(GaussianNLL()([1.0, 2.0], [[1.5, 0.0], [4.0, 1.0]]), 3)
    1.599
    """

    min_variance: float = 1e-6

    outputs_per_target: ClassVar[int] = 2
    _parameter_constraints: ClassVar[dict[str, list]] = {"min_variance": [number(0, None)]}
    formula: ClassVar[str] = "½(log 2πσ² + (y − μ)²/σ²), σ² = eˢ + ε"
    advice: ClassVar[str] = "mean and standard deviation, where the noise differs between rows"

    @property
    def head(self) -> GaussianHead:
        """What reads means and variances."""
        return GaussianHead(self.min_variance)

    def objection(self, output: str) -> str:
        """Refuse all but the identity."""
        return "" if output == "identity" else "outputs are means and logarithms of variances"

    def for_targets(self, target_kind: str, output: str) -> BoundLoss:
        """Return a copy."""
        return replace(self)

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        log_variance = self._log_variance(raw)
        z = (raw[..., ::2] - y) * np.exp(-0.5 * log_variance)
        return 0.5 * row_sum(log(2 * pi) + log_variance + z * z)

    def gradient(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> None:
        """Write the derivative with respect to ``raw`` to ``out``."""
        log_variance = self._log_variance(raw)
        precision = np.exp(-0.5 * log_variance)
        z = (raw[..., ::2] - y) * precision
        np.multiply(z, precision, out=out[..., ::2])
        # The share of the exponential in the variance is the slope of the latter's logarithm.
        share = np.exp(raw[..., 1::2] - log_variance)
        np.multiply(0.5 * share, 1 - z * z, out=out[..., 1::2])

    def initial_prediction(self, y: np.ndarray, sample_weight: np.ndarray) -> np.ndarray:
        """Return weighted mean and logarithm of the weighted variance of each target.

        Targets without variance start at one: initial weights do not predict them exactly.
        """
        targets = y.astype(np.float64)
        mean = np.average(targets, axis=0, weights=sample_weight)
        variance = np.average(np.square(targets - mean), axis=0, weights=sample_weight)
        start = np.where(variance > self.min_variance, variance, 1.0)
        return np.stack([mean, np.log(start)], axis=-1).ravel().astype(y.dtype)

    def _log_variance(self, raw: np.ndarray) -> np.ndarray:
        floor = constant(np.log(self.min_variance), raw.dtype)
        return np.logaddexp(raw[..., 1::2], floor)
