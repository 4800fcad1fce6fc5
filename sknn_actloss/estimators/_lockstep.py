"""Trainings that share rows, order of rows and shapes, as one stack of networks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from sknn_actloss.core import Workspace, raw_outputs
from sknn_actloss.estimators._fitting import Problem, Training
from sknn_actloss.estimators._observer import FitObserver
from sknn_actloss.estimators._settings import Settings
from sknn_actloss.training import Batches, Member, Observer, Stack, train


class Lockstep:
    """Trainings in lockstep.

    Without the rows of X where it is pickled: :meth:`bind` takes them before training goes on.

    Parameters
    ----------
    trainings : sequence of Training
        Trainings that match one another.
    workspace : Workspace, optional
        That of an earlier training, used again where it serves.
    """

    def __init__(self, trainings: Sequence[Training], workspace: Workspace | None = None) -> None:
        head = trainings[0]
        problem, self.trainings = head.problem, list(trainings)
        params = np.concatenate([training.problem.params for training in trainings])
        # The rows are held once, whatever the number of members.
        shared = {"X": None, "y": problem.y, "sample_weight": problem.sample_weight}
        for training in trainings:
            training.problem = replace(training.problem, **shared)
        self._random_state = problem.random_state if head.estimator.shuffle else None
        members = [training.member for training in trainings]
        self._bind(problem.X, head.train_rows, members, params, workspace)

    @property
    def workspace(self) -> Workspace:
        """Room for what flows through the networks, before training."""
        return self._stack.network.workspace

    def train(self, observer: Observer | None = None, n_epochs: int | None = None) -> None:
        """Train until all members are done, or pause after ``n_epochs``."""
        self._stack = train(
            self._stack,
            self._batches,
            self._random_state,
            score=None if self.trainings[0].validation_rows is None else self._scores,
            observer=observer,
            n_epochs=n_epochs,
        )

    def drop(self, members: Collection[Member]) -> None:
        """Take members out, whether they are done or not."""
        dropped = {id(member) for member in members}
        self.trainings = [t for t in self.trainings if id(t.member) not in dropped]
        if self._stack is not None:
            places = enumerate(self._stack.members)
            self._stack = self._stack.without([i for i, m in places if id(m) in dropped])

    def bind(self, X: np.ndarray | sparse.csr_array) -> None:
        """Take the rows to go on with after pickling, validated as they were at the start."""
        self._bind(X, *self._paused)

    def _bind(
        self,
        X: np.ndarray | sparse.csr_array,
        rows: np.ndarray | None,
        members: list[Member],
        params: np.ndarray | None,
        workspace: Workspace | None = None,
    ) -> None:
        head = self.trainings[0]
        problem = head.problem
        self._X, self._stack = X, None
        self._batches = Batches(X, problem.y, problem.sample_weight, rows, head.batch_size)
        if members:
            sizes = self._batches.batch_size, self._batches.group_size
            self._stack = Stack(problem.layout, members, params, *sizes, workspace)

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
        """Return what is pickled: trainings, stream, order of rows, and weights so far."""
        stack = self._stack
        members, params = ([], None) if stack is None else (stack.members, stack.params)
        return {
            "trainings": self.trainings,
            "_random_state": self._random_state,
            "_paused": (self._batches.order, members, params),
        }


def fit_stochastic(
    estimator: Any,
    settings: Settings,
    problem: Problem,
    observer: FitObserver,
    incremental: bool,
) -> None:
    """Train one estimator by minibatches and set its attributes."""
    training = Training.of(estimator, settings, problem, incremental)
    lockstep = Lockstep([training], vars(estimator).pop("_workspace", None))
    if estimator.warm_start or incremental:
        estimator._workspace = lockstep.workspace
    lockstep.train(observer, n_epochs=1 if incremental else None)
    training.finish()
