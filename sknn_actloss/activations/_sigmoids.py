"""Smooth activations that saturate on both sides; their output gives the derivative."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import special

from sknn_actloss import kernels
from sknn_actloss._calls import Call
from sknn_actloss._interval import OPEN_UNIT, Interval
from sknn_actloss._numeric import constant
from sknn_actloss._sklearn import number
from sknn_actloss.activations._base import Activation, Link, OpenActivation


@dataclass(repr=False)
class Logistic(OpenActivation, Link):
    """Logistic sigmoid: f(z) = 1 / (1 + exp(-slope z)).

    Parameters
    ----------
    slope : float, default=1.0
        How steep it is, in (0, inf).

    Examples
    --------
    >>> from sknn_actloss.activations import Logistic
    >>> Logistic()([-2.0, 0.0, 2.0]).round(3).tolist()
    [0.119, 0.5, 0.881]
    """

    slope: float = 1.0

    uniform_factor: ClassVar[float] = 2.0
    _parameter_constraints: ClassVar[dict[str, list]] = {"slope": [number(0, None)]}
    formula: ClassVar[str] = "1 / (1 + e⁻ʷᶻ)"
    advice: ClassVar[str] = "output that is a probability; as a hidden layer it learns slowly"

    @property
    def range(self) -> Interval:
        return OPEN_UNIT

    def forward_calls(self, z: np.ndarray, out: np.ndarray) -> list[Call]:
        steepened, calls = _steepened(z, self.slope, out)
        return [*calls, *kernels.logistic(steepened, out)]

    def backward_calls(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> list[Call]:
        return [*kernels.logistic_backward(a, grad), *_steepened(grad, self.slope, grad)[1]]

    @property
    def gain(self) -> float:
        return 1.0 / self.slope

    def inverse(self, a: np.ndarray) -> np.ndarray:
        return special.logit(a) / self.slope


@dataclass(repr=False)
class Tanh(OpenActivation):
    """Hyperbolic tangent: f(z) = tanh(slope z).

    Parameters
    ----------
    slope : float, default=1.0
        How steep it is, in (0, inf).

    References
    ----------
    Y. LeCun, L. Bottou, G. B. Orr and K.-R. Müller, "Efficient BackProp", 1998.

    Examples
    --------
    >>> from sknn_actloss.activations import Tanh
    >>> Tanh()([-2.0, 0.0, 2.0]).round(3).tolist()
    [-0.964, 0.0, 0.964]
    """

    slope: float = 1.0

    zero_centred: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, list]] = {"slope": [number(0, None)]}
    formula: ClassVar[str] = "tanh wz"
    advice: ClassVar[str] = "small networks and smooth functions, often with lbfgs"

    @property
    def range(self) -> Interval:
        return Interval(-1.0, 1.0)

    @property
    def gain(self) -> float:
        return 5.0 / 3.0 / self.slope

    def forward_calls(self, z: np.ndarray, out: np.ndarray) -> list[Call]:
        steepened, calls = _steepened(z, self.slope, out)
        return [*calls, (np.tanh, (steepened, out))]

    def backward_calls(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> list[Call]:
        return [*kernels.tanh_backward(a, grad), *_steepened(grad, self.slope, grad)[1]]


@dataclass(repr=False)
class Softsign(Activation):
    """Sigmoid that saturates slowly: f(z) = z / (1 + abs(z)).

    References
    ----------
    J. Bergstra, G. Desjardins, P. Lamblin and Y. Bengio, "Quadratic polynomials learn better
    image features", technical report 1337, Université de Montréal, 2009.

    Examples
    --------
    >>> from sknn_actloss.activations import Softsign
    >>> Softsign()([-2.0, 0.0, 2.0]).round(3).tolist()
    [-0.667, 0.0, 0.667]
    """

    zero_centred: ClassVar[bool] = True
    formula: ClassVar[str] = "z / (1 + |z|)"
    advice: ClassVar[str] = "tanh with slower tails, kinder to inputs far from zero"

    @property
    def range(self) -> Interval:
        return Interval(-1.0, 1.0)

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        scale = np.abs(z)
        scale += 1.0
        np.divide(z, scale, out=out)

    def backward(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> None:
        np.abs(a, out=a)
        np.subtract(1.0, a, out=a)
        grad *= a
        grad *= a


def _steepened(
    z: np.ndarray, slope: float | np.ndarray, out: np.ndarray
) -> tuple[np.ndarray, list[Call]]:
    """Return where ``slope * z`` is, and the calls that write it to ``out``, none for a one."""
    if not isinstance(slope, np.ndarray) and slope == 1:
        return z, []
    return out, [(np.multiply, (z, constant(slope, z.dtype), out))]
