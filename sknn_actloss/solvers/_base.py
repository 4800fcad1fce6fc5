"""The contract of a solver, and the arithmetic that solvers share."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from sknn_actloss._calls import Call, run
from sknn_actloss._component import Component
from sknn_actloss._sklearn import number

#: What a solver remembers between steps: buffers like the parameters, and maybe "step".
State = dict[str, np.ndarray | int]

DECAY = [number(0, 1, "left")]
EPSILON = [number(0, None, "neither")]


class Solver(Component):
    """Base of solvers.

    Attributes
    ----------
    estimator_parameters : tuple of str
        Fields that take the value of the estimator's parameter of the same name where the solver
        is given by name.
    stochastic : bool
        Whether the solver takes a step for each mini-batch.

    See Also
    --------
    sknn_actloss.inspection.find_learning_rate : Finds an initial learning rate for a solver.

    Examples
    --------
    >>> from sknn_actloss.solvers import LBFGS, Adam, Solver
    >>> isinstance(Adam(), Solver), Adam().stochastic, LBFGS().stochastic
    (True, True, False)
    """

    estimator_parameters: ClassVar[tuple[str, ...]] = ()
    stochastic: ClassVar[bool]
    formula: ClassVar[str] = ""
    advice: ClassVar[str] = ""

    @property
    def decoupled_decay(self) -> float:
        """The rate λ by which training shrinks weights to (1 - ηλ) of them before each step."""
        return 0.0


@dataclass(repr=False)
class StochasticSolver(Solver, final=("bind",), instead="write update, or extend BoundSolver"):
    r"""Base of solvers that take a step for each mini-batch, given by ``update``.

    Arrays have shape ``(n_members, n_params)``. Hyperparameters are numbers, or arrays of shape
    ``(n_members, 1)`` where the members of a stack differ. In formulas g is the gradient, η the
    learning rate, t the number of the step from 1, θ the parameters.

    Parameters
    ----------
    fan_in_reference : float > 0 or None, default=None
        Number of inputs r for which the weights of a layer have the learning rate as it is. With
        n inputs they have :math:`\sqrt{r / n}` times that rate, so that wide layers take smaller
        steps. Biases, what else is learnt, and weight decay go by the rate as it is, and so do
        all weights with ``None``.
    """

    fan_in_reference: float | None = field(default=None, kw_only=True)

    stochastic: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "fan_in_reference": [number(0, None), None]
    }

    def rate_factor(self, n_inputs: int) -> float | np.ndarray:
        """Return the factor of the learning rate of the weights of a layer.

        Parameters
        ----------
        n_inputs : int
            Inputs of the layer.

        Returns
        -------
        factor : float or ndarray of shape (n_members, 1)
            One for all weights of the layer.
        """
        reference = self.fan_in_reference
        return 1.0 if reference is None else root_of(reference / n_inputs)

    @abstractmethod
    def init_state(self, params: np.ndarray) -> State:
        """Return the state before the first step.

        Entries are arrays like ``params``, one row for each member, except for ``"step"``, the
        number of steps done by all of them. ``"scratch"`` is room to work in that nobody keeps.

        Parameters
        ----------
        params : ndarray of shape (n_members, n_params)
            The parameters.

        Returns
        -------
        state : dict of str to object
            Arrays by name, and the number of steps.
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

    def bind(
        self, params: np.ndarray, gradient: np.ndarray, state: State
    ) -> Callable[[float | np.ndarray], None]:
        """Return :meth:`update` for these arrays, as a function of the rate alone.

        Parameters
        ----------
        params : ndarray of shape (n_members, n_params)
            The parameters, which each step changes in place.
        gradient : ndarray of shape (n_members, n_params)
            Their gradient, which serves as scratch space.
        state : dict
            What :meth:`init_state` returned.

        Returns
        -------
        step : callable
            Takes a step at the learning rate that it is given.
        """
        return lambda rate: self.update(params, gradient, rate, state)


class BoundSolver(
    StochasticSolver, final=("update",), instead="extend StochasticSolver and write update"
):
    """Base of solvers given by ``bind``, which looks up once what stays between steps.

    Parameters
    ----------
    fan_in_reference : float > 0 or None, default=None
        As in :class:`StochasticSolver`.
    """

    @abstractmethod
    def bind(
        self, params: np.ndarray, gradient: np.ndarray, state: State
    ) -> Callable[[float | np.ndarray], None]:
        """Return the step for these arrays as a function of the rate alone."""

    def update(
        self, params: np.ndarray, gradient: np.ndarray, rate: float | np.ndarray, state: State
    ) -> None:
        """Take a step: change ``params`` and ``state`` in place."""
        self.bind(params, gradient, state)(rate)


class Preset:
    """A solver class with values for some of its fields: an entry of the table for one name.

    Parameters
    ----------
    solver : type of Solver
        The class.
    **fields
        Values of its fields.
    """

    def __init__(self, solver: type[Solver], **fields: Any) -> None:
        self.estimator_parameters = solver.estimator_parameters
        self._solver, self._fields = solver, fields

    def __call__(self, **fields: Any) -> Solver:
        """Make a solver with these fields and those of the preset."""
        return self._solver(**self._fields, **fields)


def zeros(params: np.ndarray, *names: str) -> State:
    """Return an array of zeros like the parameters for each name."""
    return {name: np.zeros_like(params) for name in names}


def following_rate(
    calls: Sequence[Call], own_rate: np.ndarray, divisor: float | np.ndarray = 1.0
) -> Callable[[float | np.ndarray], None]:
    """Return the step that makes calls which read nothing but a rate that changes.

    Parameters
    ----------
    calls : sequence of Call
        The calls of the step.
    own_rate : ndarray of shape (n_members, 1)
        Where they read the rate, see :func:`coefficients`.
    divisor : float or ndarray of shape (n_members, 1)
        What the rate is divided by.
    """

    def step(rate: float | np.ndarray) -> None:
        own_rate[...] = rate / divisor
        run(calls)

    return step


def coefficients(params: np.ndarray, like: float | np.ndarray | None = None) -> np.ndarray:
    """Return room for one coefficient a member that changes with every step, (n_members, 1).

    With ``like`` it has the shape of that number, which may be one for all members.
    """
    return np.empty_like(params, shape=(len(params), 1) if like is None else np.shape(like))


def root_of(value: float | np.ndarray) -> float | np.ndarray:
    """Return the square root of a number, or of each of several, to the same last bit."""
    return np.sqrt(value) if isinstance(value, np.ndarray) else math.sqrt(value)


def scalar_if_single(coefficients: np.ndarray) -> np.ndarray:
    """Return a view without dimensions of a single coefficient, several of them as they are."""
    # A ufunc takes a scalar faster: it need not broadcast.
    return coefficients.reshape(()) if coefficients.size == 1 else coefficients
