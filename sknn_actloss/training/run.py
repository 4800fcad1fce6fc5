"""Networks on their way through a training that may pause, be saved, and go on elsewhere."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sknn_actloss._calls import results
from sknn_actloss._sklearn import safe_indexing
from sknn_actloss.core import Rows, Workspace, mask_streams
from sknn_actloss.training.batches import Batches
from sknn_actloss.training.judge import Validation
from sknn_actloss.training.lbfgs import train_by_lbfgs
from sknn_actloss.training.loop import Observer, Validate, run_epochs
from sknn_actloss.training.member import Member
from sknn_actloss.training.resample import Draw
from sknn_actloss.training.scores import TrainingScores, Validator, score
from sknn_actloss.training.stack import Stack
from sknn_actloss.training.task import Task
from sknn_actloss.training.threads import stack_of


@dataclass(frozen=True, eq=False)
class FitResult:
    """What training has come to.

    Parameters
    ----------
    members : tuple of Member
        The networks: the state of each has the weights to keep, the course and the outcome.
    n_rows : int
        Rows that each epoch went through.
    streams : list of Generator or None
        Sources of dropout masks, for a fit that goes on.
    workspace : Workspace or None
        Room of the training, for a fit that goes on.
    """

    members: tuple[Member, ...]
    n_rows: int
    streams: Sequence[np.random.Generator] | None
    workspace: Workspace | None


class Run:
    """Networks that train on the same rows.

    What is pickled holds no rows of X: :meth:`bind` takes them before training goes on.

    Parameters
    ----------
    task : Task
        Rows, targets and weights.
    members : sequence of Member
        The networks.
    params : ndarray of shape (n_members, row_size)
        Where their training starts, in the data type of the computation.
    streams : list of Generator, optional
        Sources of dropout masks to go on with; new ones by default.
    workspace : Workspace, optional
        Room of an earlier training, to be used again where it serves.
    """

    def __init__(
        self,
        task: Task,
        members: Sequence[Member],
        params: np.ndarray,
        streams: Sequence[np.random.Generator] | None = None,
        workspace: Workspace | None = None,
    ) -> None:
        self.task, self.members, self.params = task, list(members), params
        self.workspace = workspace
        self._streams, self._scored = streams, None
        self._order = task.train_rows
        self._left = list(self.members)

    @property
    def n_members(self) -> int:
        """Number of networks, those that are done included."""
        return len(self.members)

    @property
    def goes_on(self) -> bool:
        """Whether there are members that are not done."""
        return bool(self._left)

    @property
    def has_failed(self) -> bool:
        """Whether judging a member has failed."""
        return any(member.state.error is not None for member in self.members)

    @property
    def n_epochs(self) -> int:
        """Epochs that members have gone through which are not done; of all where all are."""
        return max(member.state.course.n_epochs for member in self._left or self.members)

    @property
    def result(self) -> FitResult:
        """What training has come to so far."""
        return FitResult(tuple(self.members), self.task.n_rows, self.streams, self.workspace)

    @property
    def draws(self) -> bool:
        """Whether epochs draw random numbers."""
        return self.task.shuffle or any(member.spec.model.dropout for member in self.members)

    @property
    def streams(self) -> Sequence[np.random.Generator] | None:
        """Sources of dropout masks, ``None`` without dropout.

        New ones come from a copy of the generator, so that the order of the rows is the same
        with dropout and without.
        """
        if self._streams is None and any(member.spec.model.dropout for member in self.members):
            seed = copy.deepcopy(self.task.random_state).randint(np.iinfo(np.int32).max)
            self._streams = mask_streams(seed, self.task.layout.n_layers)
        return self._streams

    def joins(self, other: Run) -> bool:
        """Whether the networks of both may train as one stack, to the same numbers as apart."""
        return (
            self.task.matches(other.task)
            and self.params.dtype == other.params.dtype
            and self._kinds_of_layers == other._kinds_of_layers
            and (not (self.draws or other.draws) or _same_stream(self.task, other.task))
        )

    @property
    def _kinds_of_layers(self) -> list[type]:
        layers = self.members[0].spec.model.layers(self.task.layout.layer_sizes)
        return [type(layer) for layer in layers]

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Run:
        """Return the run of all networks of several runs that join."""
        members = [member for run in runs for member in run.members]
        streams = next((run.streams for run in runs if run.streams is not None), None)
        params = np.concatenate([run.params for run in runs])
        return cls(runs[0].task, members, params, streams)

    def train(self, observer: Observer | None = None, n_epochs: int | None = None) -> FitResult:
        """Train until all members are done, or pause after ``n_epochs``."""
        if any(member.training_judge is not None for member in self._left):
            observer = TrainingScores(self.task, observer or Observer())
        if self._left and self._left[0].spec.solver.stochastic:
            self._train_by_steps(observer, n_epochs)
        elif self._left:
            train_by_lbfgs(self.task, self._left.pop(), self.params, observer or Observer())
        return self.result

    def _train_by_steps(self, observer: Observer | None, n_epochs: int | None) -> None:
        task = self.task
        batches = Batches(task.X, task.y, self._weights(), self._order, task.batch_size)
        sizes = batches.batch_size, batches.group_size
        own = self.workspace, self.streams
        stack = stack_of(task.layout, self._left, self.params, *sizes, *own)
        self.workspace = stack.workspace
        stack = run_epochs(
            stack,
            batches,
            task.random_state if task.shuffle else None,
            validate=self._validate(),
            observer=observer,
            n_epochs=n_epochs,
        )
        self._order = batches.order
        self._left, self.params = ([], None) if stack is None else (stack.members, stack.params)

    def drop(self, members: Collection[Member]) -> None:
        """Take members out, whether they are done or not."""
        dropped = set(map(id, members))
        self.members = [member for member in self.members if id(member) not in dropped]
        kept = [i for i, member in enumerate(self._left) if id(member) not in dropped]
        self._left = [self._left[i] for i in kept]
        self.params = self.params[kept] if kept else None

    def bind(self, X: Rows, given: Any) -> None:
        """Take the rows to go on with after pickling, validated and as given to fit."""
        self.task = replace(self.task, X=X, given=given)

    def interrupt(self) -> None:
        """End all trainings with what they had come to at the latest pause."""
        for member in self._left:
            member.state.interrupted, member.state.outcome = True, "interrupted"
        self._left, self.params = [], None

    def state(self) -> dict[str, Any]:
        """Return where the run stands at a pause, with random streams as they are."""
        task = self.task
        return {
            "members": [member.state for member in self.members],
            "params": self.params,
            "order": self._order,
            "stream": task.random_state if task.shuffle else None,
            "masks": self.streams,
            "draws": [member.draw and tuple(member.draw) for member in self.members],
            "rows": (task.train_rows, None if task.holdout is None else task.holdout.rows),
        }

    def go_to(self, state: dict[str, Any]) -> None:
        """Go to where a run of the same parameters and data has stood.

        Parameters
        ----------
        state : dict
            What :meth:`state` returned there; states of members and random streams are those of
            this run, brought to where they were.
        """
        train_rows, rows = state["rows"]
        task = replace(self.task, train_rows=train_rows)
        holdout = task.holdout if rows is None else task.hold_out(rows)
        self.task = replace(task, holdout=holdout)
        for member, draw in zip(self.members, state["draws"], strict=True):
            member.draw = None if draw is None else Draw(*draw)
        self._left = [member for member in self.members if member.state.outcome is None]
        self.params, self._order = state["params"], state["order"]

    def _weights(self) -> np.ndarray | None:
        """Return the weights of the rows, one row for each of several that have their own."""
        if self._left[0].draw is None:
            return self.task.sample_weight
        weights = [self.task.weights_of(member.draw) for member in self._left]
        return weights[0] if len(weights) == 1 else np.array(weights)

    def _validate(self) -> Validate | None:
        """Return what says how good the members are, ``None`` where nothing does."""
        if self._left[0].judge is None:
            return None
        if self.task.holdout is not None:
            return self._validate_together
        validators = {
            member: Validator(self.task, member, member.judge, self.task.hold_out(member.draw.rows))
            for member in self._left
        }
        in_threads = all(member.judge.in_threads for member in self._left)

        def validate(stack: Stack, params: np.ndarray) -> list[Validation]:
            rows = zip(stack.members, params, strict=True)
            calls = [(validators[member], (own,)) for member, own in rows]
            return stack.each(calls) if in_threads else results(calls)

        return validate

    def _validate_together(self, stack: Stack, params: np.ndarray) -> list[Validation]:
        """Return what rows say that judge all members."""
        holdout = self.task.holdout
        values, seen = zip(*self._look(stack, params), strict=True)
        losses = np.average(np.concatenate(values, axis=1), axis=1, weights=holdout.sample_weight)
        whole = [np.concatenate(parts) for parts in zip(*seen, strict=True)]
        return [
            Validation(
                score(member, member.judge, row, own, loss, holdout, self._rows_to_score), loss
            )
            for member, row, own, loss in zip(
                stack.members, params, whole, losses.tolist(), strict=True
            )
        ]

    def _look(self, stack: Stack, params: np.ndarray) -> Any:
        """Yield losses (n_members, n_rows) and what judges need, block by block."""
        holdout = self.task.holdout
        X = self.task.X if holdout.X is None else holdout.X
        rows = np.arange(holdout.y.n_rows) if holdout.rows is None else holdout.rows
        for start in range(0, len(rows), holdout.y.block_size):
            block = slice(start, start + holdout.y.block_size)
            raw = stack.raw_outputs(X, params, rows[block])
            seen = [
                member.judge.look(member.spec.model.output(own[None])[0])
                for member, own in zip(stack.members, raw, strict=True)
            ]
            # The losses come last, since they may overwrite the raw outputs.
            yield stack.values(holdout.y.dense(block), raw).astype(np.float64, copy=False), seen

    def _rows_to_score(self) -> Any:
        """Return the validation rows as they were given to fit."""
        holdout = self.task.holdout
        if holdout.X is not None:
            return holdout.given
        if self._scored is None:
            self._scored = safe_indexing(self.task.given, holdout.rows)
        return self._scored

    def __getstate__(self) -> dict[str, Any]:
        task = replace(self.task, X=None, given=None)
        return vars(self) | {"task": task, "workspace": None, "_scored": None}


def _same_stream(first: Task, second: Task) -> bool:
    """Whether the generators of two tasks are in the same state."""
    states = [task.random_state.get_state(legacy=False) for task in (first, second)]
    return pickle.dumps(states[0]) == pickle.dumps(states[1])
