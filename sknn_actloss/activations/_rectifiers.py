"""Smooth activations that approach relu far from zero; their output gives the derivative."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sknn_actloss._interval import POSITIVE, Interval
from sknn_actloss._sklearn import number
from sknn_actloss.activations._base import Activation, Link


@dataclass(repr=False)
class ELU(Activation):
    """Exponential linear unit: f(z) = z for z > 0, alpha (exp(z) - 1) below.

    Parameters
    ----------
    alpha : float, default=1.0
        The depth of the exponential, positive: outputs end at -alpha. Only alpha = 1 is smooth
        at zero; :class:`CELU` is smooth for all.

    References
    ----------
    D.-A. Clevert, T. Unterthiner and S. Hochreiter, "Fast and accurate deep network learning by
    exponential linear units (ELUs)", ICLR 2016.

    Examples
    --------
    >>> from sknn_actloss.activations import ELU
    >>> ELU()([-2.0, 0.0, 2.0]).round(3).tolist()
    [-0.865, 0.0, 2.0]
    """

    alpha: float = 1.0

    formula: ClassVar[str] = "z if z > 0 else α(eᶻ − 1)"
    advice: ClassVar[str] = "relu with negative outputs, so that their mean is closer to zero"

    _parameter_constraints: ClassVar[dict[str, list]] = {"alpha": [number(0, None)]}

    @property
    def range(self) -> Interval:
        return Interval(-self.alpha, np.inf)

    @property
    def gain(self) -> float:
        return math.sqrt(2.0)

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        negative = np.minimum(z, 0.0)
        np.expm1(negative, out=negative)
        negative *= self.alpha
        _join(z, negative, out)

    def backward(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> None:
        grad *= np.where(a > 0.0, 1.0, a + self.alpha)


@dataclass(repr=False)
class CELU(Activation):
    """Exponential linear unit smooth at zero: f(z) = z for z > 0, alpha (exp(z / alpha) - 1) below.

    Parameters
    ----------
    alpha : float, default=1.0
        The depth and the width of the exponential, positive: outputs end at -alpha.

    References
    ----------
    J. T. Barron, "Continuously differentiable exponential linear units", arXiv:1704.07483, 2017.

    Examples
    --------
    >>> from sknn_actloss.activations import CELU
    >>> CELU()([-2.0, 0.0, 2.0]).round(3).tolist()
    [-0.865, 0.0, 2.0]
    """

    alpha: float = 1.0

    formula: ClassVar[str] = "z if z > 0 else α(e^(z/α) − 1)"
    advice: ClassVar[str] = "elu whose alpha is worth tuning: smooth for all of them"

    _parameter_constraints: ClassVar[dict[str, list]] = {"alpha": [number(0, None)]}

    @property
    def range(self) -> Interval:
        return Interval(-self.alpha, np.inf)

    @property
    def gain(self) -> float:
        return math.sqrt(2.0)

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        negative = np.minimum(z, 0.0)
        negative /= self.alpha
        np.expm1(negative, out=negative)
        negative *= self.alpha
        _join(z, negative, out)

    def backward(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> None:
        np.minimum(a, 0.0, out=a)
        a /= self.alpha
        a += 1.0
        grad *= a


@dataclass(repr=False)
class SELU(Activation):
    """Self-normalizing unit: f(z) = lambda z for z > 0, lambda alpha (exp(z) - 1) below.

    With lambda = 1.0507... and alpha = 1.6732... standard normal inputs give outputs of mean
    zero and variance one.

    References
    ----------
    G. Klambauer, T. Unterthiner, A. Mayr and S. Hochreiter, "Self-normalizing neural networks",
    NeurIPS 2017.

    Examples
    --------
    >>> from sknn_actloss.activations import SELU
    >>> SELU()([-2.0, 0.0, 2.0]).round(3).tolist()
    [-1.52, 0.0, 2.101]
    """

    zero_centred: ClassVar[bool] = True
    formula: ClassVar[str] = "λz if z > 0 else λα(eᶻ − 1), λ ≈ 1.0507, α ≈ 1.6733"
    advice: ClassVar[str] = "deep networks on standardized inputs"

    _LAMBDA: ClassVar[float] = 1.0507009873554804934
    _ALPHA: ClassVar[float] = 1.6732632423543772848

    @property
    def range(self) -> Interval:
        return Interval(-self._LAMBDA * self._ALPHA, np.inf)

    @property
    def gain(self) -> float:
        return 0.75

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        negative = np.minimum(z, 0.0)
        np.expm1(negative, out=negative)
        negative *= self._ALPHA
        _join(z, negative, out)
        out *= self._LAMBDA

    def backward(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> None:
        grad *= np.where(a > 0.0, self._LAMBDA, a + self._LAMBDA * self._ALPHA)


@dataclass(repr=False)
class Softplus(Link):
    """Smooth rectifier: f(z) = log(1 + exp(beta z)) / beta.

    Parameters
    ----------
    beta : float, default=1.0
        The sharpness of the bend, positive; the larger, the closer to ``relu``.

    References
    ----------
    C. Dugas, Y. Bengio, F. Bélisle, C. Nadeau and R. Garcia, "Incorporating second-order
    functional knowledge for better option pricing", NeurIPS 2000.

    Examples
    --------
    >>> from sknn_actloss.activations import Softplus
    >>> Softplus()([-2.0, 0.0, 2.0]).round(3).tolist()
    [0.127, 0.693, 2.127]
    """

    beta: float = 1.0

    formula: ClassVar[str] = "ln(1 + e^(βz)) / β"
    advice: ClassVar[str] = "output that must be positive, such as a scale; grows slower than exp"

    _parameter_constraints: ClassVar[dict[str, list]] = {"beta": [number(0, None)]}

    @property
    def range(self) -> Interval:
        return POSITIVE

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        rest = np.abs(z)
        rest *= -self.beta
        np.exp(rest, out=rest)
        np.log1p(rest, out=rest)
        rest /= self.beta
        _join(z, rest, out)

    def backward(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> None:
        a *= -self.beta
        np.expm1(a, out=a)
        a *= -1
        grad *= a

    def inverse(self, a: np.ndarray) -> np.ndarray:
        return a + np.log(-np.expm1(-self.beta * a)) / self.beta


@dataclass(repr=False)
class Squareplus(Activation):
    """Smooth rectifier without an exponential: f(z) = (z + sqrt(z^2 + b)) / 2.

    Parameters
    ----------
    b : float, default=4.0
        The width of the bend, positive: f(0) = sqrt(b) / 2.

    References
    ----------
    J. T. Barron, "Squareplus: a softplus-like algebraic rectifier", arXiv:2112.11687, 2021.

    Examples
    --------
    >>> from sknn_actloss.activations import Squareplus
    >>> Squareplus()([-2.0, 0.0, 2.0]).round(3).tolist()
    [0.414, 1.0, 2.414]
    """

    b: float = 4.0

    formula: ClassVar[str] = "(z + √(z² + b)) / 2"
    advice: ClassVar[str] = "softplus whose gradient vanishes slowly below zero"

    _parameter_constraints: ClassVar[dict[str, list]] = {"b": [number(0, None)]}

    @property
    def range(self) -> Interval:
        return POSITIVE

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        # f(z) - max(0, z) = b / (2 (|z| + sqrt(z^2 + b))): nothing cancels below zero.
        rest = np.hypot(z, self.b**0.5)
        rest += np.abs(z)
        np.divide(0.5 * self.b, rest, out=rest)
        _join(z, rest, out)

    def backward(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> None:
        rest = 0.25 * self.b / a
        rest += a
        a /= rest
        grad *= a


def _join(z: np.ndarray, rest: np.ndarray, out: np.ndarray) -> None:
    """Write max(0, z) + rest to ``out``."""
    np.maximum(z, 0.0, out=out)
    out += rest
