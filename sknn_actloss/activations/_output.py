"""Activations that make sense for the output layer only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sknn_actloss._interval import OPEN_UNIT, POSITIVE, Interval
from sknn_actloss._numeric import softmax
from sknn_actloss.activations._base import Link


@dataclass(repr=False)
class Softmax(Link):
    """Probabilities of classes: f(z)_i = exp(z_i) / sum_j exp(z_j), over the units of a row.

    References
    ----------
    J. S. Bridle, "Probabilistic interpretation of feedforward classification network outputs,
    with relationships to statistical pattern recognition", Neurocomputing, 1990.

    Examples
    --------
    >>> from sknn_actloss.activations import Softmax
    >>> Softmax()([[0.0, 1.0, 2.0]]).round(3).tolist()
    [[0.09, 0.245, 0.665]]
    """

    output_only: ClassVar[bool] = True
    formula: ClassVar[str] = "e^(zᵢ) / Σⱼ e^(zⱼ)"
    advice: ClassVar[str] = "output of a classifier with several classes"

    @property
    def range(self) -> Interval:
        return OPEN_UNIT

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        softmax(z, out)

    def backward(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> None:
        grad *= a
        a *= grad.sum(axis=-1, keepdims=True)
        grad -= a

    def inverse(self, a: np.ndarray) -> np.ndarray:
        return np.log(a)


@dataclass(repr=False)
class Exp(Link):
    """Exponential: f(z) = exp(z), which ends at the largest float instead of infinity.

    Examples
    --------
    >>> from sknn_actloss.activations import Exp
    >>> Exp()([-2.0, 0.0, 2.0]).round(3).tolist()
    [0.135, 1.0, 7.389]
    """

    output_only: ClassVar[bool] = True
    formula: ClassVar[str] = "eᶻ"
    advice: ClassVar[str] = "output that must be positive and spans magnitudes: counts, durations"

    @property
    def range(self) -> Interval:
        return POSITIVE

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        floats = np.finfo(z.dtype)
        np.minimum(z, np.log(floats.max) * (1 - floats.eps), out=out)
        np.exp(out, out=out)

    def backward(self, z: np.ndarray | None, a: np.ndarray, grad: np.ndarray) -> None:
        grad *= a

    def inverse(self, a: np.ndarray) -> np.ndarray:
        return np.log(a)
