"""Activations made of straight pieces, and the gate made of one.

At a kink the derivative is that of the piece on the left, as in scikit-learn's ``relu``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sknn_actloss import kernels
from sknn_actloss._calls import Call
from sknn_actloss._interval import NONNEGATIVE, REALS, UNIT, Interval
from sknn_actloss._sklearn import number
from sknn_actloss.activations._base import BoundActivation, Link, OpenActivation


@dataclass(repr=False)
class Identity(OpenActivation, Link):
    """No activation: f(z) = z.

    Examples
    --------
    >>> from sknn_actloss.activations import Identity
    >>> Identity()([-2.0, 0.0, 2.0]).round(3).tolist()
    [-2.0, 0.0, 2.0]
    """

    zero_centred: ClassVar[bool] = True
    formula: ClassVar[str] = "z"
    advice: ClassVar[str] = "output of a regression; as a hidden layer it adds nothing"

    def forward_calls(self, z: np.ndarray, out: np.ndarray) -> list[Call]:
        return [] if out is z else [(np.copyto, (out, z))]

    def backward_calls(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> list[Call]:
        return []

    def inverse(self, a: np.ndarray) -> np.ndarray:
        return np.array(a)


@dataclass(repr=False)
class ReLU(BoundActivation):
    """Rectified linear unit: f(z) = max(0, z).

    References
    ----------
    V. Nair and G. E. Hinton, "Rectified linear units improve restricted Boltzmann machines",
    ICML 2010.

    Examples
    --------
    >>> from sknn_actloss.activations import ReLU
    >>> ReLU()([-2.0, 0.0, 2.0]).round(3).tolist()
    [0.0, 0.0, 2.0]
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
        return kernels.relu(z, out)

    def backward_calls(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> list[Call]:
        return kernels.relu_backward(a, grad)


@dataclass(repr=False)
class LeakyReLU(BoundActivation):
    """Rectifier that lets a part of negative inputs through: f(z) = max(z, s z).

    Parameters
    ----------
    negative_slope : float, default=0.01
        The slope s below zero, in [0, 1]: 0 is ``relu`` and 1 the identity.

    References
    ----------
    A. L. Maas, A. Y. Hannun and A. Y. Ng, "Rectifier nonlinearities improve neural network
    acoustic models", ICML 2013.

    Examples
    --------
    >>> from sknn_actloss.activations import LeakyReLU
    >>> LeakyReLU()([-2.0, 0.0, 2.0]).round(3).tolist()
    [-0.02, 0.0, 2.0]
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

    def forward_calls(self, z: np.ndarray, out: np.ndarray) -> list[Call]:
        return kernels.leaky_relu(z, self.negative_slope, out)

    def backward_calls(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> list[Call]:
        return kernels.leaky_relu_backward(a, self.negative_slope, grad)


@dataclass(repr=False)
class ReLU6(BoundActivation):
    """Rectifier with a ceiling: f(z) = min(max(0, z), 6).

    References
    ----------
    A. Krizhevsky, "Convolutional deep belief networks on CIFAR-10", 2010.

    Examples
    --------
    >>> from sknn_actloss.activations import ReLU6
    >>> ReLU6()([-2.0, 0.0, 2.0]).round(3).tolist()
    [0.0, 0.0, 2.0]
    """

    formula: ClassVar[str] = "min(max(0, z), 6)"
    advice: ClassVar[str] = "bounded relu, for float32 or models that get quantized"

    @property
    def range(self) -> Interval:
        return Interval(0.0, 6.0, low_closed=True, high_closed=True)

    @property
    def gain(self) -> float:
        return math.sqrt(2.0)

    def forward_calls(self, z: np.ndarray, out: np.ndarray) -> list[Call]:
        return kernels.clamp(z, 0.0, 6.0, out)

    def backward_calls(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> list[Call]:
        return kernels.clamp_backward(a, 0.0, 6.0, grad)


@dataclass(repr=False)
class HardTanh(BoundActivation):
    """Piecewise linear tanh: f(z) = min(max(-1, z), 1).

    References
    ----------
    R. Collobert, "Large scale machine learning", thesis, Université Paris 6, 2004.

    Examples
    --------
    >>> from sknn_actloss.activations import HardTanh
    >>> HardTanh()([-2.0, 0.0, 2.0]).round(3).tolist()
    [-1.0, 0.0, 1.0]
    """

    zero_centred: ClassVar[bool] = True
    formula: ClassVar[str] = "min(max(−1, z), 1)"
    advice: ClassVar[str] = "tanh without an exponential; flat beyond ±1"

    @property
    def range(self) -> Interval:
        return Interval(-1.0, 1.0, low_closed=True, high_closed=True)

    def forward_calls(self, z: np.ndarray, out: np.ndarray) -> list[Call]:
        return kernels.clamp(z, -1.0, 1.0, out)

    def backward_calls(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> list[Call]:
        return kernels.clamp_backward(a, -1.0, 1.0, grad)


@dataclass(repr=False)
class HardSigmoid(BoundActivation):
    """Piecewise linear logistic: f(z) = min(max(0, z / 6 + 1 / 2), 1).

    References
    ----------
    M. Courbariaux, Y. Bengio and J.-P. David, "BinaryConnect: training deep neural networks
    with binary weights during propagations", NeurIPS 2015.

    Examples
    --------
    >>> from sknn_actloss.activations import HardSigmoid
    >>> HardSigmoid()([-2.0, 0.0, 2.0]).round(3).tolist()
    [0.167, 0.5, 0.833]
    """

    formula: ClassVar[str] = "min(max(0, z/6 + ½), 1)"
    advice: ClassVar[str] = "logistic without an exponential; reaches 0 and 1 at ±3"

    @property
    def range(self) -> Interval:
        return UNIT

    def forward_calls(self, z: np.ndarray, out: np.ndarray) -> list[Call]:
        return kernels.hard_sigmoid(z, out)

    def backward_calls(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> list[Call]:
        return kernels.hard_sigmoid_backward(a, grad)


@dataclass(repr=False)
class HardSiLU(BoundActivation):
    """SiLU with a piecewise linear gate: f(z) = z min(max(0, z / 6 + 1 / 2), 1).

    References
    ----------
    A. Howard et al., "Searching for MobileNetV3", ICCV 2019.

    Examples
    --------
    >>> from sknn_actloss.activations import HardSiLU
    >>> HardSiLU()([-2.0, 0.0, 2.0]).round(3).tolist()
    [-0.333, 0.0, 1.667]
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

    def forward_calls(self, z: np.ndarray, out: np.ndarray) -> list[Call]:
        return kernels.hard_silu(z, out)

    def backward_calls(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> list[Call]:
        return kernels.hard_silu_backward(z, a, grad)
