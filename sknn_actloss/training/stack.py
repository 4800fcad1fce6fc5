"""A stack of networks in training: the steps of all members, bound to arrays that they share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from typing import Any

import numpy as np

from sknn_actloss import kernels
from sknn_actloss._calls import Call, results, run
from sknn_actloss._component import runs
from sknn_actloss.core import Layout, Network, Rows, Workspace, layers_of, mask_streams
from sknn_actloss.solvers import StochasticSolver
from sknn_actloss.training.averages import Averages
from sknn_actloss.training.batches import Batch, Batches, Group
from sknn_actloss.training.bounds import clip_calls, max_norm_calls
from sknn_actloss.training.member import Member
from sknn_actloss.training.moments import recompute_moments

#: A learning rate for all members, or one for each in an array (n_members, 1).
Rate = float | np.ndarray


class Stack:
    """Members that take their steps together.

    Parameters
    ----------
    layout : Layout
        Shape of the networks.
    members : sequence of Member
        The networks.
    params : ndarray of shape (n_members, row_size)
        Their parameters and running moments, updated in place.
    batch_size, group_size : int
        Rows of the largest batch and of the largest group of batches.
    workspace : Workspace, optional
        That of an earlier stack, used again where it serves.
    streams : list of Generator, optional
        Sources of dropout masks, see :func:`~sknn_actloss.core.mask_streams`.
    n_pieces : int, default=1
        Pieces of the parameters that solvers update one by one.
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
        n_pieces: int = 1,
    ) -> None:
        self._keep(layout, members, params, (batch_size, group_size), streams)
        models = [member.spec.model for member in members]
        self._dropout_falls = any(member.spec.falling_dropout for member in members)
        own = workspace, self._streams, _fall_together(members)
        self.network = Network(layout, models, params, batch_size, group_size, *own)
        self._programs: dict[Group, tuple[list[Any], Callable[[], np.ndarray]]] = {}
        self._solvers = list(_bound_solvers(self.members, self.network, n_pieces))
        self._solver_steps = [step for solver in self._solvers for step in solver.steps]
        decay = np.array([member.spec.weight_decay for member in members])[:, None]
        self._decay = decay if decay.any() else None
        self._kept = np.empty_like(params, shape=decay.shape)
        self._decay_calls = kernels.scale(self.network.decaying, self._kept)
        specs = [member.spec for member in members]
        self._clip = clip_calls(self.network.gradient, [spec.gradient_clip for spec in specs])
        weights = self.network.views.of("coefs_")
        self._bound = max_norm_calls(weights, [spec.max_norm for spec in specs])
        is_averaged = any(spec.averaging for spec in specs)
        self._averages = Averages(self.members, self.network.trained) if is_averaged else None

    def _keep(
        self,
        layout: Layout,
        members: Sequence[Member],
        params: np.ndarray,
        sizes: tuple[int, int],
        streams: Sequence[np.random.Generator] | None,
    ) -> None:
        """Keep what another stack of the same members is made of."""
        self.layout, self.members, self.params = layout, list(members), params
        if streams is None and any(member.spec.model.dropout for member in members):
            streams = mask_streams(0, layout.n_layers)
        self._sizes, self._streams = sizes, streams

    @property
    def workspace(self) -> Workspace | None:
        """Room that another stack of such networks can use again."""
        return self.network.workspace

    def at_work(self) -> AbstractContextManager[None]:
        """Return the context of an epoch: of its steps, and of what follows them."""
        return nullcontext()

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
            programs = [self._bind(batch) for batch in group.batches]
            losses = self.network.bind_losses(group.y, group.sample_weight)
            self._programs[group] = programs, losses
        programs, losses = self._programs[group]
        for program, rate in zip(programs, rates, strict=False):
            self._run(program)
            self._update(rate)
        return losses()

    def _bind(self, batch: Batch) -> Any:
        """Return what :meth:`_run` needs for the gradient of a batch."""
        return self.network.bind(*batch)

    _run = staticmethod(run)

    def _update(self, rate: Rate) -> None:
        if self._clip:
            run(self._clip)
        if self._decay is not None:
            self._kept[...] = 1 - rate * self._decay
            run(self._decay_calls)
        for step in self._solver_steps:
            step(rate)
        if self._bound:
            run(self._bound)
        if self._averages is not None:
            self._averages.end_step()

    def raw_outputs(self, X: Rows, params: np.ndarray, rows: np.ndarray | None) -> np.ndarray:
        """Return raw outputs (n_members, n_rows, n_outputs) of some rows, given parameters."""
        return self.network.raw_outputs(X, params, rows)

    def values(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return each member's loss of each row, given raw outputs, which may be overwritten."""
        return self.network.values(y, raw)

    def each(self, calls: Sequence[Call]) -> list[Any]:
        """Make a call for each member, maybe at the same time, and return their results."""
        return results(calls)

    def begin_epoch(self) -> None:
        """Bring dropout to the rates of the coming epoch."""
        if self._dropout_falls:
            self.network.scale_dropout(np.array([member.dropout_share for member in self.members]))

    def end_epoch(self) -> None:
        """Take the weights after an epoch into the averages that count epochs."""
        if self._averages is not None:
            self._averages.end_epoch()

    def predicting(self, batches: Batches) -> np.ndarray:
        """Return what predictions use: the parameters, or averages with moments of their own.

        Parameters
        ----------
        batches : Batches
            The training rows, for the moments of averaged weights.
        """
        if self._averages is None:
            return self.params
        rows, layout, averaged = self.params.copy(), self.layout, self._averages.members
        layout.trained(rows)[averaged] = self._averages.values[averaged]
        if layout.has_moments and averaged:
            alone = [[index] for index in averaged]
            for indices in alone if batches.has_own_weights else [averaged]:
                self._set_moments(rows, indices, batches.of_members(indices))
        return rows

    def _set_moments(self, rows: np.ndarray, indices: list[int], batches: Batches) -> None:
        """Replace the running moments of some members by those of the training rows."""
        own = rows[indices]
        models = [self.members[index].spec.model for index in indices]
        layers = layers_of(models, self.layout.layer_sizes, rows.dtype)
        recompute_moments(layers, self.layout.views(own), batches)
        rows[indices] = own

    def newly_averaged(self) -> list[int]:
        """Return the members whose average of epochs holds its first weights."""
        return [] if self._averages is None else self._averages.new

    def rates(self, n_steps: int) -> Sequence[Rate]:
        """Return the learning rate of each step of the coming epoch, in double precision."""
        curves = [
            member.state.rate.epoch_rates(n_steps, member.spec.max_iter) for member in self.members
        ]
        constant = [curve for curve in curves if isinstance(curve, float)]
        if len(constant) == len(curves):
            return [_one_if_equal(constant)] * n_steps
        moving = np.array([np.broadcast_to(curve, n_steps) for curve in curves])
        return [_one_if_equal(rates) for rates in moving.T.tolist()]

    def solver_state(self, index: int) -> dict[str, Any]:
        """Return a copy of what the solver of a member remembers."""
        for solver in self._solvers:
            if solver.members.start <= index < solver.members.stop:
                return solver.state_of(index - solver.members.start)
        raise IndexError(index)

    def average(self, index: int) -> dict[str, Any]:
        """Return a copy of the average of one member, empty where it has none."""
        return {} if self._averages is None else self._averages.of(index)

    def without(self, finished: Sequence[int]) -> Stack | None:
        """Return the stack of the members that go on, ``None`` where none does."""
        left = [index for index in range(len(self.members)) if index not in finished]
        if not left:
            return None
        for index in left:
            self.members[index].state.solver = self.solver_state(index)
            self.members[index].state.average = self.average(index)
        return self._remade([self.members[index] for index in left], self.params[left])

    def _remade(self, members: Sequence[Member], params: np.ndarray) -> Stack:
        return Stack(self.layout, members, params, *self._sizes, streams=self._streams)


class _BoundSolver:
    """The solver of neighbours in a stack, bound to their parameters.

    Parameters
    ----------
    solver : StochasticSolver
        That of all of them, stacked.
    members : slice
        The neighbours.
    state : dict
        What it remembers, with arrays of shape (n_members, n_params).
    network : Network
        Has their parameters and gradients, and the factors of their learning rates.
    n_pieces : int
        Pieces of parameters with the same factor.

    Attributes
    ----------
    columns, steps : list of slice and of callable
        Some of the parameters, and what takes their step at a learning rate.
    """

    def __init__(
        self,
        solver: StochasticSolver,
        members: slice,
        state: dict[str, Any],
        network: Network,
        n_pieces: int,
    ) -> None:
        self.members, self._state = members, state
        # Parameters with a learning rate of their own are updated apart from the others.
        groups = [
            (columns, factor)
            for whole, factor in network.rate_factors(solver.rate_factor, members)
            for columns in _pieces(whole, n_pieces)
        ]
        self.columns = [columns for columns, _ in groups]
        self._parts = [state] if len(groups) == 1 else [_columns(state, c) for c in self.columns]
        self.steps = [
            _at_own_rate(
                solver.bind(network.trained[members, c], network.gradient[members, c], part),
                None if len(network.params[members]) == len(network.params) else members,
                factor,
            )
            for (c, factor), part in zip(groups, self._parts, strict=True)
        ]

    def state_of(self, index: int) -> dict[str, Any]:
        """Return a copy of what is remembered of one of the members."""
        return {
            name: value[index : index + 1].copy() if isinstance(value, np.ndarray) else value
            for name, value in (self._parts[0] | _arrays(self._state)).items()
            if name != "scratch"
        }


def _at_own_rate(
    step: Callable[[Rate], None], members: slice | None, factor: float | np.ndarray
) -> Callable[[Rate], None]:
    """Return a step that takes the rate of all members, ``None`` for the very members."""
    if members is None and isinstance(factor, float) and factor == 1.0:
        return step

    def scaled(rate: Rate) -> None:
        own = rate[members] if isinstance(rate, np.ndarray) and members else rate
        step(own * factor)

    return scaled


def _one_if_equal(rates: list[float]) -> Rate:
    """Return the rates of all members as one, where it is one."""
    return rates[0] if rates.count(rates[0]) == len(rates) else np.array(rates)[:, None]


def _pieces(columns: slice, n_pieces: int) -> list[slice]:
    ends = np.linspace(columns.start, columns.stop, n_pieces + 1).astype(int).tolist()
    return [slice(*ends) for ends in pairwise(ends)]


def _bound_solvers(
    members: Sequence[Member], network: Network, n_pieces: int
) -> Iterator[_BoundSolver]:
    """Yield the solvers of runs of neighbours that stack and have done as many steps."""
    states = [
        member.spec.solver.init_state(network.trained[i : i + 1]) | member.state.solver  # type: ignore[attr-defined]
        for i, member in enumerate(members)
    ]
    steps = [state.get("step", 0) for state in states]
    changes = [i for i in range(1, len(steps)) if steps[i] != steps[i - 1]]
    for start, stop in pairwise([0, *changes, len(steps)]):
        solvers = [member.spec.solver for member in members[start:stop]]
        # Solvers compute their coefficients in double precision and cast them themselves.
        for rows, (solver,) in runs(solvers, dtype=np.float64, n_dims=2):
            own = slice(start + rows.start, start + rows.stop)
            yield _BoundSolver(solver, own, _merged(states[own]), network, n_pieces)


def _fall_together(members: Sequence[Member]) -> bool:
    """Whether dropout rates that are equal at first are so in any epoch."""
    falls = {
        (member.progress, member.spec.max_iter) if member.spec.falling_dropout else None
        for member in members
    }
    return len(falls) == 1


def _arrays(state: dict[str, Any]) -> dict[str, np.ndarray]:
    return {name: value for name, value in state.items() if isinstance(value, np.ndarray)}


def _columns(state: dict[str, Any], columns: slice) -> dict[str, Any]:
    """Return the state of some parameters, whose arrays are views."""
    return state | {name: value[:, columns] for name, value in _arrays(state).items()}


def _merged(states: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the states of several members as one."""
    return states[0] | {
        name: np.concatenate([state[name] for state in states]) for name in _arrays(states[0])
    }
