"""Losses of the margin: classification without probabilities."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import expit

from sknn_actloss import kernels
from sknn_actloss._calls import Call
from sknn_actloss._interval import UNIT, Interval
from sknn_actloss._numeric import negate
from sknn_actloss.losses._base import SelfBoundLoss
from sknn_actloss.losses._bound import BoundLoss, GradientByCalls, PlainGradient
from sknn_actloss.losses._heads import Head, ProbabilityHead
from sknn_actloss.losses._numerics import exp, row_dot, row_sum
from sknn_actloss.losses._spec import LossSpec


class MarginLoss(SelfBoundLoss, GradientByCalls):
    """Base of losses that are a function of the margin ``m = y * raw``, with y of -1 and +1.

    Several classes are taken one against the rest.
    """

    tasks: ClassVar[frozenset[str]] = frozenset({"classification"})
    encoding: ClassVar[tuple[float, float]] = (-1.0, 1.0)

    @property
    def target_domain(self) -> Interval:
        """Minus one and one."""
        return Interval(-1.0, 1.0, low_closed=True, high_closed=True)

    @abstractmethod
    def _loss(self, m: np.ndarray) -> np.ndarray:
        """Return the loss of each element."""

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        return row_sum(self._loss(y * raw))


@dataclass(repr=False)
class Hinge(MarginLoss):
    r"""Hinge loss, that of linear support vector machines.

    .. math:: \ell(y, f) = \max(0, 1 - y f)

    References
    ----------
    C. Cortes and V. Vapnik, "Support-vector networks", Machine Learning 20, 1995.

    Examples
    --------
    >>> from sknn_actloss.losses import Hinge
    >>> round(Hinge()([0, 1, 1], [-2.0, 0.5, 3.0]), 3)
    0.167
    """

    formula: ClassVar[str] = "max(0, 1 − y f)"
    advice: ClassVar[str] = "the decision alone; rows beyond the margin cost nothing"

    def _loss(self, m: np.ndarray) -> np.ndarray:
        return np.maximum(1 - m, 0)

    def gradient_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls that write the derivative with respect to ``raw`` to ``out``."""
        return kernels.hinge(raw, y, out)


@dataclass(repr=False)
class SquaredHinge(MarginLoss):
    r"""Square of the hinge loss.

    .. math:: \ell(y, f) = \max(0, 1 - y f)^2

    References
    ----------
    Y. Tang, "Deep learning using linear support vector machines", arXiv:1306.0239, 2013.

    Examples
    --------
    >>> from sknn_actloss.losses import SquaredHinge
    >>> round(SquaredHinge()([0, 1, 1], [-2.0, 0.5, 3.0]), 3)
    0.083
    """

    formula: ClassVar[str] = "max(0, 1 − y f)²"
    advice: ClassVar[str] = "as hinge, smooth; mislabelled rows weigh much"

    def _loss(self, m: np.ndarray) -> np.ndarray:
        return np.square(np.maximum(1 - m, 0))

    def gradient_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls that write the derivative with respect to ``raw`` to ``out``."""
        return kernels.squared_hinge(raw, y, math.inf, out)


@dataclass(repr=False)
class ModifiedHuber(MarginLoss):
    r"""Squared hinge loss that goes on as a straight line for margins below -1.

    .. math::

        \ell(y, f) = \begin{cases}
            \max(0, 1 - y f)^2 & y f \ge -1 \\
            -4 y f & \text{otherwise}
        \end{cases}

    References
    ----------
    T. Zhang, "Solving large scale linear prediction problems using stochastic gradient descent
    algorithms", ICML 2004.

    Examples
    --------
    >>> from sknn_actloss.losses import ModifiedHuber
    >>> round(ModifiedHuber()([0, 1, 1], [-2.0, 0.5, 3.0]), 3)
    0.083
    """

    formula: ClassVar[str] = "max(0, 1 − y f)² if y f ≥ −1 else −4 y f"
    advice: ClassVar[str] = "as squared hinge, robust to mislabelled rows"

    def _loss(self, m: np.ndarray) -> np.ndarray:
        return np.square(np.clip(1 - m, 0, 2)) + 4 * np.maximum(-1 - m, 0)

    def gradient_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls that write the derivative with respect to ``raw`` to ``out``."""
        return kernels.squared_hinge(raw, y, 2.0, out)


class HalfLogOddsHead(ProbabilityHead):
    """Reads probabilities from outputs that are half the logarithm of the odds."""

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Return the probability of each output's positive state."""
        return expit(2 * outputs)


@dataclass(repr=False)
class Exponential(MarginLoss):
    r"""Exponential loss, that of AdaBoost.

    .. math:: \ell(y, f) = \exp(-y f)

    The minimiser is half the logarithm of the odds, so that the probability of a class is
    :math:`1 / (1 + \exp(-2 f))`.

    References
    ----------
    J. Friedman, T. Hastie and R. Tibshirani, "Additive logistic regression: a statistical view
    of boosting", Annals of Statistics 28, 2000.

    Examples
    --------
    >>> from sknn_actloss.losses import Exponential
    >>> round(Exponential()([0, 1, 1], [-2.0, 0.5, 3.0]), 3)
    0.264
    """

    formula: ClassVar[str] = "exp(−y f)"
    advice: ClassVar[str] = "clean labels; mislabelled rows dominate"

    @property
    def head(self) -> Head:
        """What reads probabilities."""
        return HalfLogOddsHead()

    def _loss(self, m: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return np.exp(-m)

    def gradient_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls that write the derivative with respect to ``raw`` to ``out``."""
        return [
            (np.multiply, (y, raw, out)),
            negate(out),
            (exp, (out, out)),
            negate(out),
            (np.multiply, (y, out, out)),
        ]


@dataclass(repr=False)
class CategoricalHinge(LossSpec):
    r"""Hinge loss between the score of the true class and the best of the others.

    .. math:: \ell(y, f) = \max(0, 1 + \max_{j \ne y} f_j - f_y)

    The single output of two classes is the difference of their scores, :math:`f`, which makes
    :math:`\max(0, 1 - f)` for positives and :math:`\max(0, 1 + f)` for negatives. The same holds
    for each label. Targets are zeros and ones.

    References
    ----------
    K. Crammer and Y. Singer, "On the algorithmic implementation of multiclass kernel-based vector
    machines", Journal of Machine Learning Research 2, 2001.

    Examples
    --------
    >>> from sknn_actloss.losses import CategoricalHinge
    >>> round(CategoricalHinge()([[1, 0, 0], [0, 1, 0]], [[2.0, 0.5, 0.0], [0.0, 0.5, 1.0]]), 3)
    0.75
    """

    tasks: ClassVar[frozenset[str]] = frozenset({"classification"})
    formula: ClassVar[str] = "max(0, 1 + max f of other classes − f of the class)"
    advice: ClassVar[str] = "the decision between several classes as a whole"

    def for_targets(self, target_kind: str, output: str) -> BoundLoss:
        """Return the loss between classes or that of each label."""
        return _ClassHinge() if target_kind == "multiclass" else _LabelHinge()


class BoundCategoricalHinge(PlainGradient):
    """Base of the two formulas of :class:`CategoricalHinge`."""

    @property
    def target_domain(self) -> Interval:
        """Zero and one."""
        return UNIT


class _ClassHinge(BoundCategoricalHinge):
    """Hinge loss between the true class and its strongest rival."""

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        shortfall, _ = _strongest_rival(y, raw)
        return np.maximum(shortfall[..., 0], 0)

    def gradient(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> None:
        """Write the derivative with respect to ``raw`` to ``out``."""
        shortfall, rival = _strongest_rival(y, raw)
        np.negative(y, out=out)
        np.put_along_axis(out, rival, 1, axis=-1)
        np.multiply(out, shortfall > 0, out=out)


def _strongest_rival(y: np.ndarray, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what the true class lacks to be ahead by one, and the index of the best other."""
    others = np.where(y > 0, -np.inf, raw)
    rival = np.argmax(others, axis=-1, keepdims=True)
    best = np.take_along_axis(others, rival, axis=-1)
    return 1 + best - row_dot(y, raw)[..., np.newaxis], rival


class _LabelHinge(BoundCategoricalHinge):
    """Hinge loss of each label on its own."""

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row."""
        return Hinge().value(2 * y - 1, raw)

    def gradient(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> None:
        """Write the derivative with respect to ``raw`` to ``out``."""
        Hinge().gradient(2 * y - 1, raw, out)
