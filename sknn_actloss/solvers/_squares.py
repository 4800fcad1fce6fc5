"""Solvers that scale each gradient by the size of earlier ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sknn_actloss import kernels
from sknn_actloss._numeric import constant
from sknn_actloss.solvers._base import (
    DECAY,
    EPSILON,
    BoundSolver,
    State,
    StochasticSolver,
    coefficients,
    following_rate,
    scalar_if_single,
    zeros,
)


@dataclass(repr=False)
class RMSprop(BoundSolver):
    r"""Gradients divided by a running root of their mean square.

    .. math::
        v \leftarrow \rho v + (1 - \rho) g^2, \qquad
        \theta \leftarrow \theta - \eta \frac{g}{\sqrt{v} + \varepsilon}

    Parameters
    ----------
    rho : float in [0, 1), default=0.9
        Decay ρ of the mean of squared gradients.
    epsilon : float > 0, default=1e-8
        Guard against division by zero.
    fan_in_reference : float > 0 or None, default=None
        Inputs of layers whose weights have the learning rate as it is; those of others have it
        times the root of ``fan_in_reference`` by their number of inputs.

    References
    ----------
    T. Tieleman and G. Hinton, "Neural networks for machine learning", lecture 6.5, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.solvers import RMSprop
    >>> solver, params = RMSprop(), np.zeros((1, 2))
    >>> solver.update(params, np.array([[1.0, -2.0]]), rate=0.1, state=solver.init_state(params))
    >>> params.round(3).tolist()
    [[-0.316, 0.316]]
    """

    rho: float = 0.9
    epsilon: float = 1e-8

    estimator_parameters: ClassVar[tuple[str, ...]] = ("epsilon",)
    formula: ClassVar[str] = "v ← ρv + (1 - ρ)g²; θ ← θ - η g / (√v + ε)"
    advice: ClassVar[str] = "adam without momentum; for noisy or drifting data"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **StochasticSolver._parameter_constraints,
        "rho": DECAY,
        "epsilon": EPSILON,
    }

    def init_state(self, params: np.ndarray) -> State:
        return zeros(params, "v", "scratch")

    def bind(
        self, params: np.ndarray, gradient: np.ndarray, state: State
    ) -> Callable[[float | np.ndarray], None]:
        root = (1 - self.rho) ** 0.5  # v is kept as a sum, without its factor 1 - ρ
        own_rate, dtype = coefficients(params), params.dtype
        rho, epsilon = constant(self.rho, dtype), constant(self.epsilon / root, dtype)
        numbers = rho, scalar_if_single(own_rate), epsilon
        calls = kernels.rmsprop(params, gradient, state["v"], *numbers, state["scratch"])
        return following_rate(calls, own_rate, root)


@dataclass(repr=False)
class Adagrad(BoundSolver):
    r"""Gradients divided by the root of the sum of all their squares.

    .. math::
        v \leftarrow v + g^2, \qquad
        \theta \leftarrow \theta - \eta \frac{g}{\sqrt{v} + \varepsilon}

    Parameters
    ----------
    epsilon : float > 0, default=1e-8
        Guard against division by zero.
    fan_in_reference : float > 0 or None, default=None
        Inputs of layers whose weights have the learning rate as it is; those of others have it
        times the root of ``fan_in_reference`` by their number of inputs.

    References
    ----------
    J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and
    stochastic optimization", JMLR 12, 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.solvers import Adagrad
    >>> solver, params = Adagrad(), np.zeros((1, 2))
    >>> solver.update(params, np.array([[1.0, -2.0]]), rate=0.1, state=solver.init_state(params))
    >>> params.round(3).tolist()
    [[-0.1, 0.1]]
    """

    epsilon: float = 1e-8

    estimator_parameters: ClassVar[tuple[str, ...]] = ("epsilon",)
    formula: ClassVar[str] = "v ← v + g²; θ ← θ - η g / (√v + ε)"
    advice: ClassVar[str] = "sparse features; wants a large rate, about 0.01 to 0.1"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **StochasticSolver._parameter_constraints,
        "epsilon": EPSILON,
    }

    def init_state(self, params: np.ndarray) -> State:
        return zeros(params, "v", "scratch")

    def bind(
        self, params: np.ndarray, gradient: np.ndarray, state: State
    ) -> Callable[[float | np.ndarray], None]:
        own_rate, epsilon = coefficients(params), constant(self.epsilon, params.dtype)
        numbers = scalar_if_single(own_rate), epsilon
        calls = kernels.adagrad(params, gradient, state["v"], *numbers, state["scratch"])
        return following_rate(calls, own_rate)


@dataclass(repr=False)
class Adadelta(BoundSolver):
    r"""Steps in proportion to the mean size of earlier steps.

    .. math::
        v \leftarrow \rho v + (1 - \rho) g^2, \quad
        \Delta = \sqrt{\frac{d + \varepsilon}{v + \varepsilon}}\, g, \quad
        d \leftarrow \rho d + (1 - \rho) \Delta^2, \quad
        \theta \leftarrow \theta - \eta \Delta

    Parameters
    ----------
    rho : float in [0, 1), default=0.95
        Decay ρ of both means.
    epsilon : float > 0, default=1e-6
        Not a mere guard: as d starts at zero, the first steps have about the size √ε. It
        therefore does not follow the estimator's much smaller ``epsilon``.
    fan_in_reference : float > 0 or None, default=None
        Inputs of layers whose weights have the learning rate as it is; those of others have it
        times the root of ``fan_in_reference`` by their number of inputs.

    References
    ----------
    M. Zeiler, "ADADELTA: An adaptive learning rate method", arXiv:1212.5701, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.solvers import Adadelta
    >>> solver, params = Adadelta(), np.zeros((1, 2))
    >>> solver.update(params, np.array([[1.0, -2.0]]), rate=0.1, state=solver.init_state(params))
    >>> params.round(5).tolist()
    [[-0.00045, 0.00045]]
    """

    rho: float = 0.95
    epsilon: float = 1e-6

    formula: ClassVar[str] = "Δ = g √(d + ε) / √(v + ε); θ ← θ - ηΔ"
    advice: ClassVar[str] = "finds its own scale: set learning_rate_init=1"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **StochasticSolver._parameter_constraints,
        "rho": DECAY,
        "epsilon": EPSILON,
    }

    def init_state(self, params: np.ndarray) -> State:
        return zeros(params, "v", "d", "scratch")

    def bind(
        self, params: np.ndarray, gradient: np.ndarray, state: State
    ) -> Callable[[float | np.ndarray], None]:
        own_rate, dtype = coefficients(params), params.dtype
        # Sums without their common factor 1 - ρ, by which epsilon is divided instead.
        rho, epsilon = constant(self.rho, dtype), constant(self.epsilon / (1 - self.rho), dtype)
        numbers = rho, scalar_if_single(own_rate), epsilon
        calls = kernels.adadelta(
            params, gradient, state["v"], state["d"], *numbers, state["scratch"]
        )
        return following_rate(calls, own_rate)
