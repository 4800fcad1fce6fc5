"""Smooth activations that multiply the input by a gate between 0 and 1, and dip below zero."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import special

from sknn_actloss._interval import Interval
from sknn_actloss._numeric import sigmoid
from sknn_actloss.activations._base import Activation


@dataclass(repr=False)
class GELU(Activation):
    """Gaussian error linear unit: f(z) = z Phi(z), Phi the standard normal distribution function.

    Parameters
    ----------
    approximate : bool, default=False
        Whether to take z (1 + tanh(sqrt(2 / pi) (z + 0.044715 z^3))) / 2 instead, which is
        within 5e-4 and faster.

    References
    ----------
    D. Hendrycks and K. Gimpel, "Gaussian error linear units (GELUs)", arXiv:1606.08415, 2016.

    Examples
    --------
    >>> from sknn_actloss.activations import GELU
    >>> GELU()([-2.0, 0.0, 2.0]).round(3).tolist()
    [-0.046, 0.0, 1.954]
    """

    approximate: bool = False

    reads_input: ClassVar[bool] = True
    monotone: ClassVar[bool] = False
    formula: ClassVar[str] = "z · Φ(z)"
    advice: ClassVar[str] = "smooth relu, common in recent networks for tabular data"

    _parameter_constraints: ClassVar[dict[str, list]] = {"approximate": ["boolean"]}

    # (1 + tanh(u)) / 2 is the logistic of 2 u.
    _LINEAR: ClassVar[float] = 2.0 * math.sqrt(2.0 / math.pi)
    _CUBIC: ClassVar[float] = 0.044715 * _LINEAR

    @property
    def range(self) -> Interval:
        return Interval(-0.170041 if self.approximate else -0.169972, np.inf)

    @property
    def gain(self) -> float:
        return math.sqrt(2.0)

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        gate = self._tanh_gate(_clipped(z)) if self.approximate else special.ndtr(z)
        np.multiply(z, gate, out=out)

    def backward(self, z: np.ndarray, a: np.ndarray, grad: np.ndarray) -> None:
        if self.approximate:
            grad *= self._tanh_slope(z, a)
        else:
            grad *= self._exact_slope(z, a)

    def _exact_slope(self, z: np.ndarray, a: np.ndarray) -> np.ndarray:
        special.ndtr(z, out=a)
        z = _clipped(z)
        density = z * z
        density *= -0.5
        np.exp(density, out=density)
        density *= 1.0 / math.sqrt(2.0 * math.pi)
        density *= z
        a += density
        return a

    def _tanh_slope(self, z: np.ndarray, a: np.ndarray) -> np.ndarray:
        z = _clipped(z)
        gate = self._tanh_gate(z)
        a -= a * gate
        z *= z
        z *= 3.0 * self._CUBIC
        z += self._LINEAR
        a *= z
        a += gate
        return a

    def _tanh_gate(self, z: np.ndarray) -> np.ndarray:
        gate = z * z
        gate *= self._CUBIC
        gate += self._LINEAR
        gate *= z
        sigmoid(gate, gate)
        return gate


@dataclass(repr=False)
class SiLU(Activation):
    """Sigmoid linear unit, or swish: f(z) = z / (1 + exp(-z)).

    References
    ----------
    S. Elfwing, E. Uchibe and K. Doya, "Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning", Neural Networks 107, 2018.

    P. Ramachandran, B. Zoph and Q. V. Le, "Searching for activation functions",
    arXiv:1710.05941, 2017.

    Examples
    --------
    >>> from sknn_actloss.activations import SiLU
    >>> SiLU()([-2.0, 0.0, 2.0]).round(3).tolist()
    [-0.238, 0.0, 1.762]
    """

    reads_input: ClassVar[bool] = True
    monotone: ClassVar[bool] = False
    formula: ClassVar[str] = "z / (1 + e⁻ᶻ)"
    advice: ClassVar[str] = "smooth relu, cheaper than gelu"

    @property
    def range(self) -> Interval:
        return Interval(-0.278465, np.inf)

    @property
    def gain(self) -> float:
        return math.sqrt(2.0)

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        gate = np.empty_like(z)
        sigmoid(z, gate)
        np.multiply(z, gate, out=out)

    def backward(self, z: np.ndarray, a: np.ndarray, grad: np.ndarray) -> None:
        sigmoid(z, z)
        a -= a * z
        a += z
        grad *= a


@dataclass(repr=False)
class Mish(Activation):
    """Self-gated smooth rectifier: f(z) = z tanh(log(1 + exp(z))).

    References
    ----------
    D. Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020.

    Examples
    --------
    >>> from sknn_actloss.activations import Mish
    >>> Mish()([-2.0, 0.0, 2.0]).round(3).tolist()
    [-0.253, 0.0, 1.944]
    """

    reads_input: ClassVar[bool] = True
    monotone: ClassVar[bool] = False
    formula: ClassVar[str] = "z · tanh(ln(1 + eᶻ))"
    advice: ClassVar[str] = "smooth relu, close to silu"

    # From here on the gate is 1 in float64; exp(20)^4 is still a float32.
    _SATURATION: ClassVar[float] = 20.0

    @property
    def range(self) -> Interval:
        return Interval(-0.308844, np.inf)

    @property
    def gain(self) -> float:
        return math.sqrt(2.0)

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        # With n = exp(2 z) + 2 exp(z) the gate is n / (n + 2), free of cancellation.
        gate = np.minimum(z, self._SATURATION)
        np.exp(gate, out=gate)
        gate *= gate + 2.0
        gate /= gate + 2.0
        np.multiply(z, gate, out=out)

    def backward(self, z: np.ndarray, a: np.ndarray, grad: np.ndarray) -> None:
        # The slope is (n + 4 z exp(z) (exp(z) + 1) / (n + 2)) / (n + 2).
        np.minimum(z, self._SATURATION, out=z)
        power = np.exp(z)
        z *= 4.0
        z *= power
        z *= power + 1.0
        np.add(power, 2.0, out=a)
        a *= power
        denominator = np.add(a, 2.0, out=power)
        z /= denominator
        z += a
        z /= denominator
        grad *= z


def _clipped(z: np.ndarray) -> np.ndarray:
    # Beyond ±40 gates are 0 or 1 and their slopes 0, while powers of z could overflow.
    return np.clip(z, -40.0, 40.0)
