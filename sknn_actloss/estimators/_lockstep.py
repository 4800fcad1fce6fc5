"""Trainings that share rows, order of rows and shapes, as one stack of networks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from sknn_actloss.core import Workspace, raw_outputs
from sknn_actloss.estimators._checkpointing import resumable
from sknn_actloss.estimators._fitting import Problem, Training
from sknn_actloss.estimators._observer import FitObserver
from sknn_actloss.estimators._settings import Settings
from sknn_actloss.training import Batches, Member, Observer, Outcome, Stack, train
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
        self._X, self._order = problem.X, head.train_rows
        self._random_state = problem.random_state if head.estimator.shuffle else None
        self._members = [training.member for training in trainings]
        self._params = np.concatenate([training.problem.params for training in trainings])
        # The rows are held once, whatever the number of members.
        shared = {"X": None, "y": problem.y, "sample_weight": problem.sample_weight}
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
        stack = Stack(problem.layout, self._members, self._params, *sizes, workspace)
        workspace = stack.network.workspace
        score = None if head.validation_rows is None else self._scores
        stack = train(
            stack, batches, self._random_state, score=score, observer=observer, n_epochs=n_epochs
        )
        self._order = batches.order
        self._members, self._params = ([], None) if stack is None else (stack.members, stack.params)
        return workspace

    def drop(self, members: Collection[Member]) -> None:
        """Take members out, whether they are done or not."""
        dropped = {id(member) for member in members}
        self.trainings = [t for t in self.trainings if id(t.member) not in dropped]
        left = [i for i, member in enumerate(self._members) if id(member) not in dropped]
        self._members = [self._members[i] for i in left]
        self._params = self._params[left] if left else None

    def bind(self, X: np.ndarray | sparse.csr_array) -> None:
        """Take the rows to go on with after pickling, validated as they were at the start."""
        self._X = X

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
            "rows": (head.train_rows, head.validation_rows),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go to where trainings of the same parameters and data have stood."""
        for training, member in zip(self.trainings, state["members"], strict=True):
            restore(training.member, member)
            training.train_rows, training.validation_rows = state["rows"]
        members = [training.member for training in self.trainings]
        self._members = [member for member in members if member.course.outcome is None]
        self._params, self._order = state["params"], state["order"]
        restore(self._random_state, state["stream"])

    def interrupt(self) -> None:
        """End all trainings with what they had come to at the latest pause."""
        for member in self._members:
            member.course.outcome = Outcome.INTERRUPTED
        self._members, self._params = [], None

    def _scores(self, stack: Stack) -> list[float]:
        """Return the validation score of each member."""
        head, network = self.trainings[0], stack.network
        rows, weights = head.validation_rows, head.problem.sample_weight
        y, weights = head.problem.y[rows], None if weights is None else weights[rows]
        raw = raw_outputs(self._X, network.weights, network.biases, network.hidden, rows)
        estimators = {id(training.member): training.estimator for training in self.trainings}
        return [
            estimators[id(member)]._validation_score(
                member.model.output(outputs[None])[0], y, weights
            )
            for member, outputs in zip(stack.members, raw, strict=True)
        ]

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_X": None}


def fit_stochastic(
    estimator: Any,
    settings: Settings,
    problem: Problem,
    observer: FitObserver,
    incremental: bool,
) -> None:
    """Train one estimator by minibatches and set its attributes."""
    training = Training.of(estimator, settings, problem, incremental)
    workspace = vars(estimator).pop("_workspace", None)
    data = {"X": problem.X, "y": problem.y, "sample_weight": problem.sample_weight}
    lockstep = Lockstep([training])
    once = nullcontext(partial(lockstep.train, n_epochs=1))
    with once if incremental else resumable(lockstep, data) as train_all:
        workspace = train_all(observer, workspace=workspace)
        if estimator.warm_start or incremental:
            estimator._workspace = workspace
        training.finish()
