"""Solvers that follow a momentum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sknn_actloss import kernels
from sknn_actloss._numeric import constant
from sknn_actloss._sklearn import number
from sknn_actloss.solvers._base import (
    DECAY,
    BoundSolver,
    State,
    StochasticSolver,
    coefficients,
    following_rate,
    scalar_if_single,
    zeros,
)


@dataclass(repr=False)
class SGD(BoundSolver):
    r"""Stochastic gradient descent with momentum.

    .. math:: v \leftarrow \mu v - \eta g, \qquad \theta \leftarrow \theta + v

    or, with Nesterov's momentum, :math:`\theta \leftarrow \theta + \mu v - \eta g`.

    Parameters
    ----------
    momentum : float in [0, 1], default=0.9
        Momentum μ.
    nesterovs_momentum : bool, default=True
        Whether to look ahead along the momentum.
    fan_in_reference : float > 0 or None, default=None
        Inputs of layers whose weights have the learning rate as it is; those of others have it
        times the root of ``fan_in_reference`` by their number of inputs.

    References
    ----------
    I. Sutskever et al., "On the importance of initialization and momentum in deep learning",
    ICML 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.solvers import SGD
    >>> solver, params = SGD(), np.zeros((1, 2))
    >>> solver.update(params, np.array([[1.0, -2.0]]), rate=0.1, state=solver.init_state(params))
    >>> params.round(3).tolist()
    [[-0.19, 0.38]]
    """

    momentum: float = 0.9
    nesterovs_momentum: bool = True

    estimator_parameters: ClassVar[tuple[str, ...]] = ("momentum", "nesterovs_momentum")
    formula: ClassVar[str] = "v ← μv - ηg; θ ← θ + μv - ηg"
    advice: ClassVar[str] = "needs a tuned rate, about 0.01 to 0.1, and gains from a schedule"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **StochasticSolver._parameter_constraints,
        "momentum": [number(0, 1, "both")],
        "nesterovs_momentum": ["boolean"],
    }

    def init_state(self, params: np.ndarray) -> State:
        return zeros(params, "velocity")

    def bind(
        self, params: np.ndarray, gradient: np.ndarray, state: State
    ) -> Callable[[float | np.ndarray], None]:
        own_rate, momentum = coefficients(params), constant(self.momentum, params.dtype)
        numbers = momentum, scalar_if_single(own_rate), self.nesterovs_momentum
        calls = kernels.sgd(params, gradient, state["velocity"], *numbers)
        return following_rate(calls, own_rate)


@dataclass(repr=False)
class Lion(BoundSolver):
    r"""Steps of one size for all parameters, along the sign of a blend of gradient and momentum.

    .. math::
        \theta \leftarrow \theta - \eta\, \mathrm{sign}(\beta_1 m + (1 - \beta_1) g), \qquad
        m \leftarrow \beta_2 m + (1 - \beta_2) g

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.9
        Share of the momentum in the direction.
    beta_2 : float in [0, 1), default=0.99
        Decay of the momentum.
    fan_in_reference : float > 0 or None, default=None
        Inputs of layers whose weights have the learning rate as it is; those of others have it
        times the root of ``fan_in_reference`` by their number of inputs.

    References
    ----------
    X. Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.solvers import Lion
    >>> solver, params = Lion(), np.zeros((1, 2))
    >>> solver.update(params, np.array([[1.0, -2.0]]), rate=0.1, state=solver.init_state(params))
    >>> params.round(3).tolist()
    [[-0.1, 0.1]]
    """

    beta_1: float = 0.9
    beta_2: float = 0.99

    formula: ClassVar[str] = "θ ← θ - η sign(β₁m + (1 - β₁)g)"
    advice: ClassVar[str] = "wants a rate 3 to 10 times smaller than adam's, and one that decays"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **StochasticSolver._parameter_constraints,
        "beta_1": DECAY,
        "beta_2": DECAY,
    }

    def init_state(self, params: np.ndarray) -> State:
        return zeros(params, "m", "scratch")

    def bind(
        self, params: np.ndarray, gradient: np.ndarray, state: State
    ) -> Callable[[float | np.ndarray], None]:
        own_rate, dtype = coefficients(params), params.dtype
        betas = constant(self.beta_1, dtype), constant(self.beta_2, dtype)
        numbers = *betas, scalar_if_single(own_rate)
        calls = kernels.lion(params, gradient, state["m"], *numbers, state["scratch"])
        return following_rate(calls, own_rate)
