"""Losses of the residual: regression through the identity."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sknn_actloss import kernels
from sknn_actloss._calls import Call
from sknn_actloss._interval import UNIT, Interval
from sknn_actloss._sklearn import number
from sknn_actloss.losses._base import Loss, SelfBoundLoss
from sknn_actloss.losses._bound import BoundLoss, GradientByCalls
from sknn_actloss.losses._heads import Head, ProbabilityHead
from sknn_actloss.losses._numerics import row_dot, row_sum, weighted_quantile
from sknn_actloss.losses._spec import PROBABILITY_OUTPUT


@dataclass(repr=False)
class SquaredError(SelfBoundLoss, GradientByCalls):
    r"""Half the squared error, in classification the Brier score.

    .. math:: \ell(y, p) = \tfrac{1}{2} (p - y)^2

    The half is scikit-learn's: the gradient is the residual. The names "mse" and
    "mean_squared_error" stand for it as well; :meth:`report` gives the mean square itself. For
    classes, probabilities are compared with zeros and ones; a wrong prediction costs at most one
    half per output, so that mislabelled rows weigh less than under :class:`LogLoss`.

    References
    ----------
    G. W. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather
    Review 78, 1950.

    Examples
    --------
    >>> from sknn_actloss.losses import SquaredError
    >>> round(SquaredError()([0.0, 1.0], [0.5, 4.0]), 3)
    2.312
    """

    tasks: ClassVar[frozenset[str]] = frozenset({"regression", "classification"})
    report_factor: ClassVar[float] = 2.0
    report_name: ClassVar[str] = "mean squared error"
    formula: ClassVar[str] = "½(p − y)²"
    advice: ClassVar[str] = "the mean; for classes, probabilities that outliers distort little"

    @property
    def head(self) -> Head:
        """What reads predictions, which are probabilities where targets are classes."""
        return ProbabilityHead()

    def natural_output(self, target_kind: str) -> str:
        """Return the identity for numbers, the logistic or softmax for classes."""
        return PROBABILITY_OUTPUT[target_kind]

    def for_targets(self, target_kind: str, output: str) -> BoundLoss:
        """Return a loss that asks for predictions in [0, 1] if the targets are classes."""
        return SquaredError() if target_kind == "continuous" else _BrierError()

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        residual = raw - y
        return 0.5 * row_dot(residual, residual)

    def gradient_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls that write the residual to ``out``."""
        return kernels.residual(raw, y, out)


class _BrierError(SquaredError):
    """Half the squared error of probabilities."""

    @property
    def target_domain(self) -> Interval:
        """Zero and one, and probabilities between."""
        return UNIT

    @property
    def prediction_domain(self) -> Interval:
        """Probabilities."""
        return UNIT


class ResidualLoss(SelfBoundLoss, GradientByCalls):
    """Base of losses that are a function of the residual ``d = raw - y``.

    They start from the weighted median, which is close to optimal wherever large residuals
    count less than squared.
    """

    @abstractmethod
    def _loss(self, d: np.ndarray) -> np.ndarray:
        """Return the loss of each element, leaving ``d`` as it is."""

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        return row_sum(self._loss(raw - y))

    def initial_prediction(self, y: np.ndarray, sample_weight: np.ndarray) -> np.ndarray:
        """Return the weighted median of each output."""
        return weighted_quantile(y, 0.5, sample_weight)


@dataclass(repr=False)
class AbsoluteError(ResidualLoss):
    r"""Absolute error, whose minimiser is the median.

    .. math:: \ell(y, p) = |p - y|

    The derivative is 0 where the prediction is exact.

    Examples
    --------
    >>> from sknn_actloss.losses import AbsoluteError
    >>> round(AbsoluteError()([0.0, 1.0], [0.5, 4.0]), 3)
    1.75
    """

    formula: ClassVar[str] = "|p − y|"
    advice: ClassVar[str] = "the median; robust to outliers in the targets"

    def _loss(self, d: np.ndarray) -> np.ndarray:
        return np.abs(d)

    def gradient_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls that write the derivative with respect to ``raw`` to ``out``."""
        return kernels.residual_sign(raw, y, out)


@dataclass(repr=False)
class Huber(ResidualLoss):
    r"""Squared error near the target, absolute error away from it.

    .. math::

        \ell(y, p) = \begin{cases}
            \tfrac{1}{2} d^2 & |d| \le \delta \\
            \delta (|d| - \tfrac{1}{2} \delta) & \text{otherwise}
        \end{cases}, \qquad d = p - y

    Parameters
    ----------
    delta : float, default=1.0
        Size of the residual from which on the loss is linear, in (0, inf) and in units of the
        target.

    References
    ----------
    P. J. Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics
    35, 1964.

    Examples
    --------
    >>> from sknn_actloss.losses import Huber
    >>> round(Huber()([0.0, 1.0], [0.5, 4.0]), 3)
    1.312
    """

    delta: float = 1.0

    _parameter_constraints: ClassVar[dict[str, list]] = {"delta": [number(0, None)]}
    formula: ClassVar[str] = "½d² if |d| ≤ δ else δ(|d| − ½δ), d = p − y"
    advice: ClassVar[str] = "nearly the mean, with a bound on the pull of each outlier"

    def _loss(self, d: np.ndarray) -> np.ndarray:
        bounded = np.clip(d, -self.delta, self.delta)
        return bounded * (d - 0.5 * bounded)

    def gradient_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls that write the derivative with respect to ``raw`` to ``out``."""
        return kernels.clamped_residual(raw, y, self.delta, out)


@dataclass(repr=False)
class LogCosh(ResidualLoss):
    r"""Logarithm of the hyperbolic cosine of the residual, a smooth Huber loss.

    .. math:: \ell(y, p) = \log \cosh(p - y)

    Close to half the squared error for small residuals, to the absolute error less log 2 for
    large ones, and twice differentiable throughout.

    References
    ----------
    R. A. Saleh and A. K. M. E. Saleh, "Statistical properties of the log-cosh loss function used
    in machine learning", arXiv:2208.04564, 2022.

    Examples
    --------
    >>> from sknn_actloss.losses import LogCosh
    >>> round(LogCosh()([0.0, 1.0], [0.5, 4.0]), 3)
    1.215
    """

    formula: ClassVar[str] = "log cosh(p − y)"
    advice: ClassVar[str] = "as huber, smooth; suits lbfgs and targets of unit scale"

    def _loss(self, d: np.ndarray) -> np.ndarray:
        # cosh d = 1 + 2 sinh²(d/2); beyond 20 the slope is 1 to rounding, and sinh² may overflow.
        size = np.abs(d)
        near = np.minimum(size, 20)
        return np.log1p(2 * np.square(np.sinh(0.5 * near))) + (size - near)

    def gradient_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls that write the derivative with respect to ``raw`` to ``out``."""
        return [*kernels.residual(raw, y, out), (np.tanh, (out, out))]


@dataclass(repr=False)
class EpsilonInsensitive(ResidualLoss):
    r"""Absolute error beyond a tolerance, the loss of support vector regression.

    .. math:: \ell(y, p) = \max(0, |p - y| - \varepsilon)

    Parameters
    ----------
    epsilon : float, default=0.1
        Size of residuals that cost nothing, in [0, inf) and in units of the target.

    References
    ----------
    V. N. Vapnik, "The Nature of Statistical Learning Theory", Springer, 1995.

    Examples
    --------
    >>> from sknn_actloss.losses import EpsilonInsensitive
    >>> round(EpsilonInsensitive()([0.0, 1.0], [0.5, 4.0]), 3)
    1.65
    """

    epsilon: float = 0.1

    _parameter_constraints: ClassVar[dict[str, list]] = {"epsilon": [number(0, None, "left")]}
    formula: ClassVar[str] = "max(0, |p − y| − ε)"
    advice: ClassVar[str] = "targets known to a tolerance; robust to outliers"

    def _loss(self, d: np.ndarray) -> np.ndarray:
        return np.maximum(np.abs(d) - self.epsilon, 0)

    def gradient_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls that write the derivative with respect to ``raw`` to ``out``."""
        return kernels.residual_beyond(raw, y, self.epsilon, out)


@dataclass(repr=False)
class SquaredEpsilonInsensitive(ResidualLoss):
    r"""Squared error beyond a tolerance.

    .. math:: \ell(y, p) = \max(0, |p - y| - \varepsilon)^2

    Parameters
    ----------
    epsilon : float, default=0.1
        Size of residuals that cost nothing, in [0, inf) and in units of the target.

    References
    ----------
    H. Drucker, C. J. C. Burges, L. Kaufman, A. Smola and V. Vapnik, "Support vector regression
    machines", Advances in Neural Information Processing Systems 9, 1997.

    Examples
    --------
    >>> from sknn_actloss.losses import SquaredEpsilonInsensitive
    >>> round(SquaredEpsilonInsensitive()([0.0, 1.0], [0.5, 4.0]), 3)
    4.285
    """

    epsilon: float = 0.1

    _parameter_constraints: ClassVar[dict[str, list]] = {"epsilon": [number(0, None, "left")]}
    formula: ClassVar[str] = "max(0, |p − y| − ε)²"
    advice: ClassVar[str] = "targets known to a tolerance; smooth"

    def _loss(self, d: np.ndarray) -> np.ndarray:
        return np.square(np.maximum(np.abs(d) - self.epsilon, 0))

    def gradient_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls that write the derivative with respect to ``raw`` to ``out``."""
        return kernels.excess(raw, y, self.epsilon, out)


@dataclass(repr=False)
class AbsolutePercentageError(Loss):
    r"""Absolute error in percent of the target.

    .. math:: \ell(y, p) = 100 \frac{|p - y|}{\max(|y|, 10^{-5})}

    Predictions lean low: where the target may be large or small, the small values weigh most.

    References
    ----------
    A. de Myttenaere, B. Golden, B. Le Grand and F. Rossi, "Mean absolute percentage error for
    regression models", Neurocomputing 192, 2016.

    Examples
    --------
    >>> from sknn_actloss.losses import AbsolutePercentageError
    >>> round(AbsolutePercentageError()([1.0, 2.0], [1.5, 4.0]), 3)
    75.0
    """

    formula: ClassVar[str] = "100 |p − y| / max(|y|, 10⁻⁵)"
    advice: ClassVar[str] = "relative errors matter, targets away from zero"

    @property
    def takes_shifts(self) -> bool:
        """Whether targets may be shifted: a percent is one of their distance from zero."""
        return False

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        return row_sum(np.abs(raw - y) * _percent(y))

    def gradient(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> None:
        """Write the derivative with respect to ``raw`` to ``out``."""
        np.subtract(raw, y, out=out)
        np.sign(out, out=out)
        out *= _percent(y)

    def initial_prediction(self, y: np.ndarray, sample_weight: np.ndarray) -> np.ndarray:
        """Return the median of each output, weighted by the size of a percent as well."""
        # Of the largest ones, so that products of tiny ones do not vanish.
        percent, weight = _percent(y), sample_weight / sample_weight.max()
        return weighted_quantile(y, 0.5, weight[:, np.newaxis] * (percent / percent.max(axis=0)))


def _percent(y: np.ndarray) -> np.ndarray:
    return 100 / np.maximum(np.abs(y), 1e-5)
