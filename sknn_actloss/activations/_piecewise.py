"""Activations made of straight pieces, and the gate made of one.

At a kink the derivative is that of the piece on the left, as in scikit-learn's ``relu``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sknn_actloss._calls import Call
from sknn_actloss._interval import NONNEGATIVE, REALS, UNIT, Interval
from sknn_actloss._numeric import clip, constant
from sknn_actloss._sklearn import number
from sknn_actloss.activations._base import Activation, BoundActivation, Link

#: For each data type of networks the integers of its size and the number of their last bit.
_INTEGERS = {
    np.dtype(f"f{size}"): (np.dtype(f"i{size}"), np.array(8 * size - 1, f"i{size}"))
    for size in (4, 8)
}


@dataclass(repr=False)
class Identity(Link):
    """No activation: f(z) = z."""

    zero_centred: ClassVar[bool] = True
    formula: ClassVar[str] = "z"
    advice: ClassVar[str] = "output of a regression; as a hidden layer it adds nothing"

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        if out is not z:
            np.copyto(out, z)

    def backward(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> None:
        pass

    def inverse(self, a: np.ndarray) -> np.ndarray:
        return np.array(a)


@dataclass(repr=False)
class ReLU(BoundActivation):
    """Rectified linear unit: f(z) = max(0, z).

    References
    ----------
    V. Nair and G. E. Hinton, "Rectified linear units improve restricted Boltzmann machines",
    ICML 2010.
    """

    formula: ClassVar[str] = "max(0, z)"
    advice: ClassVar[str] = "the default: fast; try it first"

    @property
    def range(self) -> Interval:
        return NONNEGATIVE

    @property
    def gain(self) -> float:
        return math.sqrt(2.0)

    def forward_calls(self, z: np.ndarray, out: np.ndarray) -> list[Call]:
        # On large arrays clip takes half the time of maximum with a number.
        return [(clip, (z, constant(0.0, z.dtype), constant(math.inf, z.dtype), out))]

    def backward_calls(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> list[Call]:
        # As integers, positive floats are positive: the sign of the negative, spread over all
        # bits, is a mask, which takes less time than a comparison and a product.
        integer, shift = _INTEGERS[a.dtype]
        mask, slopes = a.view(integer), grad.view(integer)
        return [
            (np.negative, (mask, mask)),
            (np.right_shift, (mask, shift, mask)),
            (np.bitwise_and, (slopes, mask, slopes)),
        ]


@dataclass(repr=False)
class LeakyReLU(Activation):
    """Rectifier that lets a part of negative inputs through: f(z) = max(z, s z).

    Parameters
    ----------
    negative_slope : float, default=0.01
        The slope s below zero, in [0, 1]: 0 is ``relu`` and 1 the identity.

    References
    ----------
    A. L. Maas, A. Y. Hannun and A. Y. Ng, "Rectifier nonlinearities improve neural network
    acoustic models", ICML 2013.
    """

    negative_slope: float = 0.01

    formula: ClassVar[str] = "max(z, s·z)"
    advice: ClassVar[str] = "where units of relu die, that is, output 0 for every row"

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "negative_slope": [number(0, 1, closed="both")]
    }

    @property
    def range(self) -> Interval:
        return REALS if self.negative_slope > 0 else NONNEGATIVE

    @property
    def gain(self) -> float:
        return math.sqrt(2.0 / (1.0 + self.negative_slope**2))

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        np.maximum(z, z * self.negative_slope, out=out)

    def backward(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> None:
        np.greater(a, 0.0, out=a)
        np.clip(a, self.negative_slope, 1.0, out=a)
        grad *= a


@dataclass(repr=False)
class ReLU6(Activation):
    """Rectifier with a ceiling: f(z) = min(max(0, z), 6).

    References
    ----------
    A. Krizhevsky, "Convolutional deep belief networks on CIFAR-10", 2010.
    """

    formula: ClassVar[str] = "min(max(0, z), 6)"
    advice: ClassVar[str] = "bounded relu, for float32 or models that get quantized"

    @property
    def range(self) -> Interval:
        return Interval(0.0, 6.0, low_closed=True, high_closed=True)

    @property
    def gain(self) -> float:
        return math.sqrt(2.0)

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        np.clip(z, 0.0, 6.0, out=out)

    def backward(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> None:
        grad *= _between(0.0, a, 6.0)


@dataclass(repr=False)
class HardTanh(Activation):
    """Piecewise linear tanh: f(z) = min(max(-1, z), 1).

    References
    ----------
    R. Collobert, "Large scale machine learning", thesis, Université Paris 6, 2004.
    """

    zero_centred: ClassVar[bool] = True
    formula: ClassVar[str] = "min(max(−1, z), 1)"
    advice: ClassVar[str] = "tanh without an exponential; flat beyond ±1"

    @property
    def range(self) -> Interval:
        return Interval(-1.0, 1.0, low_closed=True, high_closed=True)

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        np.clip(z, -1.0, 1.0, out=out)

    def backward(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> None:
        grad *= _between(-1.0, a, 1.0)


@dataclass(repr=False)
class HardSigmoid(Activation):
    """Piecewise linear logistic: f(z) = min(max(0, z / 6 + 1 / 2), 1).

    References
    ----------
    M. Courbariaux, Y. Bengio and J.-P. David, "BinaryConnect: training deep neural networks
    with binary weights during propagations", NeurIPS 2015.
    """

    formula: ClassVar[str] = "min(max(0, z/6 + ½), 1)"
    advice: ClassVar[str] = "logistic without an exponential; reaches 0 and 1 at ±3"

    @property
    def range(self) -> Interval:
        return UNIT

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        _hard_gate(z, out)

    def backward(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> None:
        grad *= _between(0.0, a, 1.0)
        grad /= 6.0


@dataclass(repr=False)
class HardSiLU(Activation):
    """SiLU with a piecewise linear gate: f(z) = z min(max(0, z / 6 + 1 / 2), 1).

    References
    ----------
    A. Howard et al., "Searching for MobileNetV3", ICCV 2019.
    """

    reads_input: ClassVar[bool] = True
    monotone: ClassVar[bool] = False
    formula: ClassVar[str] = "z · min(max(0, z/6 + ½), 1)"
    advice: ClassVar[str] = "silu without an exponential"

    @property
    def range(self) -> Interval:
        return Interval(-0.375, np.inf, low_closed=True)

    @property
    def gain(self) -> float:
        return math.sqrt(2.0)

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        gate = np.empty_like(z)
        _hard_gate(z, gate)
        np.multiply(z, gate, out=out)

    def backward(self, z: np.ndarray, a: np.ndarray, grad: np.ndarray) -> None:
        _hard_gate(z, a)
        z *= _between(0.0, a, 1.0)
        z /= 6.0
        a += z
        grad *= a


def _hard_gate(z: np.ndarray, out: np.ndarray) -> None:
    np.divide(z, 6.0, out=out)
    out += 0.5
    np.clip(out, 0.0, 1.0, out=out)


def _between(low: float, a: np.ndarray, high: float) -> np.ndarray:
    inside = a > low
    inside &= a < high
    return inside
