"""Trainings that share rows, order of rows and shapes, as one stack of networks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from sknn_actloss._sklearn import safe_indexing
from sknn_actloss.core import Workspace, as_rows
from sknn_actloss.estimators._checkpointing import resumable
from sknn_actloss.estimators._fitting import Training
from sknn_actloss.estimators._holdout import Partition
from sknn_actloss.estimators._members import gather, trainings_of
from sknn_actloss.estimators._observer import FitObserver
from sknn_actloss.estimators._problem import Problem
from sknn_actloss.estimators._settings import Settings
from sknn_actloss.training import Batches, Member, Observer, Outcome, Stack, Validation, train
from sknn_actloss.training.snapshot import restore, snapshot


class Lockstep:
    """Trainings in lockstep.

    What is pickled holds no rows of X: :meth:`bind` takes them before training goes on.

    Parameters
    ----------
    trainings : sequence of Training
        Trainings that match one another.
    """

    def __init__(self, trainings: Sequence[Training]) -> None:
        head = trainings[0]
        problem, self.trainings = head.problem, list(trainings)
        self._X, self._given, self._order = problem.X, problem.given, head.train_rows
        self._scored: Any = None
        self._random_state = problem.random_state if head.estimator.shuffle else None
        self._members = [training.member for training in trainings]
        self._params = np.concatenate([training.problem.params for training in trainings])
        dropping = [training for training in trainings if training.problem.model.dropout]
        self._streams = dropping[0].mask_streams() if dropping else None
        # The rows are held once, whatever the number of members.
        shared = {"X": None, "given": None, "y": problem.y}
        shared["sample_weight"] = problem.sample_weight
        for training in trainings:
            training.problem = replace(training.problem, **shared)

    def train(
        self,
        observer: Observer | None = None,
        n_epochs: int | None = None,
        workspace: Workspace | None = None,
    ) -> Workspace | None:
        """Train until all members are done, or pause after ``n_epochs``.

        Returns the workspace, ``None`` where all were done before; ``workspace`` is one of an
        earlier training, used again where it serves.
        """
        if not self._members:
            return None
        head = self.trainings[0]
        problem = head.problem
        batches = Batches(self._X, problem.y, problem.sample_weight, self._order, head.batch_size)
        sizes = batches.batch_size, batches.group_size
        stack = Stack(problem.layout, self._members, self._params, *sizes, workspace, self._streams)
        workspace = stack.network.workspace
        stack = train(
            stack,
            batches,
            self._random_state,
            validate=None if head.holdout is None else self._validate,
            observer=observer,
            n_epochs=n_epochs,
        )
        self._order = batches.order
        self._members, self._params = ([], None) if stack is None else (stack.members, stack.params)
        return workspace

    def warn(self, trainings: Iterable[Training]) -> None:
        """Warn once of what went wrong in some of the trainings of an estimator."""
        pairs = [(training.complaint(self._X), training) for training in trainings]
        # Of the members of a committee the one that there is most to say about stands for all.
        complaint, training = max(pairs, key=_severity)
        training.warn(complaint)

    def drop(self, members: Collection[Member]) -> None:
        """Take members out, whether they are done or not."""
        dropped = {id(member) for member in members}
        self.trainings = [t for t in self.trainings if id(t.member) not in dropped]
        left = [i for i, member in enumerate(self._members) if id(member) not in dropped]
        self._members = [self._members[i] for i in left]
        self._params = self._params[left] if left else None

    def bind(self, X: np.ndarray | sparse.csr_array, given: Any) -> None:
        """Take the rows to go on with after pickling, validated and as given to fit."""
        self._X, self._given = X, given

    @property
    def goes_on(self) -> bool:
        """Whether there are members that are not done."""
        return bool(self._members)

    def state(self) -> dict[str, Any]:
        """Return where the trainings stand at a pause, as plain data."""
        head = self.trainings[0]
        return {
            "members": [snapshot(training.member) for training in self.trainings],
            "params": self._params,
            "order": self._order,
            "stream": snapshot(self._random_state),
            "masks": snapshot(self._streams),
            "rows": (head.train_rows, None if head.holdout is None else head.holdout.rows),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go to where trainings of the same parameters and data have stood."""
        train_rows, rows = state["rows"]
        for training, member in zip(self.trainings, state["members"], strict=True):
            restore(training.member, member)
            training.train_rows = train_rows
            if rows is not None:
                y, weights = training.problem.y, training.problem.sample_weight
                training.holdout = training.holdout.at(rows, y, weights)
        members = [training.member for training in self.trainings]
        self._members = [member for member in members if member.course.outcome is None]
        self._params, self._order = state["params"], state["order"]
        restore(self._random_state, state["stream"])
        restore(self._streams, state["masks"])

    def interrupt(self) -> None:
        """End all trainings with what they had come to at the latest pause."""
        for member in self._members:
            member.course.outcome = Outcome.INTERRUPTED
        self._members, self._params = [], None

    def _validate(self, stack: Stack, params: np.ndarray) -> list[Validation]:
        """Return what validation rows say of each member."""
        holdout, network = self.trainings[0].holdout, stack.network
        raw = self._raw_outputs(stack, params)
        outputs = [
            member.model.output(part[None])[0]
            for member, part in zip(stack.members, raw, strict=True)
        ]
        values = network.values(holdout.targets, raw).astype(np.float64, copy=False)
        losses = np.average(values, axis=1, weights=holdout.sample_weight)
        trainings = {id(training.member): training for training in self.trainings}
        return [
            trainings[id(member)].judged(row, self._rows_to_score, part, loss)
            for member, row, part, loss in zip(
                stack.members, params, outputs, losses.tolist(), strict=True
            )
        ]

    def _raw_outputs(self, stack: Stack, params: np.ndarray) -> np.ndarray:
        """Return the raw outputs (n_members, n_rows, n_outputs) of validation rows."""
        head = self.trainings[0]
        holdout = head.holdout
        X = self._X if holdout.X is None else holdout.X
        return stack.network.raw_outputs(as_rows(X), params, holdout.rows)

    def _rows_to_score(self) -> Any:
        """Return the validation rows as they were given to fit."""
        holdout = self.trainings[0].holdout
        if holdout.X is not None:
            return holdout.given
        if self._scored is None:
            self._scored = safe_indexing(self._given, holdout.rows)
        return self._scored

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_X": None, "_given": None, "_scored": None}


def _severity(pair: tuple[str, Training]) -> tuple[bool, ...]:
    complaint, outcome = pair[0], pair[1].member.course.outcome
    broken = outcome in (Outcome.DIVERGED, Outcome.INTERRUPTED)
    return broken, bool(complaint), outcome is not Outcome.CONVERGED


def fit_stochastic(
    estimator: Any,
    settings: Settings,
    problem: Problem,
    partition: Partition,
    observer: FitObserver,
    incremental: bool,
) -> None:
    """Train the networks of an estimator by minibatches and set its attributes."""
    trainings = trainings_of(estimator, settings, problem, partition, incremental)
    workspace = vars(estimator).pop("_workspace", None)
    data = {"X": problem.X, "y": problem.y, "sample_weight": problem.sample_weight}
    lockstep = Lockstep(trainings)
    once = nullcontext(partial(lockstep.train, n_epochs=1))
    with once if incremental else resumable(lockstep, data | partition.given) as train_all:
        workspace = train_all(observer, workspace=workspace)
        if estimator.warm_start or incremental:
            estimator._workspace = workspace
        for training in trainings:
            training.finish()
        if estimator.n_members > 1:
            gather(estimator, [training.estimator for training in trainings], problem)
        lockstep.warn(trainings)
