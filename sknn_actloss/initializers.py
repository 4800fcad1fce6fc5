"""Initializers: the weights and biases that training starts from."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Protocol

import numpy as np

from sknn_actloss._component import Component, Table, resolve
from sknn_actloss._sklearn import StrOptions, number

__all__ = [
    "INITIALIZERS",
    "Glorot",
    "He",
    "Initializer",
    "LeCun",
    "Orthogonal",
    "ScikitLearn",
    "VarianceScaling",
    "resolve_initializer",
]


class Scales(Protocol):
    """What an initializer wants to know of the activation behind the weights."""

    @property
    def gain(self) -> float:
        """Factor of the weights that keeps the variance of signals."""

    @property
    def uniform_factor(self) -> float:
        """Numerator of the bound of scikit-learn's initial weights."""


class Initializer(Component):
    """Base of initializers.

    See Also
    --------
    sknn_actloss.inspection.diagnose : Shows whether signals keep their size from layer to layer.
    """

    formula: ClassVar[str] = ""
    advice: ClassVar[str] = ""

    @abstractmethod
    def draw(
        self, random_state: np.random.RandomState, fan_in: int, fan_out: int, activation: Scales
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw the initial parameters of a layer.

        Parameters
        ----------
        random_state : RandomState
            Source of random numbers.
        fan_in, fan_out : int
            Units before and after the weights.
        activation : Activation
            The function that follows; ``gain`` and ``uniform_factor`` are read.

        Returns
        -------
        weights : ndarray of shape (fan_in, fan_out), float64
            Initial weights.
        bias : ndarray of shape (fan_out,), float64
            Initial biases.
        """


@dataclass(repr=False)
class ScikitLearn(Initializer):
    r"""The initial parameters of scikit-learn, number by number.

    .. math:: w, b \sim U(-r, r), \qquad r = \sqrt{6 / (n_\mathrm{in} + n_\mathrm{out})}

    with 2 in place of 6 for the logistic activation. Biases are drawn after the weights.

    References
    ----------
    X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.activations import ReLU
    >>> from sknn_actloss.initializers import ScikitLearn
    >>> weights, bias = ScikitLearn().draw(np.random.RandomState(0), 200, 100, ReLU())
    >>> weights.shape, round(float(weights.std()), 2)
    ((200, 100), 0.08)
    """

    formula: ClassVar[str] = "w, b ~ U(-r, r), r = √(6 / (n_in + n_out)); logistic: 2 for 6"
    advice: ClassVar[str] = "the default: starts where scikit-learn starts"

    def draw(
        self, random_state: np.random.RandomState, fan_in: int, fan_out: int, activation: Scales
    ) -> tuple[np.ndarray, np.ndarray]:
        bound = np.sqrt(activation.uniform_factor / (fan_in + fan_out))
        weights = random_state.uniform(-bound, bound, (fan_in, fan_out))
        return weights, random_state.uniform(-bound, bound, fan_out)


@dataclass(repr=False)
class VarianceScaling(Initializer):
    """Base of initializers that are defined by the variance of the weights.

    Biases are zero, or normal numbers drawn after the weights. Normal numbers are not truncated.

    Parameters
    ----------
    distribution : {"uniform", "normal"}, default="uniform"
        How the weights are distributed.
    bias_deviation : float >= 0, default=0
        Standard deviation of the biases.
    """

    distribution: str = "uniform"
    bias_deviation: float = field(default=0.0, kw_only=True)

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "distribution": [StrOptions({"uniform", "normal"})],
        "bias_deviation": [number(0, None, "left")],
    }

    @abstractmethod
    def variance(self, fan_in: int, fan_out: int) -> float:
        """Return the variance of the weights.

        Parameters
        ----------
        fan_in, fan_out : int
            Units before and after the weights.

        Returns
        -------
        variance : float
            Greater than zero.
        """

    def draw(
        self, random_state: np.random.RandomState, fan_in: int, fan_out: int, activation: Scales
    ) -> tuple[np.ndarray, np.ndarray]:
        deviation = self.variance(fan_in, fan_out) ** 0.5
        if self.distribution == "uniform":
            bound = 3**0.5 * deviation
            weights = random_state.uniform(-bound, bound, (fan_in, fan_out))
        else:
            weights = random_state.normal(0.0, deviation, (fan_in, fan_out))
        return weights, self._biases(random_state, fan_out)

    def _biases(self, random_state: np.random.RandomState, fan_out: int) -> np.ndarray:
        if self.bias_deviation == 0:
            return np.zeros(fan_out)
        return random_state.normal(0.0, self.bias_deviation, fan_out)


@dataclass(repr=False)
class Glorot(VarianceScaling):
    r"""Weights that keep the variance of signals and gradients alike, as far as both can be.

    .. math:: \operatorname{Var} w = \frac{2}{n_\mathrm{in} + n_\mathrm{out}}, \qquad b = 0

    Parameters
    ----------
    distribution : {"uniform", "normal"}, default="uniform"
        Distribution of the weights; the normal one is not truncated.
    bias_deviation : float >= 0, default=0.0
        Standard deviation of normal biases b in place of zeros: with 1.0 the units of relu bend
        at different inputs from the start, which suits small tables.

    References
    ----------
    X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.activations import ReLU
    >>> from sknn_actloss.initializers import Glorot
    >>> weights, bias = Glorot().draw(np.random.RandomState(0), 200, 100, ReLU())
    >>> weights.shape, round(float(weights.std()), 2)
    ((200, 100), 0.08)
    """

    formula: ClassVar[str] = "Var w = 2 / (n_in + n_out), b = 0"
    advice: ClassVar[str] = "tanh and other activations that are linear around zero"

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 2 / (fan_in + fan_out)


@dataclass(repr=False)
class He(VarianceScaling):
    r"""Weights that keep the variance of signals through rectifiers.

    .. math:: \operatorname{Var} w = \frac{2}{n_\mathrm{in}}, \qquad b = 0

    Parameters
    ----------
    distribution : {"uniform", "normal"}, default="uniform"
        Distribution of the weights; the normal one is not truncated.
    bias_deviation : float >= 0, default=0.0
        Standard deviation of normal biases b in place of zeros: with 1.0 the units of relu bend
        at different inputs from the start, which suits small tables.

    References
    ----------
    K. He et al., "Delving deep into rectifiers: Surpassing human-level performance on ImageNet
    classification", ICCV 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.activations import ReLU
    >>> from sknn_actloss.initializers import He
    >>> weights, bias = He().draw(np.random.RandomState(0), 200, 100, ReLU())
    >>> weights.shape, round(float(weights.std()), 2)
    ((200, 100), 0.1)
    """

    formula: ClassVar[str] = "Var w = 2 / n_in, b = 0"
    advice: ClassVar[str] = "relu and its relatives, above all in deep networks"

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 2 / fan_in


@dataclass(repr=False)
class LeCun(VarianceScaling):
    r"""Weights that keep the variance of signals through linear functions.

    .. math:: \operatorname{Var} w = \frac{1}{n_\mathrm{in}}, \qquad b = 0

    Parameters
    ----------
    distribution : {"uniform", "normal"}, default="uniform"
        Distribution of the weights; the normal one is not truncated.
    bias_deviation : float >= 0, default=0.0
        Standard deviation of normal biases b in place of zeros: with 1.0 the units of relu bend
        at different inputs from the start, which suits small tables.

    References
    ----------
    Y. LeCun et al., "Efficient BackProp", in Neural networks: Tricks of the trade, 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.activations import ReLU
    >>> from sknn_actloss.initializers import LeCun
    >>> weights, bias = LeCun().draw(np.random.RandomState(0), 200, 100, ReLU())
    >>> weights.shape, round(float(weights.std()), 2)
    ((200, 100), 0.07)
    """

    formula: ClassVar[str] = "Var w = 1 / n_in, b = 0"
    advice: ClassVar[str] = "selu, whose self-normalization assumes it"

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 1 / fan_in


@dataclass(repr=False)
class Orthogonal(Initializer):
    r"""Orthonormal rows or columns, whichever are fewer, times the gain of the activation.

    .. math:: W = \mathrm{gain} \cdot Q, \qquad Q^\top Q = I \text{ or } Q Q^\top = I, \qquad b = 0

    Q comes from the QR decomposition of a normal matrix, with signs such that R has a positive
    diagonal, which makes the distribution uniform.

    References
    ----------
    A. Saxe, J. McClelland and S. Ganguli, "Exact solutions to the nonlinear dynamics of learning
    in deep linear neural networks", ICLR 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.activations import ReLU
    >>> from sknn_actloss.initializers import Orthogonal
    >>> weights, bias = Orthogonal().draw(np.random.RandomState(0), 200, 100, ReLU())
    >>> weights.shape, round(float(weights.std()), 2)
    ((200, 100), 0.1)
    """

    formula: ClassVar[str] = "W = gain · Q, Q orthonormal, b = 0"
    advice: ClassVar[str] = "deep networks of layers of one width"

    def draw(
        self, random_state: np.random.RandomState, fan_in: int, fan_out: int, activation: Scales
    ) -> tuple[np.ndarray, np.ndarray]:
        tall = random_state.normal(size=(max(fan_in, fan_out), min(fan_in, fan_out)))
        q, r = np.linalg.qr(tall)
        q *= activation.gain * np.where(np.diag(r) < 0, -1.0, 1.0)
        return np.ascontiguousarray(q if fan_in >= fan_out else q.T), np.zeros(fan_out)


INITIALIZERS: Table[Initializer] = Table(
    "initializer",
    {
        "sklearn": ScikitLearn,
        "glorot_uniform": Glorot,
        "glorot_normal": partial(Glorot, distribution="normal"),
        "he_uniform": He,
        "he_normal": partial(He, distribution="normal"),
        "lecun_uniform": LeCun,
        "lecun_normal": partial(LeCun, distribution="normal"),
        "orthogonal": Orthogonal,
    },
    aliases={
        "xavier_uniform": "glorot_uniform",
        "xavier_normal": "glorot_normal",
        "kaiming_uniform": "he_uniform",
        "kaiming_normal": "he_normal",
    },
)


def resolve_initializer(spec: str | Initializer, parameter: str = "weight_init") -> Initializer:
    """Turn a name or an instance into a checked initializer.

    Parameters
    ----------
    spec : str or Initializer
        What the user gave.
    parameter : str, default="weight_init"
        Name of the estimator's parameter, for error messages.

    Returns
    -------
    initializer : Initializer
        An instance whose values are checked.

    See Also
    --------
    Initializer : Base of initializers.

    Examples
    --------
    >>> from sknn_actloss.initializers import resolve_initializer
    >>> resolve_initializer("he_normal")
    He(distribution='normal', bias_deviation=0.0)
    """
    return resolve(INITIALIZERS, spec, Initializer, parameter)
