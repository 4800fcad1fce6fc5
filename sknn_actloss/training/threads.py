"""Members of a stack in teams, each of which takes its steps in a thread of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from itertools import islice, pairwise
from typing import Any

import numpy as np

from sknn_actloss._calls import Call, results
from sknn_actloss.core import Layout, Rows, Workspace
from sknn_actloss.training.batches import Batches, Group
from sknn_actloss.training.blas import n_blas_threads
from sknn_actloss.training.divided import Divided
from sknn_actloss.training.member import Member
from sknn_actloss.training.stack import Rate, Stack
from sknn_actloss.training.threaded import Threaded

#: Bytes of what the widest layer of a team puts out for a batch from which on threads pay: a call
#: then takes far longer than one of them needs to hand Python on to the other.
TEAM_BYTES = 1 << 18

#: Products of numbers in the forward pass of a part of a batch from which on threads pay: with
#: less, they wait for each other and for Python as long as BLAS waits for its own.
PART_PRODUCTS = 1 << 24


def stack_of(
    layout: Layout,
    members: Sequence[Member],
    params: np.ndarray,
    batch_size: int,
    group_size: int,
    workspace: Workspace | None = None,
    streams: Sequence[np.random.Generator] | None = None,
) -> Stack:
    """Return a stack, in as many teams as BLAS would use threads where they pay.

    Parameters are those of :class:`~sknn_actloss.training.stack.Stack`.
    """
    n_teams = _n_teams(layout, members, params.itemsize * batch_size)
    if n_teams > 1:
        return Teams(layout, members, params, batch_size, group_size, streams, n_teams)
    n_parts = _n_parts(layout, members, batch_size)
    if n_parts > 1:
        return Divided(layout, members, params, batch_size, group_size, workspace, n_parts)
    return Stack(layout, members, params, batch_size, group_size, workspace, streams)


class Teams(Threaded):
    """A stack in teams of neighbours that take their steps at the same time.

    The matrix products of a team stay in its thread. The numbers are those of a single stack, since
    those of a member do not depend on its neighbours.

    Parameters
    ----------
    layout, members, params, batch_size, group_size, streams
        As for a :class:`~sknn_actloss.training.stack.Stack`.
    n_teams : int
        Number of teams, at most that of the members.
    """

    def __init__(
        self,
        layout: Layout,
        members: Sequence[Member],
        params: np.ndarray,
        batch_size: int,
        group_size: int,
        streams: Sequence[np.random.Generator] | None,
        n_teams: int,
    ) -> None:
        self._keep(layout, members, params, (batch_size, group_size), streams)
        ends = np.linspace(0, len(members), n_teams + 1).astype(int).tolist()
        self._places = [slice(*ends[i : i + 2]) for i in range(n_teams)]
        # All draw the same masks; the streams of the first are those that others know of.
        own_streams = [self._streams, *(deepcopy(self._streams) for _ in self._places[1:])]
        self._teams = [
            Stack(layout, members[place], params[place], batch_size, group_size, streams=own)
            for place, own in zip(self._places, own_streams, strict=True)
        ]
        self._groups: dict[Group, list[Group]] = {}
        self._executor = ThreadPoolExecutor(n_teams - 1)

    @property
    def workspace(self) -> None:
        """Nothing that a stack could use again."""
        return

    def steps(self, group: Group, rates: Iterator[Rate]) -> np.ndarray:
        """Update all members with each batch of a group, and return their sums of losses."""
        if group not in self._groups:
            self._groups[group] = [_group_of(group, place) for place in self._places]
        rates = list(islice(rates, len(group.batches)))  # type: ignore[assignment]
        own = [
            (part, iter([_of_members(rate, place) for rate in rates]))
            for part, place in zip(self._groups[group], self._places, strict=True)
        ]
        return self._of_teams("steps", own)

    def raw_outputs(self, X: Rows, params: np.ndarray, rows: np.ndarray | None) -> np.ndarray:
        """Return raw outputs of all members for some rows."""
        return self._of_teams("raw_outputs", [(X, params[place], rows) for place in self._places])

    def values(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return each member's loss of each row."""
        return self._of_teams("values", [(y, raw[place]) for place in self._places])

    def _of_teams(self, method: str, arguments: Sequence[tuple[Any, ...]]) -> np.ndarray:
        """Return what a method of all teams returns, called in a thread for each."""
        methods = [getattr(team, method) for team in self._teams]
        return np.concatenate(self._together(list(zip(methods, arguments, strict=True))))

    def each(self, calls: Sequence[Call]) -> list[Any]:
        """Make a call for each member, those of a team in its thread."""
        own = [(results, (calls[place],)) for place in self._places]
        return [result for found in self._together(own) for result in found]

    def begin_epoch(self) -> None:
        """Bring dropout to the rates of the coming epoch."""
        for team in self._teams:
            team.begin_epoch()

    def end_epoch(self) -> None:
        """Take the weights after an epoch into the averages that count epochs."""
        for team in self._teams:
            team.end_epoch()

    def predicting(self, batches: Batches) -> np.ndarray:
        """Return what predictions use: the parameters, or averages with moments of their own."""
        rows = [
            team.predicting(batches.of_members(range(len(self.members))[place]))
            for team, place in zip(self._teams, self._places, strict=True)
        ]
        is_plain = all(own is team.params for own, team in zip(rows, self._teams, strict=True))
        return self.params if is_plain else np.concatenate(rows)

    def newly_averaged(self) -> list[int]:
        """Return the members whose average of epochs holds its first weights."""
        return [
            place.start + index
            for team, place in zip(self._teams, self._places, strict=True)
            for index in team.newly_averaged()
        ]

    def solver_state(self, index: int) -> dict[str, Any]:
        """Return a copy of what the solver of a member remembers."""
        team, own = self._find(index)
        return team.solver_state(own)

    def average(self, index: int) -> dict[str, Any]:
        """Return a copy of the average of one member, empty where it has none."""
        team, own = self._find(index)
        return team.average(own)

    def _find(self, index: int) -> tuple[Stack, int]:
        """Return the team of a member, and its place there."""
        for team, place in zip(self._teams, self._places, strict=True):
            if place.start <= index < place.stop:
                return team, index - place.start
        raise IndexError(index)

    def _remade(self, members: Sequence[Member], params: np.ndarray) -> Stack:
        return stack_of(self.layout, members, params, *self._sizes, streams=self._streams)


def _n_teams(layout: Layout, members: Sequence[Member], column_bytes: int) -> int:
    """Return how many threads pay, given the bytes of a unit for a batch."""
    n_bytes = column_bytes * max(layout.layer_sizes[1:]) * len(members)
    n_teams = min(len(members), n_bytes // TEAM_BYTES)
    drops = {tuple(map(bool, member.spec.model.dropout)) for member in members}
    if n_teams < 2 or len(drops) > 1:
        return 1
    return min(n_teams, n_blas_threads())


def _n_parts(layout: Layout, members: Sequence[Member], batch_size: int) -> int:
    """Return how many threads pay that each take rows of every batch."""
    model, n_weights = members[0].spec.model, sum(a * b for a, b in pairwise(layout.layer_sizes))
    mixes_rows = layout.has_moments or bool(model.dropout)
    n_parts = batch_size * n_weights // PART_PRODUCTS
    if len(members) > 1 or mixes_rows or n_parts < 2:
        return 1
    return min(n_parts, n_blas_threads())


def _group_of(group: Group, place: slice) -> Group:
    """Return a group as some of the members see it, with their own weights of rows."""
    batches = [
        batch._replace(
            sample_weight=_own(batch.sample_weight, place),
            total_weight=_of_members(batch.total_weight, place),
        )
        for batch in group.batches
    ]
    return replace(group, sample_weight=_own(group.sample_weight, place), batches=batches)


def _own(sample_weight: np.ndarray | None, place: slice) -> np.ndarray | None:
    has_own = sample_weight is not None and sample_weight.ndim == 2
    return sample_weight[place] if has_own else sample_weight


def _of_members(value: float | np.ndarray, place: slice) -> float | np.ndarray:
    return value[place] if isinstance(value, np.ndarray) else value
