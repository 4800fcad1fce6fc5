"""Adam and its kin: running means of gradients, scaled by their spread."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from sknn_actloss import kernels
from sknn_actloss._calls import run
from sknn_actloss._numeric import constant
from sknn_actloss._sklearn import number
from sknn_actloss.solvers._base import (
    DECAY,
    EPSILON,
    BoundSolver,
    State,
    StochasticSolver,
    coefficients,
    root_of,
    scalar_if_single,
    zeros,
)


@dataclass(repr=False)
class MomentSolver(StochasticSolver):
    """Base of Adam and its kin, which scale running means of gradients.

    Moments are kept without their factors 1 - β, as sums m = β₁m + g and v = β₂v + g²; the
    factors go into the coefficients of a step, which saves two passes over the parameters.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    estimator_parameters: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2", "epsilon")
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **StochasticSolver._parameter_constraints,
        "beta_1": DECAY,
        "beta_2": DECAY,
        "epsilon": EPSILON,
    }

    def _betas(self, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
        return constant(self.beta_1, dtype), constant(self.beta_2, dtype)


def _correction(beta: float | np.ndarray) -> Callable[[Any], Any]:
    """Return what makes a sum the bias-corrected mean of what it adds up: its factor at step t."""
    share = 1 - beta
    if not isinstance(beta, np.ndarray):
        return lambda t: share / (1 - beta**t)
    power = _power(beta)
    return lambda t: share / (1 - power(t))


def _root_correction(beta: float | np.ndarray) -> Callable[[Any], Any]:
    """Return what makes the root of a sum that of the bias-corrected mean."""
    scale, root = _correction(beta), np.sqrt if isinstance(beta, np.ndarray) else math.sqrt
    return lambda t: root(scale(t))


def _power(beta: float | np.ndarray) -> Callable[[Any], Any]:
    """Return what raises a number, or each of several, to a power, to the same last bit."""
    if not isinstance(beta, np.ndarray):
        return lambda t: beta**t
    betas, shape = beta.ravel().tolist(), beta.shape
    return lambda t: np.array([beta**t for beta in betas]).reshape(shape)


@dataclass(repr=False)
class AdamSolver(MomentSolver, BoundSolver):
    """Base of :class:`Adam` and :class:`AdamW`, which differ in the scale of epsilon."""

    amsgrad: bool = field(default=False, kw_only=True)

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **MomentSolver._parameter_constraints,
        "amsgrad": ["boolean"],
    }

    #: Whether what is added to the root of v changes from step to step.
    _epsilon_moves: ClassVar[bool]

    @abstractmethod
    def _epsilon(self, root: float | np.ndarray) -> float | np.ndarray:
        """Return what to add to the root of the unscaled v, given that of its scale."""

    def init_state(self, params: np.ndarray) -> State:
        return {"step": 0, **zeros(params, "m", "v", *(["v_max"] if self.amsgrad else []))}

    def bind(
        self, params: np.ndarray, gradient: np.ndarray, state: State
    ) -> Callable[[float | np.ndarray], None]:
        scale, root_scale = _correction(self.beta_1), _root_correction(self.beta_2)
        first_epsilon = self._epsilon(root_scale(1))
        scaled_rate, epsilon = coefficients(params), coefficients(params, like=first_epsilon)
        epsilon[...], moves = first_epsilon, self._epsilon_moves
        numbers = *self._betas(params.dtype), *map(scalar_if_single, (scaled_rate, epsilon))
        moments = state["m"], state["v"], state.get("v_max")
        calls = kernels.fused(kernels.adam(params, gradient, *moments, *numbers))

        def step(rate: float | np.ndarray) -> None:
            state["step"] = t = state["step"] + 1
            root = root_scale(t)
            scaled_rate[...] = rate * scale(t) / root
            if moves:
                epsilon[...] = self._epsilon(root)
            run(calls)

        return step


@dataclass(repr=False)
class Adam(AdamSolver):
    r"""Adam, with epsilon as in scikit-learn: added before v is corrected for its bias.

    .. math::
        m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad
        v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
        \theta \leftarrow \theta - \eta \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}
        \frac{m}{\sqrt{v} + \varepsilon}

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.9
        Decay of the mean of gradients.
    beta_2 : float in [0, 1), default=0.999
        Decay of the mean of squared gradients.
    epsilon : float > 0, default=1e-8
        Guard against division by zero.
    fan_in_reference : float > 0 or None, default=None
        Inputs of layers whose weights have the learning rate as it is; those of others have it
        times the root of ``fan_in_reference`` by their number of inputs.
    amsgrad : bool, default=False
        Whether to divide by the root of the largest v so far (AMSGrad), so that steps of a
        parameter do not grow when its gradient has become small.

    References
    ----------
    D. Kingma and J. Ba, "Adam: A method for stochastic optimization", ICLR 2015, section 2.
    S. Reddi, S. Kale and S. Kumar, "On the convergence of Adam and beyond", ICLR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.solvers import Adam
    >>> solver, params = Adam(), np.zeros((1, 2))
    >>> solver.update(params, np.array([[1.0, -2.0]]), rate=0.1, state=solver.init_state(params))
    >>> params.round(3).tolist()
    [[-0.1, 0.1]]
    """

    formula: ClassVar[str] = "θ ← θ - η m̂ / (√v̂ + ε)"
    advice: ClassVar[str] = "the default: works over a wide range of rates around 0.001"
    _epsilon_moves: ClassVar[bool] = False

    def _epsilon(self, root: float | np.ndarray) -> float | np.ndarray:
        return self.epsilon / root_of(1 - self.beta_2)


@dataclass(repr=False)
class AdamW(AdamSolver):
    r"""Adam with decoupled weight decay.

    .. math::
        \theta \leftarrow (1 - \eta \lambda)\, \theta
        - \eta \frac{\hat{m}}{\sqrt{\hat{v}} + \varepsilon}

    with the bias-corrected moments of :class:`Adam`. The decay concerns weights, not biases, and
    is not part of :meth:`update`.

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.9
        Decay of the mean of gradients.
    beta_2 : float in [0, 1), default=0.999
        Decay of the mean of squared gradients.
    epsilon : float > 0, default=1e-8
        Guard against division by zero, added after the correction of the bias.
    weight_decay : float >= 0, default=0.01
        Decay λ. Unlike the penalty ``alpha`` it does not pass through the moments, so that it
        shrinks all weights alike; set ``alpha=0`` to have this decay alone.
    fan_in_reference : float > 0 or None, default=None
        Inputs of layers whose weights have the learning rate as it is; those of others have it
        times the root of ``fan_in_reference`` by their number of inputs.
    amsgrad : bool, default=False
        Whether to divide by the root of the largest v so far.

    References
    ----------
    I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.solvers import AdamW
    >>> solver, params = AdamW(), np.zeros((1, 2))
    >>> solver.update(params, np.array([[1.0, -2.0]]), rate=0.1, state=solver.init_state(params))
    >>> params.round(3).tolist()
    [[-0.1, 0.1]]
    """

    weight_decay: float = 0.01

    formula: ClassVar[str] = "θ ← (1 - ηλ)θ - η m̂ / (√v̂ + ε)"
    advice: ClassVar[str] = "where regularization matters; tune weight_decay with alpha=0"
    _epsilon_moves: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **AdamSolver._parameter_constraints,
        "weight_decay": [number(0, None, "left")],
    }

    @property
    def decoupled_decay(self) -> float:
        """The rate of decay λ."""
        return self.weight_decay

    def _epsilon(self, root: float | np.ndarray) -> float | np.ndarray:
        return self.epsilon / root


@dataclass(repr=False)
class Nadam(MomentSolver, BoundSolver):
    r"""Adam with Nesterov's momentum, at constant β₁.

    .. math::
        \theta \leftarrow \theta - \frac{\eta}{\sqrt{\hat{v}} + \varepsilon} \left(
        \frac{\beta_1 m}{1 - \beta_1^{t+1}} + \frac{(1 - \beta_1) g}{1 - \beta_1^t} \right)

    with the moments m, v of :class:`Adam` and :math:`\hat{v} = v / (1 - \beta_2^t)`.

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.9
        Decay of the mean of gradients.
    beta_2 : float in [0, 1), default=0.999
        Decay of the mean of squared gradients.
    epsilon : float > 0, default=1e-8
        Guard against division by zero.
    fan_in_reference : float > 0 or None, default=None
        Inputs of layers whose weights have the learning rate as it is; those of others have it
        times the root of ``fan_in_reference`` by their number of inputs.

    References
    ----------
    T. Dozat, "Incorporating Nesterov momentum into Adam", ICLR 2016 workshop.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.solvers import Nadam
    >>> solver, params = Nadam(), np.zeros((1, 2))
    >>> solver.update(params, np.array([[1.0, -2.0]]), rate=0.1, state=solver.init_state(params))
    >>> params.round(3).tolist()
    [[-0.147, 0.147]]
    """

    formula: ClassVar[str] = "θ ← θ - η (β₁m̂ + (1 - β₁)ĝ) / (√v̂ + ε)"
    advice: ClassVar[str] = "adam that looks ahead; same rates as adam"

    def init_state(self, params: np.ndarray) -> State:
        return {"step": 0, **zeros(params, "m", "v", "scratch")}

    def bind(
        self, params: np.ndarray, gradient: np.ndarray, state: State
    ) -> Callable[[float | np.ndarray], None]:
        own = ahead, own_rate, epsilon = [coefficients(params) for _ in range(3)]
        numbers = *self._betas(params.dtype), *map(scalar_if_single, own)
        calls = kernels.nadam(params, gradient, state["m"], state["v"], *numbers, state["scratch"])
        scale, root_scale = _correction(self.beta_1), _root_correction(self.beta_2)
        power = _power(self.beta_1)

        def step(rate: float | np.ndarray) -> None:
            state["step"] = t = state["step"] + 1
            ahead[...] = self.beta_1 * (1 - power(t)) / (1 - power(t + 1))
            root = root_scale(t)
            own_rate[...] = rate * scale(t) / root
            epsilon[...] = self.epsilon / root
            run(calls)

        return step


@dataclass(repr=False)
class Adamax(MomentSolver, BoundSolver):
    r"""Adam with the infinity norm in place of the second moment.

    .. math::
        u \leftarrow \max(\beta_2 u, |g|), \qquad
        \theta \leftarrow \theta - \frac{\eta}{1 - \beta_1^t} \frac{m}{u + \varepsilon}

    with the moment m of :class:`Adam`.

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.9
        Decay of the mean of gradients.
    beta_2 : float in [0, 1), default=0.999
        Decay of the norm.
    epsilon : float > 0, default=1e-8
        Guard against division by zero.
    fan_in_reference : float > 0 or None, default=None
        Inputs of layers whose weights have the learning rate as it is; those of others have it
        times the root of ``fan_in_reference`` by their number of inputs.

    References
    ----------
    D. Kingma and J. Ba, "Adam: A method for stochastic optimization", ICLR 2015, section 7.1.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.solvers import Adamax
    >>> solver, params = Adamax(), np.zeros((1, 2))
    >>> solver.update(params, np.array([[1.0, -2.0]]), rate=0.1, state=solver.init_state(params))
    >>> params.round(3).tolist()
    [[-0.1, 0.1]]
    """

    formula: ClassVar[str] = "u ← max(β₂u, |g|); θ ← θ - η m̂ / (u + ε)"
    advice: ClassVar[str] = "gradients that are sparse or have rare large values"

    def init_state(self, params: np.ndarray) -> State:
        return {"step": 0, **zeros(params, "m", "u")}

    def bind(
        self, params: np.ndarray, gradient: np.ndarray, state: State
    ) -> Callable[[float | np.ndarray], None]:
        own_rate, epsilon = coefficients(params), constant(self.epsilon, params.dtype)
        numbers = *self._betas(params.dtype), scalar_if_single(own_rate), epsilon
        calls = kernels.adamax(params, gradient, state["m"], state["u"], *numbers)
        scale = _correction(self.beta_1)

        def step(rate: float | np.ndarray) -> None:
            state["step"] = t = state["step"] + 1
            own_rate[...] = rate * scale(t)
            run(calls)

        return step
