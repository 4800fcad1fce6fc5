"""A stack of networks in training: members, their network, and their solvers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from sknn_actloss._calls import Call, run
from sknn_actloss._component import runs
from sknn_actloss.averaging import Averaging
from sknn_actloss.core import Layout, Model, Network, Workspace, layers_of, mask_streams
from sknn_actloss.schedules import LearningRate
from sknn_actloss.solvers import StochasticSolver
from sknn_actloss.training.averages import Averages
from sknn_actloss.training.batches import Batches, Group
from sknn_actloss.training.bounds import clip_calls, max_norm_calls
from sknn_actloss.training.moments import recompute_moments
from sknn_actloss.training.stopping import Course

#: A learning rate for all members, or one for each in an array (n_members, 1).
Rate = float | np.ndarray


@dataclass
class Member:
    """One network of a stack.

    Parameters
    ----------
    model : Model
        What the network computes and minimises.
    solver : StochasticSolver
        How a step updates its parameters.
    learning_rate : LearningRate
        Where its learning rate stands.
    course : Course
        Its curves, its patience and its best weights.
    max_iter : int
        Epochs at most, and the horizon of schedules.
    weight_decay : float
        Decoupled decay of its weights.
    gradient_clip, max_norm : float or None
        Largest norm of the gradient, and of the incoming weights of a unit.
    averaging : Averaging or None
        How the weights that predictions use come from those that training passes through.
    average : dict, optional
        Where the average stands, see :meth:`Averages.of`; new where it is empty.
    max_time : float, default=inf
        Seconds of training after which it leaves, at the end of an epoch.
    state : dict, optional
        State of the solver, with arrays of shape (1, n_params); new where it is empty.
    params : ndarray of shape (n_row,) or None
        The weights to keep once training has ended, ``None`` where none was finite.
    """

    model: Model
    solver: StochasticSolver
    learning_rate: LearningRate
    course: Course
    max_iter: int
    weight_decay: float = 0.0
    gradient_clip: float | None = None
    max_norm: float | None = None
    averaging: Averaging | None = None
    average: dict[str, Any] = field(default_factory=dict)
    max_time: float = math.inf
    state: dict[str, Any] = field(default_factory=dict)
    params: np.ndarray | None = None


class Stack:
    """Members in lockstep.

    Parameters
    ----------
    layout : Layout
        Shape of the networks.
    members : sequence of Member
        The networks.
    params : ndarray of shape (n_members, n_row)
        Their parameters and running moments, updated in place.
    batch_size, group_size : int
        Rows of the largest batch and of the largest group of batches.
    workspace : Workspace, optional
        That of an earlier stack, used again where it serves.
    streams : list of Generator, optional
        Sources of dropout masks, see :func:`~sknn_actloss.core.mask_streams`.

    Attributes
    ----------
    kept : ndarray of shape (n_members, n_row)
        What :meth:`rows` returned last.
    """

    def __init__(
        self,
        layout: Layout,
        members: Sequence[Member],
        params: np.ndarray,
        batch_size: int,
        group_size: int,
        workspace: Workspace | None = None,
        streams: Sequence[np.random.Generator] | None = None,
    ) -> None:
        self.members = list(members)
        self.params = self.kept = params
        models = [member.model for member in members]
        if streams is None and any(model.dropout for model in models):
            streams = mask_streams(0, layout.n_layers)
        self._shape, self._streams = (layout, batch_size, group_size), streams
        self.network = Network(layout, models, params, batch_size, group_size, workspace, streams)
        trained = self.network.trained
        self._programs: dict[Group, list[list[Call]]] = {}
        states = [
            member.solver.init_state(trained[i : i + 1]) | member.state
            for i, member in enumerate(members)
        ]
        self._solvers: list[tuple[slice, dict[str, Any], Callable[[Rate], None]]] = []
        for rows, solver in _solver_runs(self.members):
            state = _merge(states[rows])
            update = solver.bind(trained[rows], self.network.gradient[rows], state)
            self._solvers.append((rows, state, update))
        decay = np.array([member.weight_decay for member in members])[:, None]
        self._decay = decay if decay.any() else None
        self._clip = clip_calls(self.network.gradient, [m.gradient_clip for m in members])
        self._bound = max_norm_calls(self.network.views.of("coefs_"), [m.max_norm for m in members])
        is_averaged = any(member.averaging for member in members)
        self._averages = Averages(self.members, trained) if is_averaged else None

    def steps(self, group: Group, rates: Iterator[Rate]) -> np.ndarray:
        """Update all members with each batch of a group.

        Parameters
        ----------
        group : Group
            The batches.
        rates : iterator of float or ndarray
            The learning rate of each step; as many are taken as there are batches.

        Returns
        -------
        losses : ndarray of shape (n_members,)
            Sum of the losses of all rows, each before the step of its batch.
        """
        if group not in self._programs:
            self._programs[group] = [self.network.bind(*batch) for batch in group.batches]
        for program, rate in zip(self._programs[group], rates, strict=False):
            run(program)
            self._update(rate)
        return self.network.losses(group.y, group.sample_weight)

    def _update(self, rate: Rate) -> None:
        if self._clip:
            run(self._clip)
        if self._decay is not None:
            kept = (1 - rate * self._decay).astype(self.params.dtype, copy=False)
            np.multiply(self.network.decaying, kept, self.network.decaying)
        for rows, _, update in self._solvers:
            update(rate[rows] if isinstance(rate, np.ndarray) else rate)
        if self._bound:
            run(self._bound)
        if self._averages is not None:
            self._averages.end_step()

    def end_epoch(self) -> None:
        """Take the weights after an epoch into the averages that count epochs."""
        if self._averages is not None:
            self._averages.end_epoch()

    def rows(self, batches: Batches) -> np.ndarray:
        """Return what predictions use: the parameters, or averages with moments of their own.

        Parameters
        ----------
        batches : Batches
            The training rows, for the moments of averaged weights.
        """
        if self._averages is None:
            return self.params
        self.kept = rows = self.params.copy()
        layout, averaged = self._shape[0], self._averages.members
        layout.trained(rows)[averaged] = self._averages.values[averaged]
        if layout.has_moments and len(averaged):
            own = rows[averaged]
            models = [self.members[index].model for index in averaged]
            layers = layers_of(models, layout.layer_sizes, rows.dtype)
            recompute_moments(layers, layout.views(own), batches)
            rows[averaged] = own
        return rows

    def newly_averaged(self) -> list[int]:
        """Return the members whose average of epochs holds its first weights."""
        return [] if self._averages is None else self._averages.new

    def rates(self, n_steps: int) -> Sequence[Rate]:
        """Return the learning rate of each step of the coming epoch, in double precision."""
        curves = [
            member.learning_rate.epoch_rates(n_steps, member.max_iter) for member in self.members
        ]
        if all(np.array_equal(curve, curves[0]) for curve in curves[1:]):
            curve = curves[0]
            return [curve] * n_steps if np.ndim(curve) == 0 else curve.tolist()
        curves = [np.broadcast_to(curve, n_steps) for curve in curves]
        return np.array(curves).T[:, :, None]

    def state_of(self, index: int) -> dict[str, Any]:
        """Return a copy of the solver's state of one member."""
        for rows, state, _ in self._solvers:
            if rows.start <= index < rows.stop:
                return _row(state, index - rows.start)
        raise IndexError(index)

    def average_of(self, index: int) -> dict[str, Any]:
        """Return a copy of the average of one member, empty where it has none."""
        return {} if self._averages is None else self._averages.of(index)

    def without(self, finished: Sequence[int]) -> Stack | None:
        """Return the stack of the members that go on, ``None`` where none does."""
        left = [index for index in range(len(self.members)) if index not in finished]
        if not left:
            return None
        for index in left:
            self.members[index].state = self.state_of(index)
            self.members[index].average = self.average_of(index)
        members = [self.members[index] for index in left]
        layout, *sizes = self._shape
        return Stack(layout, members, self.params[left], *sizes, streams=self._streams)


def _solver_runs(members: Sequence[Member]) -> Iterator[tuple[slice, StochasticSolver]]:
    """Yield runs of neighbours whose solvers stack and have done the same number of steps."""
    steps = [member.state.get("step", 0) for member in members]
    changes = [i for i in range(1, len(steps)) if steps[i] != steps[i - 1]]
    for start, stop in pairwise([0, *changes, len(steps)]):
        solvers = [member.solver for member in members[start:stop]]
        # Solvers compute their coefficients in double precision and cast them themselves.
        for rows, (solver,) in runs(solvers, dtype=np.float64, n_dims=2):
            yield slice(start + rows.start, start + rows.stop), solver


def _row(state: dict[str, Any], index: int) -> dict[str, Any]:
    return {
        name: value[index : index + 1].copy() if isinstance(value, np.ndarray) else value
        for name, value in state.items()
        if name != "scratch"
    }


def _merge(states: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        name: np.concatenate([state[name] for state in states])
        if isinstance(value, np.ndarray)
        else value
        for name, value in states[0].items()
    }
