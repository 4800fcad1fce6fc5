"""The contract of a solver, and the arithmetic that solvers share."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from sknn_actloss._component import Component
from sknn_actloss._numeric import constant
from sknn_actloss._sklearn import number

#: What a solver remembers between steps: buffers like the parameters, and maybe "step".
State = dict[str, np.ndarray | int]

DECAY = [number(0, 1, "left")]
EPSILON = [number(0, None, "neither")]


class Solver(Component):
    """Base of solvers.

    Attributes
    ----------
    flat : tuple of str
        Fields that take the value of the estimator's parameter of the same name where the solver
        is given by name.
    stochastic : bool
        Whether the solver takes a step for each mini-batch.
    """

    flat: ClassVar[tuple[str, ...]] = ()
    stochastic: ClassVar[bool]
    formula: ClassVar[str] = ""
    advice: ClassVar[str] = ""

    @property
    def decoupled_decay(self) -> float:
        """The rate λ by which training shrinks weights to (1 - ηλ) of them before each step."""
        return 0.0


class StochasticSolver(Solver):
    """Base of solvers that take a step for each mini-batch.

    Arrays have shape ``(n_members, n_params)``. Hyperparameters are numbers, or arrays of shape
    ``(n_members, 1)`` where the members of a stack differ. In formulas g is the gradient, η the
    learning rate, t the number of the step from 1, θ the parameters.
    """

    stochastic: ClassVar[bool] = True

    @abstractmethod
    def init_state(self, params: np.ndarray) -> State:
        """Return the state before the first step.

        Entries are arrays like ``params``, one row for each member, except for ``"step"``, the
        number of steps done by all of them. ``"scratch"`` is room to work in that nobody keeps.
        """

    @abstractmethod
    def update(
        self, params: np.ndarray, gradient: np.ndarray, rate: float | np.ndarray, state: State
    ) -> None:
        """Take a step: change ``params`` and ``state`` in place.

        Parameters
        ----------
        params : ndarray of shape (n_members, n_params)
            The parameters.
        gradient : ndarray of shape (n_members, n_params)
            Their gradient, which serves as scratch space: its contents are lost.
        rate : float or ndarray of shape (n_members, 1)
            The learning rate.
        state : dict
            What :meth:`init_state` returned.
        """


def zeros(params: np.ndarray, *names: str) -> State:
    """Return an array of zeros like the parameters for each name."""
    return {name: np.zeros_like(params) for name in names}


def decay_and_add(total: np.ndarray, decay: float | np.ndarray, term: np.ndarray) -> None:
    """Change ``total`` to ``decay * total + term``."""
    np.multiply(total, constant(decay, total.dtype), total)
    np.add(total, term, total)


def descend(
    params: np.ndarray,
    rate: float | np.ndarray,
    direction: np.ndarray,
    squares: np.ndarray,
    epsilon: float | np.ndarray,
    out: np.ndarray,
) -> None:
    """Subtract ``rate * direction / (sqrt(squares) + epsilon)``, which is left in ``out``."""
    np.sqrt(squares, out)
    np.add(out, np.asarray(epsilon, out.dtype), out)
    np.divide(direction, out, out)
    np.multiply(out, np.asarray(rate, out.dtype), out)
    np.subtract(params, out, params)
